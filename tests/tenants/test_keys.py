"""API keys: a typo costs no query, a stolen database holds no key, an ended key ends at once."""

import string
from dataclasses import fields
from datetime import timedelta

import pytest
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone
from rest_framework.request import Request

from tenants.actions import create_key, note_key_use, revoke_key
from tenants.drf import HasScope
from tenants.keys import FoundKey, digest_of, find_key, is_well_formed, new_secret, prefix_of
from tenants.keyview import KeyView
from tenants.models import ApiKey
from tests.factories import event

MINUTE = timedelta(minutes=1)


def spoiled(secret):
    """Mistyped forms of a key: one character other, missing, doubled or swapped with its neighbour."""
    for place, letter in enumerate(secret):
        other = "x" if letter != "x" else "y"
        yield secret[:place] + other + secret[place + 1 :]
        yield secret[:place] + secret[place + 1 :]
        yield secret[:place] + letter + secret[place:]
        swapped = secret[:place] + secret[place + 1 : place + 2] + letter + secret[place + 2 :]
        if swapped != secret and len(swapped) == len(secret):
            yield swapped


def answer(client, secret):
    response = client.get("/api/v1/clients", headers={"Authorization": f"Bearer {secret}"})
    return response.status_code, response.json().get("code")


@pytest.fixture
def acme(world):
    with world.acme.scope():
        yield world.acme


@pytest.mark.smoke
def test_a_typo_is_refused_without_a_query():
    """Without the database fixture any query would raise."""
    secret = new_secret()
    assert is_well_formed(secret)

    assert [each for each in spoiled(secret) if find_key(each, now=timezone.now())] == []


@pytest.mark.parametrize(
    "text", ["", "ct_", "x" * 54, " " * 54, "ct_" + "é" * 51, "ct_" + "x" * 43 + "٠" * 8, "\0" * 54]
)
def test_text_that_is_no_key_is_refused_without_a_query(text):
    assert find_key(text, now=timezone.now()) is None


def test_keys_are_random_and_made_of_letters_that_a_header_can_carry():
    secrets = {new_secret() for _ in range(200)}

    assert len(secrets) == 200
    assert set("".join(secrets)) <= set(string.ascii_letters + string.digits + "_-")
    assert {len(secret) for secret in secrets} == {54}


@pytest.mark.smoke
def test_only_the_digest_is_stored_nowhere_the_key(acme):
    key, secret = create_key(actor="test", name="new", scopes=["read"])
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace"
        )
        texts = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT string_agg(t::text, chr(10)) FROM "{table}" t')
            texts.append(cursor.fetchone()[0] or "")

    stored = "\n".join(texts)
    assert bytes(key.digest) == digest_of(secret)
    assert digest_of(secret).hex() in stored
    assert prefix_of(secret) in stored
    assert secret[len(prefix_of(secret)) :] not in stored
    assert secret[len(prefix_of(secret)) : -8] not in stored


def test_what_may_be_shown_of_a_key_leaves_over_two_hundred_bits():
    secret = new_secret()

    assert len(prefix_of(secret)) == 11
    assert 6 * len(secret[11:46]) > 200


def test_a_key_is_found_with_its_tenant_its_scopes_and_its_project(acme):
    project = acme.projects["support-bot"]
    key, secret = create_key(
        actor="test", name="new", scopes=["read", "ingest", "read"], project=project
    )

    found = find_key(secret, now=timezone.now())

    assert (found.id, found.tenant_id) == (key.pk, acme.tenant.pk)
    assert found.scopes == {"read", "ingest"}
    assert (found.project, found.prefix) == ("support-bot", prefix_of(secret))


@pytest.mark.smoke
def test_a_revoked_key_stops_at_once_and_the_others_go_on(acme, client):
    (old_key, old), (_, new) = (
        create_key(actor="test", name=name, scopes=["read"]) for name in ("old", "new")
    )
    assert [answer(client, each)[0] for each in (old, new)] == [200, 200]

    revoke_key(old_key, actor="test")

    assert answer(client, old) == (401, "invalid_key")
    assert answer(client, new) == (200, None)


