"""Lists of clients and projects: who answers, what is archived; and who may send for a project."""

import pytest
from django.utils import timezone

from tenants.actions import archive, create_client, create_key, create_project, revoke_key
from tenants.owners import set_owner
from tests.factories import COST, event
from tests.look.test_pages import text_of


@pytest.fixture
def ana(client, world):
    client.force_login(world.ana)
    return client


@pytest.mark.parametrize("kind", ["client", "project"])
def test_archived_ones_stand_apart_and_the_table_still_adds_up(ana, world, kind):
    now, acme = timezone.now(), world.acme
    acme.post(event("e-1", occurred_at=now.isoformat()))
    with acme.scope():
        quiet = create_client(actor="test", slug="quiet", name="Quiet one")
        named = {
            "client": (acme.clients["globex"], acme.clients["initech"], quiet),
            "project": (
                acme.projects["support-bot"],
                acme.projects["contract-agent"],
                create_project(actor="test", slug="quiet", name="Quiet one", client=quiet),
            ),
        }[kind]
        spends, owned, silent = named
        set_owner(owned, actor="test", owner=world.ana)
        for each in (spends, silent):
            archive(each, actor="test", now=now)

    page = ana.get(f"/t/acme/{kind}s/?range=7d")

    rows = [(row.name, row.detail) for row in page.context["table"].rows]
    assert rows == [(spends.name, "archived"), (owned.name, "ana@acme.test")]
    assert str(page.context["table"].total.cost.normalize()) == COST
    assert {each.name for each in page.context["archived"]} == {spends.name, silent.name}
    assert "Quiet one" in text_of(page).partition("Archived")[2]


def test_a_project_names_the_keys_that_may_send_for_it_and_the_last_event(ana, world):
    acme = world.acme
    acme.post(event("e-1", occurred_at=timezone.now().isoformat()))
    with acme.scope():
        bot, other = acme.projects["support-bot"], acme.projects["contract-agent"]
        for name, scopes, project in (
            ("bound here", ["ingest"], bot),
            ("bound elsewhere", ["ingest"], other),
            ("only reads", ["read"], bot),
        ):
            create_key(actor="test", name=name, scopes=scopes, project=project)
        revoke_key(create_key(actor="test", name="gone", scopes=["ingest"])[0], actor="test")

    page = ana.get("/t/acme/projects/support-bot/")

    senders = {(key["name"], key["is_bound"]) for key in page.context["senders"]}
    assert senders == {("first ingest key", False), ("bound here", True)}
    assert "last event" in text_of(page)
    assert "?counts=project:support-bot" in page.content.decode()
    ana.force_login(world.vik)
    seen = ana.get("/t/acme/projects/support-bot/")
    assert "Keys that may send" not in text_of(seen) and "last event" not in text_of(seen)
