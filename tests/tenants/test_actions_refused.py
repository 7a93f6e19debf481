"""A change that cannot be made says why and which field, and changes nothing."""

import pytest
from django.db import DatabaseError, transaction

from tenants.actions import (
    ActionError,
    add_member,
    check_timezone,
    create_client,
    create_key,
    create_project,
    create_tenant,
    rename,
)
from tenants.models import AuditEntry, Client, Project, Role, User


@pytest.fixture
def acme(world):
    with world.acme.scope():
        yield world.acme


REFUSED = {
    "taken client": (
        lambda a: create_client(actor="t", slug="globex", name="x"),
        "already_exists",
        "slug",
    ),
    "taken project": (
        lambda a: create_project(
            actor="t", slug="support-bot", name="x", client=a.clients["globex"]
        ),
        "already_exists",
        "slug",
    ),
    "bad slug": (lambda a: create_client(actor="t", slug="a b", name="x"), "invalid_field", "slug"),
    "no slug": (lambda a: create_client(actor="t", slug="", name="x"), "invalid_field", "slug"),
    "no name": (lambda a: create_client(actor="t", slug="x", name=""), "invalid_field", "name"),
    "long name": (
        lambda a: create_client(actor="t", slug="x", name="x" * 121),
        "invalid_field",
        "name",
    ),
    "empty name": (
        lambda a: rename(a.clients["globex"], actor="t", name=""),
        "invalid_field",
        "name",
    ),
    "unknown scope": (
        lambda a: create_key(actor="t", name="x", scopes=["all"]),
        "invalid_field",
        "scopes",
    ),
    "no scope": (lambda a: create_key(actor="t", name="x", scopes=[]), "invalid_field", "scopes"),
    "nameless key": (
        lambda a: create_key(actor="t", name="", scopes=["read"]),
        "invalid_field",
        "name",
    ),
    "bad zone": (lambda a: check_timezone("Mars/Olympus"), "invalid_field", "timezone"),
    "member twice": (
        lambda a: add_member(actor="t", email="ana@acme.test", role=Role.MEMBER),
        "already_member",
        "email",
    ),
    "viewer of nothing": (
        lambda a: add_member(actor="t", email="x@x.test", role=Role.CLIENT),
        "invalid_field",
        "client",
    ),
    "member of a client": (
        lambda a: add_member(
            actor="t", email="x@x.test", role=Role.ADMIN, client=a.clients["globex"]
        ),
        "invalid_field",
        "client",
    ),
    "bad address": (
        lambda a: add_member(actor="t", email="nobody", role=Role.MEMBER),
        "invalid_field",
        "email",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_change_names_its_field_and_changes_nothing(acme, name):
    change, code, field = REFUSED[name]
    before = AuditEntry.objects.count()

    with pytest.raises(ActionError) as caught:
        change(acme)

    assert (caught.value.code, caught.value.field) == (code, field)
    assert caught.value.detail
    assert AuditEntry.objects.count() == before
    assert (Client.objects.count(), Project.objects.count()) == (2, 2)
    assert not User.objects.filter(email__in=["x@x.test", "nobody"]).exists()


def test_a_client_or_project_of_another_company_is_refused(world):
    """Also where a caller hands over a row that it should not have: PostgreSQL refuses the reference."""
    brix = world.brix
    with world.acme.scope():
        for change in (
            lambda: create_project(actor="t", slug="x", name="x", client=brix.clients["globex"]),
            lambda: create_key(
                actor="t", name="x", scopes=["read"], project=brix.projects["support-bot"]
            ),
            lambda: add_member(
                actor="t", email="x@x.test", role=Role.CLIENT, client=brix.clients["globex"]
            ),
        ):
            with pytest.raises((ActionError, DatabaseError)), transaction.atomic():
                change()


def test_a_slug_that_another_company_uses_is_free(world):
    with world.brix.scope():
        create_client(actor="test", slug="umbrella", name="Umbrella")
    with world.acme.scope():
        assert create_client(actor="test", slug="umbrella", name="Umbrella").slug == "umbrella"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": "acme"}, "slug"),
        ({"slug": "a b"}, "slug"),
        ({"name": ""}, "name"),
        ({"timezone_name": "localtime"}, "timezone"),
        ({"owner_email": "nobody"}, "email"),
    ],
)
def test_a_company_that_cannot_be_made_leaves_nothing(world, change, field):
    people = User.objects.count()
    fields = {"name": "C", "slug": "cyan", "owner_email": "c@c.test", "timezone_name": "UTC"}

    with pytest.raises(ActionError) as caught:
        create_tenant(**fields | change)

    assert caught.value.field == field
    assert User.objects.count() == people
