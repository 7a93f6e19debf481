"""Who may pass which door of the API, what strangers find there, and how many queries it takes."""

from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants.actions import create_client, create_project
from tests.api.conftest import EVENTS, assert_problem
from tests.factories import event

READ, MANAGE, INGEST = {"read"}, {"manage"}, {"ingest"}
DOORS = [
    ("POST", EVENTS, INGEST),
    ("GET", EVENTS, READ),
    ("GET", f"{EVENTS}/-/e-1", READ),
    ("POST", f"{EVENTS}/void", MANAGE),
    ("POST", "/api/v1/price", INGEST | READ),
    ("GET", "/api/v1/spend", READ),
    ("GET", "/api/v1/clients", READ),
    ("POST", "/api/v1/clients", MANAGE),
    ("GET", "/api/v1/clients/globex", READ),
    ("PATCH", "/api/v1/clients/globex", MANAGE),
    ("DELETE", "/api/v1/clients/globex", MANAGE),
    ("GET", "/api/v1/projects", READ),
    ("POST", "/api/v1/projects", MANAGE),
    ("GET", "/api/v1/projects/support-bot", READ),
    ("PATCH", "/api/v1/projects/support-bot", MANAGE),
    ("DELETE", "/api/v1/projects/support-bot", MANAGE),
    ("GET", "/api/v1/keys", MANAGE),
    ("POST", "/api/v1/keys", MANAGE),
    ("PATCH", "/api/v1/keys/1", MANAGE),
    ("DELETE", "/api/v1/keys/1", MANAGE),
]


def test_no_scope_includes_another(api):
    for (method, path, scopes), scope in product(DOORS, ("ingest", "read", "manage")):
        answer = api.send(method, path, b"{}", scope=scope)
        if scope in scopes:
            assert answer.status_code not in {401, 403}, (method, path, scope)
            assert answer.status_code < 500, (method, path, scope)
        else:
            assert_problem(answer, 403, "missing_scope")
        assert_problem(api.send(method, path, b"{}", scope=scope, key="ct_x"), 401, "invalid_key")


@pytest.mark.smoke
def test_what_another_company_has_is_not_found(api, brix):
    with brix.company.scope():
        client = create_client(actor="test", slug="only-brix", name="Only Brix")
        create_project(actor="test", slug="only-bot", name="Only bot", client=client)
    brix.verdicts(event("theirs", source="s", project="only-bot"))
    (key, *_) = brix.manage("GET", "/api/v1/keys").json()["keys"]
    paths = ["/api/v1/clients/only-brix", "/api/v1/projects/only-bot"]
    before = [brix.get(path).json() for path in paths]

    for path in [*paths, f"{EVENTS}/s/theirs"]:
        assert_problem(api.get(path), 404, "not_found")
        assert brix.get(path).status_code == 200
    for path in [*paths, f"/api/v1/keys/{key['id']}"]:
        assert_problem(api.manage("DELETE", path), 404, "not_found")
    for path in [*paths, f"/api/v1/keys/{key['id']}"]:
        assert_problem(api.manage("PATCH", path, {"name": "Mine"}), 404, "not_found")
    assert_problem(
        api.manage("POST", f"{EVENTS}/void", {"source": "s", "id": "theirs", "reason": "x"}),
        404,
        "not_found",
    )
    (result,) = api.verdicts(event(project="only-bot"))
    assert result["code"] == "unknown_project"
    for query in ("client=only-brix", "project=only-bot"):
        assert api.get(f"/api/v1/spend?range=90d&{query}").json()["rows"] == []
    assert api.get(f"{EVENTS}?project=only-bot").json()["events"] == []
    assert [brix.get(path).json() for path in paths] == before
    assert brix.manage("GET", "/api/v1/keys").json()["keys"][0]["revoked_at"] is None


# --- queries

CEILINGS = {
    EVENTS: 8,
    f"{EVENTS}/-/e-1": 10,
    "/api/v1/spend?range=90d&group_by=client,project": 6,
    "/api/v1/spend?range=90d&granularity=hour&group_by=api_key,model": 6,
    "/api/v1/clients": 5,
    "/api/v1/projects": 5,
    "/api/v1/clients/globex": 5,
    "/api/v1/projects/support-bot": 5,
    "/api/v1/keys": 5,
}


def queries_of(api, path):
    """Statements of one request, without those that only exist because the test is a transaction."""
    with CaptureQueriesContext(connection) as queries:
        scope = "manage" if path.endswith("keys") else "read"
        assert api.get(path, scope=scope).status_code == 200
    noise = ("SAVEPOINT", "RELEASE", "SET LOCAL")
    return [each["sql"] for each in queries if not each["sql"].startswith(noise)]


def test_no_answer_takes_more_queries_when_there_is_more_to_tell(api):
    api.verdicts(event())
    for path in CEILINGS:
        queries_of(api, path)  # notes the keys' use, loads the price book
    few = {path: len(queries_of(api, path)) for path in CEILINGS}

    with api.company.scope():
        for n in range(20):
            client = create_client(actor="test", slug=f"c-{n}", name=f"C {n}")
            create_project(actor="test", slug=f"p-{n}", name=f"P {n}", client=client)
    for n in range(20):
        api.manage(
            "POST", "/api/v1/keys", {"name": f"k-{n}", "scopes": ["read"], "project": f"p-{n}"}
        )
    api.verdicts(*[event(f"m-{n}", project=f"p-{n % 20}", feature=f"f-{n}") for n in range(120)])
    many = {path: len(queries_of(api, path)) for path in CEILINGS}

    assert many == few
    assert {path: count for path, count in few.items() if count > CEILINGS[path]} == {}


@pytest.mark.parametrize("size", [1, 500])
def test_ingest_takes_the_same_few_queries_for_any_batch(api, size):
    api.verdicts(event("warm"))
    batch = {"events": [event(f"e-{n}") for n in range(size)]}

    for expected in (8, 9):  # all new; all duplicates
        with CaptureQueriesContext(connection) as queries:
            assert api.post(batch).status_code == 200
        noise = ("SAVEPOINT", "RELEASE", "SET LOCAL")
        told = [each["sql"][:60] for each in queries if not each["sql"].startswith(noise)]
        assert len(told) <= expected, told
