"""Clients, projects and keys over HTTP: made, renamed, taken out of use; and events taken back."""

from datetime import UTC, datetime, timedelta

import pytest

from tenants.models import AuditEntry
from tests.api.conftest import EVENTS, assert_problem
from tests.factories import COST, event

CLIENTS, PROJECTS, KEYS = "/api/v1/clients", "/api/v1/projects", "/api/v1/keys"
SPEND = "/api/v1/spend?since=2026-11-01&until=2026-12-01&granularity=total"


def audited(api):
    with api.company.scope():
        return list(AuditEntry.objects.values_list("action", "subject"))


def test_a_client_is_made_read_renamed_and_archived(api):
    made = api.manage("POST", CLIENTS, {"slug": "hooli", "name": "Hooli"})
    assert (made.status_code, made.json()) == (
        201,
        {"slug": "hooli", "name": "Hooli", "archived": False, "price_view": "cost", "owner": None},
    )
    assert api.get(f"{CLIENTS}/hooli").json() == made.json()

    renamed = api.manage("PATCH", f"{CLIENTS}/hooli", {"name": "Hooli XYZ"})
    assert renamed.json() == made.json() | {"name": "Hooli XYZ"}

    for _ in range(2):
        gone = api.manage("DELETE", f"{CLIENTS}/hooli")
        assert (gone.status_code, gone.content) == (204, b"")
    assert api.get(f"{CLIENTS}/hooli").json()["archived"] is True
    assert "hooli" in {each["slug"] for each in api.get(CLIENTS).json()["clients"]}
    actions = [action for action, subject in audited(api) if subject == "hooli"]
    assert actions == ["client.archived", "client.renamed", "client.created"]


def test_a_project_is_made_read_renamed_and_archived(api):
    made = api.manage("POST", PROJECTS, {"slug": "new-bot", "client": "initech"})
    assert (made.status_code, made.json()) == (
        201,
        {
            "slug": "new-bot",
            "name": "new-bot",
            "client": "initech",
            "archived": False,
            "owner": None,
        },
    )
    api.verdicts(event(project="new-bot"))

    renamed = api.manage("PATCH", f"{PROJECTS}/new-bot", {"name": "New bot"})
    gone = api.manage("DELETE", f"{PROJECTS}/new-bot")

    assert (renamed.json()["name"], gone.status_code) == ("New bot", 204)
    assert api.get(f"{PROJECTS}/new-bot").json()["archived"] is True
    (row,) = api.get(f"{SPEND}&group_by=client,project").json()["rows"]
    assert (row["client"], row["project"], row["cost"]) == ("initech", "new-bot", COST)


def test_who_answers_and_what_is_in_use_are_said_in_one_change(api):
    for path in (f"{CLIENTS}/globex", f"{PROJECTS}/support-bot"):
        changed = api.manage("PATCH", path, {"owner": "Ana@acme.test", "archived": True})
        assert (changed.json()["owner"], changed.json()["archived"]) == ("ana@acme.test", True)
        assert api.get(path).json() == changed.json()
        back = api.manage("PATCH", path, {"owner": None, "archived": False})
        assert (back.json()["owner"], back.json()["archived"]) == (None, False)

        for stranger in ("bo@brix.test", "vik@globex.test"):
            refused = api.manage("PATCH", path, {"owner": stranger, "archived": True})
            assert_problem(refused, 422, "unknown_member", field="owner")
        assert api.get(path).json()["archived"] is False
        assert_problem(api.manage("PATCH", path, {}), 422, "missing_field", field="name")


def test_an_archived_project_still_counts_what_it_spends(api):
    api.manage("DELETE", f"{PROJECTS}/support-bot")

    assert api.verdicts(event())[0]["status"] == "accepted"


@pytest.mark.smoke
def test_a_key_is_shown_once_works_and_stops_working_when_revoked(api):
    made = api.manage(
        "POST", KEYS, {"name": "bot", "scopes": ["ingest", "read"], "project": "support-bot"}
    )
    secret = made.json().pop("key")
    told = {name: value for name, value in made.json().items() if name != "key"}

    assert made.status_code == 201
    assert told["project"] == "support-bot"
    assert told["scopes"] == ["ingest", "read"]
    assert secret.startswith(told["prefix"])
    assert len(told["prefix"]) < 16
    assert api.post(event(project=None), key=secret).json()["accepted"] == 1
    assert api.get(SPEND, key=secret).status_code == 200
    assert_problem(api.manage("GET", KEYS, key=secret), 403, "missing_scope")
    listed = api.manage("GET", KEYS)
    assert secret not in listed.content.decode()
    assert next(each for each in listed.json()["keys"] if each["id"] == told["id"])["last_used_at"]

    assert api.manage("DELETE", f"{KEYS}/{told['id']}").status_code == 204

    assert_problem(api.post(event("late"), key=secret), 401, "invalid_key")
    revoked = next(
        each for each in api.manage("GET", KEYS).json()["keys"] if each["id"] == told["id"]
    )
    assert revoked["revoked_at"]
    (row,) = api.get(f"{SPEND}&group_by=api_key").json()["rows"]
    assert row["api_key"] == f"bot {told['prefix']}"