def test_a_key_expires_at_its_instant(acme):
    now = timezone.now()
    secret = create_key(actor="test", name="brief", scopes=["read"], expires_at=now)[1]

    assert find_key(secret, now=now - timedelta(microseconds=1))
    assert find_key(secret, now=now) is None


def test_an_expired_an_unknown_and_a_revoked_key_are_answered_alike(acme, client):
    past = timezone.now() - MINUTE
    expired = create_key(actor="test", name="old", scopes=["read"], expires_at=past)[1]
    key, revoked = create_key(actor="test", name="gone", scopes=["read"])
    revoke_key(key, actor="test")

    answers = {
        client.get("/api/v1/clients", headers={"Authorization": f"Bearer {each}"}).content
        for each in (expired, revoked, new_secret(), "nonsense")
    }

    assert len(answers) == 1


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic {}", "{}", "Bearer {} {}", "Token {}"]
)
def test_a_key_that_comes_another_way_is_no_key(acme, client, header):
    headers = {"Authorization": header.replace("{}", acme.keys["read"])}

    assert client.get("/api/v1/clients", headers=headers).status_code == 401
    assert client.get(f"/api/v1/clients?key={acme.keys['read']}").status_code == 401


def test_a_key_of_one_project_takes_events_of_no_other(acme, client):
    secret = create_key(
        actor="test", name="bound", scopes=["ingest"], project=acme.projects["support-bot"]
    )[1]

    response = client.post(
        "/api/v1/events",
        {"events": [event("a", project=None), event("b", project="contract-agent")]},
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )

    results = response.json()["results"]
    assert [each["status"] for each in results] == ["accepted", "rejected"]
    assert results[1]["code"] == "wrong_project"


def test_a_signed_in_person_is_no_key_and_a_key_is_no_signed_in_person(world, client):
    client.force_login(world.ana)
    assert client.get("/api/v1/clients").status_code == 401
    client.logout()

    headers = {"Authorization": f"Bearer {world.acme.keys['manage']}"}
    assert client.get("/t/acme/", headers=headers).status_code == 302


# --- Last used ---------------------------------------------------------------------------------------


def last_used(key):
    return ApiKey.objects.get(pk=key.id).last_used_at


def test_the_last_use_is_noted_once_a_minute(acme):
    start = timezone.now()
    key = find_key(acme.keys["read"], now=start)
    assert last_used(key) is None

    for after, noted in [(0, 0), (59, 0), (60, 0), (61, 61), (100, 61), (122, 122)]:
        note_key_use(key, now=start + timedelta(seconds=after))
        assert last_used(key) == start + timedelta(seconds=noted), after


@pytest.mark.parametrize("path", ["/api/v1/clients", "/api/v1/events", "/api/v1/spend"])
def test_a_call_notes_the_use(world, client, path):
    secret = world.acme.keys["read"]

    client.get(path, headers={"Authorization": f"Bearer {secret}"})

    with world.acme.scope():
        key = find_key(secret, now=timezone.now())
        assert timezone.now() - last_used(key) < MINUTE
        assert ApiKey.objects.exclude(pk=key.id).filter(last_used_at__isnull=False).count() == 0


# --- Scopes: the door asks, and DRF asks again -------------------------------------------------------


class Managed(KeyView):
    scopes = {"GET": frozenset({"manage"})}


def test_the_door_says_which_scope_a_key_lacks(world, client):
    headers = {"Authorization": f"Bearer {world.acme.keys['read']}"}

    response = client.get("/api/v1/keys", headers=headers)

    assert (response.status_code, response.json()["code"]) == (403, "missing_scope")
    assert "manage" in response.json()["detail"]


@pytest.mark.parametrize(
    ("held", "may"),
    [({"manage"}, True), ({"read", "ingest"}, False), (set(), False), (None, False)],
)
def test_a_view_reached_without_the_door_asks_for_the_scope_itself(held, may):
    request = Request(RequestFactory().get("/"))
    if held is not None:
        key = dict.fromkeys((each.name for each in fields(FoundKey)), None)
        request.auth = FoundKey(**key | {"scopes": frozenset(held)})

    assert HasScope().has_permission(request, Managed()) is may
