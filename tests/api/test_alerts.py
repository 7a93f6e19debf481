"""Alerts over HTTP: listed newest first, taken on once."""

import pytest

from billing.models import Alert
from tenants.actions import create_key
from tests.api.conftest import assert_problem
from tests.billing.budgets import budget, spend
from tests.billing.test_alerts import check

ALERTS = "/api/v1/alerts"


@pytest.fixture
def told(api):
    """A budget of Globex that is used up, one of Initech at 50 %."""
    budget(api.company, amount=10)
    budget(api.company, name="Initech", client="initech", amount=10)
    spend(api.company, 11, name="a")
    spend(api.company, 6, name="b", project="contract-agent")
    check(api.company)


def listed(api, query="", **how):
    return api.get(f"{ALERTS}{query}", **how).json()["alerts"]


def test_alerts_say_what_was_told_and_of_which_budget(api, told):
    newest, *_, oldest = listed(api)

    assert (newest["budget"]["name"], newest["threshold"], newest["kind"]) == (
        "Initech",
        50,
        "spent",
    )
    assert (oldest["budget"]["name"], oldest["threshold"], oldest["spent"]) == ("Globex", 50, "11")
    assert oldest["headline"].startswith("50 %, 80 % and 100 % used: $11.00 of $10.00")
    assert oldest["acknowledged_by"] is None


def test_one_is_taken_on_once_and_stays_taken(api, told):
    full = next(each for each in listed(api) if each["threshold"] == 100)
    address = f"{ALERTS}/{full['id']}/acknowledge"

    done = api.manage("POST", address, {"note": "on it"})
    again = api.manage("POST", address, {"note": "another"})

    assert (done.status_code, again.status_code) == (200, 200)
    assert done.json() == again.json()
    assert (done.json()["note"], done.json()["acknowledged_by"][:7]) == ("on it", "key ct_")
    assert [each["budget"]["name"] for each in listed(api, "?state=open")] == ["Initech"]
    assert api.manage("POST", address).status_code == 200


def test_a_key_of_a_project_sees_alerts_of_its_budgets_only(api, told):
    budget(api.company, name="bot", project="support-bot", amount=10)
    check(api.company)
    with api.company.scope():
        project = api.company.projects["support-bot"]
        key = create_key(actor="test", name="bot", scopes=["read"], project=project)[1]

    assert {each["budget"]["name"] for each in listed(api, key=key)} == {"bot"}


def test_pages_go_on_where_one_ended(api, told, monkeypatch):
    monkeypatch.setattr("billing.api.alerts.PER_PAGE", 3)

    first = api.get(ALERTS).json()
    rest = api.get(f"{ALERTS}?cursor={first['next_cursor']}").json()

    seen = [each["id"] for each in first["alerts"] + rest["alerts"]]
    with api.company.scope():
        assert seen == sorted(Alert.objects.values_list("pk", flat=True), reverse=True)
    assert rest["next_cursor"] is None


def test_what_makes_no_sense_is_refused(api, told):
    assert_problem(api.get(f"{ALERTS}?state=closed"), 422, "invalid_field", field="state")
    assert_problem(api.get(f"{ALERTS}?cursor=x"), 400, "invalid_cursor", field="cursor")
    assert_problem(api.get(f"{ALERTS}?stat=open"), 400, "unknown_parameter", field="stat")
    assert_problem(api.manage("POST", f"{ALERTS}/999999/acknowledge"), 404, "not_found")
    long = api.manage("POST", f"{ALERTS}/{listed(api)[0]['id']}/acknowledge", {"note": "x" * 501})
    assert long.status_code == 422