def test_a_key_is_renamed_and_its_past_spend_goes_by_the_new_name(api):
    made = api.manage("POST", KEYS, {"name": "bot", "scopes": ["ingest"]}).json()
    api.post(event(), key=made["key"])

    renamed = api.manage("PATCH", f"{KEYS}/{made['id']}", {"name": "chat bot"})

    assert renamed.status_code == 200
    assert (
        renamed.json().items()
        >= {"id": made["id"], "name": "chat bot", "scopes": ["ingest"]}.items()
    )
    assert "key" not in renamed.json()
    (row,) = api.get(f"{SPEND}&group_by=api_key").json()["rows"]
    assert row["api_key"] == f"chat bot {made['prefix']}"
    assert ("key.renamed", made["prefix"]) in audited(api)


def test_a_key_is_rotated_and_the_old_secret_works_on_for_a_while(api):
    old = api.manage("POST", KEYS, {"name": "bot", "scopes": ["ingest"]}).json()

    made = api.manage("POST", f"{KEYS}/{old['id']}/rotate", {"overlap_hours": 1})
    now = api.manage("POST", f"{KEYS}/{made.json()['id']}/rotate", {"overlap_hours": 0}).json()

    assert (made.status_code, made.json()["name"], made.json()["scopes"]) == (
        201,
        "bot",
        ["ingest"],
    )
    listed = {each["id"]: each for each in api.manage("GET", KEYS).json()["keys"]}
    assert listed[old["id"]]["replaced_by"] == made.json()["id"]
    assert listed[old["id"]]["expires_at"] > listed[old["id"]]["created_at"]
    assert api.post(event("a"), key=old["key"]).json()["accepted"] == 1
    assert api.post(event("b"), key=now["key"]).json()["accepted"] == 1
    assert_problem(api.post(event("c"), key=made.json()["key"]), 401, "invalid_key")
    again = api.manage("POST", f"{KEYS}/{old['id']}/rotate")
    assert_problem(again, 409, "already_ended")
    late = api.manage("POST", f"{KEYS}/{now['id']}/rotate", {"overlap_hours": 169})
    assert_problem(late, 422, "invalid_field", field="overlap_hours")
    assert ("key.rotated", old["prefix"]) in audited(api)


def test_a_key_may_end_by_itself(api):
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()

    alive = api.manage("POST", KEYS, {"name": "a", "scopes": ["read"], "expires_at": soon}).json()
    dead = api.manage("POST", KEYS, {"name": "b", "scopes": ["read"], "expires_at": past}).json()

    assert api.get(CLIENTS, key=alive["key"]).status_code == 200
    assert_problem(api.get(CLIENTS, key=dead["key"]), 401, "invalid_key")


def test_a_slug_that_is_taken_is_a_conflict_also_in_capitals_of_another_company(api, brix):
    assert_problem(
        api.manage("POST", CLIENTS, {"slug": "globex"}), 409, "already_exists", field="slug"
    )
    taken = {"slug": "support-bot", "client": "initech"}
    assert_problem(api.manage("POST", PROJECTS, taken), 409, "already_exists", field="slug")
    assert brix.manage("POST", CLIENTS, {"slug": "acme-only"}).status_code == 201
    assert api.manage("POST", CLIENTS, {"slug": "acme-only"}).status_code == 201


