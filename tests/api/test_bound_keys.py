"""A key that is bound to a project sends and reads for that project, and knows of no other."""

import json

import pytest

from tenants.actions import ActionError, create_key
from tests.factories import COST, event


@pytest.fixture
def bound(world):
    world.acme.post(event("own"), event("other", project="contract-agent"))
    with world.acme.scope():
        project = world.acme.projects["support-bot"]
        return create_key(actor="test", name="bot", scopes=["ingest", "read"], project=project)[1]


@pytest.fixture
def ask(client, bound):
    return lambda path: client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {bound}"})


def test_reads_the_own_project_only(ask):
    spend = ask("/spend?since=2026-11-01&until=2026-12-01&group_by=project").json()

    assert [row["project"] for row in spend["rows"]] == ["support-bot"]
    assert spend["total"]["cost"] == COST
    assert [each["id"] for each in ask("/events").json()["events"]] == ["own"]
    assert [each["slug"] for each in ask("/projects").json()["projects"]] == ["support-bot"]
    assert [each["slug"] for each in ask("/clients").json()["clients"]] == ["globex"]
    assert ask("/events/-/own").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/spend?project=contract-agent",
        "/events?project=contract-agent",
        "/events/-/other",
        "/projects/contract-agent",
        "/clients/initech",
    ],
)
def test_knows_no_other(ask, path):
    answer = ask(path)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_does_not_manage(world):
    with world.acme.scope(), pytest.raises(ActionError, match="does not manage"):
        project = world.acme.projects["support-bot"]
        create_key(actor="test", name="x", scopes=["manage"], project=project)


def test_sends_for_the_own_project_without_naming_it(client, bound):
    answer = client.post(
        "/api/v1/events",
        json.dumps(event("new", project=None)),
        content_type="application/json",
        headers={"Authorization": f"Bearer {bound}"},
    )

    assert answer.json()["accepted"] == 1
