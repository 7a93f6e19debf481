"""Channels over HTTP: made, changed, archived; an address and a secret are never told again."""

import pytest
from standardwebhooks import Webhook

from billing.models import Channel
from tests.api.conftest import Api, assert_problem

CHANNELS = "/api/v1/channels"
HOOK = "https://bot.example.com/very-secret-path"


@pytest.fixture
def api(world):
    return Api(world.acme)


def test_a_channel_is_made_changed_and_archived(api):
    made = api.manage("POST", CHANNELS, {"kind": "webhook", "name": "Bot", "target": HOOK})
    told = made.json()
    one = f"{CHANNELS}/{told['id']}"

    assert made.status_code == 201
    assert Webhook(told.pop("secret"))
    assert told | {"created_at": "…"} == {
        "id": told["id"],
        "kind": "webhook",
        "name": "Bot",
        "target": "bot.example.com",
        "created_at": "…",
        "verified_at": None,
        "disabled": False,
        "disabled_reason": None,
        "archived": False,
    }
    assert api.get(CHANNELS).json() == {"channels": [told]}
    off = api.manage("PATCH", one, {"name": "Robot", "disabled": True}).json()
    assert (off["name"], off["disabled"]) == ("Robot", True)
    assert off["disabled_reason"].startswith("key ct_")
    on = api.manage("PATCH", one, {"disabled": False}).json()
    assert (on["disabled"], on["disabled_reason"]) == (False, None)
    for _ in range(2):
        assert api.manage("DELETE", one).status_code == 204
    assert api.get(CHANNELS).json()["channels"][0]["archived"] is True
    assert_problem(
        api.manage("PATCH", one, {"disabled": False}), 422, "invalid_field", field="disabled"
    )


def test_only_a_webhook_has_a_secret(api):
    fields = {"kind": "email", "name": "FinOps", "target": "finops@acme.test"}

    assert api.manage("POST", CHANNELS, fields).json()["secret"] is None


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"kind": "pigeon"}, "invalid_choice", "kind"),
        ({"name": " "}, "missing_field", "name"),
        ({"name": "n" * 121}, "max_length", "name"),
        ({"target": "https://10.0.0.8:22/"}, "invalid_field", "target"),
        ({"target": "http://example.com/"}, "invalid_field", "target"),
        ({"target": ""}, "missing_field", "target"),
    ],
)
def test_what_cannot_be_a_channel_is_refused_at_its_field(api, change, code, field):
    fields = {"kind": "webhook", "name": "Bot", "target": HOOK} | change

    assert_problem(api.manage("POST", CHANNELS, fields), 422, code, field=field)
    with api.company.scope():
        assert not Channel.objects.exists()


def test_a_key_that_is_bound_to_a_project_knows_of_no_channel(api):
    api.manage("POST", CHANNELS, {"kind": "email", "name": "FinOps", "target": "f@acme.test"})
    bound = api.manage(
        "POST", "/api/v1/keys", {"name": "b", "scopes": ["read"], "project": "support-bot"}
    ).json()["key"]

    assert api.get(CHANNELS, key=bound).json() == {"channels": []}