BAD_BODIES = [
    (CLIENTS, {}, "missing_field", "slug"),
    (CLIENTS, {"slug": None}, "missing_field", "slug"),
    (CLIENTS, {"slug": ""}, "missing_field", "slug"),
    (CLIENTS, {"slug": "two words"}, "invalid_field", "slug"),
    (CLIENTS, {"slug": "café"}, "invalid_field", "slug"),
    (CLIENTS, {"slug": "a/b"}, "invalid_field", "slug"),
    (CLIENTS, {"slug": ["a"]}, "invalid_field", "slug"),
    (CLIENTS, {"slug": "x" * 61}, "max_length", "slug"),
    (CLIENTS, {"slug": "x", "name": "y" * 121}, "max_length", "name"),
    (CLIENTS, {"slug": "x", "name": "a\0"}, "null_characters_not_allowed", "name"),
    (CLIENTS, {"slug": "x", "name": "a\ud800"}, "surrogate_characters_not_allowed", "name"),
    (CLIENTS, {"slug": "x", "name": {}}, "invalid_field", "name"),
    (PROJECTS, {"slug": "x"}, "missing_field", "client"),
    (PROJECTS, {"slug": "x", "client": "nobody"}, "unknown_client", "client"),
    (PROJECTS, {"slug": "x", "client": 7}, "unknown_client", "client"),
    (KEYS, {"scopes": ["read"]}, "missing_field", "name"),
    (KEYS, {"name": "k"}, "missing_field", "scopes"),
    (KEYS, {"name": "k", "scopes": []}, "empty", "scopes"),
    (KEYS, {"name": "k", "scopes": "read"}, "not_a_list", "scopes"),
    (KEYS, {"name": "k", "scopes": ["root"]}, "invalid_choice", "scopes"),
    (KEYS, {"name": "k", "scopes": [["read"]]}, "invalid_choice", "scopes"),
    (KEYS, {"name": "k", "scopes": ["read"], "project": "nope"}, "unknown_project", "project"),
    (
        KEYS,
        {"name": "k", "scopes": ["read"], "expires_at": "soon"},
        "invalid_field",
        "expires_at",
    ),
    (
        KEYS,
        {"name": "k", "scopes": ["read"], "expires_at": "0001-01-01T00:00:00+23:59"},
        "overflow",
        "expires_at",
    ),
    (f"{EVENTS}/void", {"reason": "x"}, "missing_field", "id"),
    (f"{EVENTS}/void", {"id": "e-1"}, "missing_field", "reason"),
    (f"{EVENTS}/void", {"id": "e-1", "reason": ""}, "missing_field", "reason"),
    (f"{EVENTS}/void", {"id": "a\0", "reason": "x"}, "null_characters_not_allowed", "id"),
    (f"{EVENTS}/void", {"id": "x" * 201, "reason": "x"}, "max_length", "id"),
]


def test_what_makes_no_sense_is_named_and_changes_nothing(api):
    before = audited(api)

    for path, body, code, field in BAD_BODIES:
        assert_problem(api.manage("POST", path, body), 422, code, field=field)

    assert audited(api) == before


@pytest.mark.parametrize("path", [CLIENTS, PROJECTS, KEYS, f"{EVENTS}/void"])
def test_a_body_that_cannot_be_read_is_no_server_error(api, path):
    before = audited(api)
    for body in (b"{", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b"NaN", b"9" * 5000, b"\0"):
        assert_problem(api.manage("POST", path, body), 400, "parse_error")
    for body in (b"[]", b'"x"', b"5", b"true"):
        assert_problem(api.manage("POST", path, body), 422, "invalid_field")
    assert api.manage("POST", path, b"null").status_code == 422
    assert api.manage("POST", path, b"").status_code == 422
    assert_problem(api.manage("POST", path, b'"%s"' % (b"x" * 2_000_000)), 413, "body_too_large")
    form = "application/x-www-form-urlencoded"
    assert_problem(api.manage("POST", path, b"slug=x", type=form), 415, "unsupported_media_type")
    assert audited(api) == before


@pytest.mark.parametrize(
    "path",
    [f"{CLIENTS}/x", f"{PROJECTS}/x", f"{KEYS}/0", f"{KEYS}/2147483648", f"{KEYS}/{10**30}"],
)
def test_what_is_not_there_cannot_be_changed(api, path):
    assert_problem(api.manage("DELETE", path), 404, "not_found")
    assert_problem(api.manage("PATCH", path, {"name": "x"}), 404, "not_found")


def test_a_name_that_is_none_is_not_given(api):
    for body in ({}, {"name": ""}, {"name": None}, {"name": "  "}):
        problem = api.manage("PATCH", f"{CLIENTS}/globex", body)
        assert_problem(problem, 422, "missing_field", field="name")
    assert api.get(f"{CLIENTS}/globex").json()["name"] == "Globex of Acme"


@pytest.mark.parametrize(
    ("source", "event_id"), [("", "e-1"), ("eu", "a b/c"), (" ", " "), ("s" * 200, "x" * 200)]
)
def test_a_void_takes_an_event_out_of_the_totals_and_keeps_it_to_be_read(api, source, event_id):
    api.verdicts(event(event_id, source=source), event("stays"))
    body = {"source": source, "id": event_id, "reason": "sent twice"}

    first = api.manage("POST", f"{EVENTS}/void", body)
    again = api.manage("POST", f"{EVENTS}/void", body)

    assert (first.status_code, first.json()["status"], first.json()["cost"]) == (
        200,
        "voided",
        COST,
    )
    assert (again.status_code, again.json()["status"]) == (200, "duplicate")
    assert api.get(SPEND).json()["total"]["cost"] == COST
    (voided,) = [each for each in api.get(EVENTS).json()["events"] if each["id"] == event_id]
    assert voided["is_void"] is True
    assert api.verdicts(event(event_id, source=source))[0]["status"] == "duplicate"
