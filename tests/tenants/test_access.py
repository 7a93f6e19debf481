"""Who may see what: roles, several companies, and that what was taken away is gone with the next click."""

import pytest
from django.db import DatabaseError, transaction

from tenants.access import EVERYONE, MANAGERS, STAFF, Access, accesses
from tenants.actions import add_member
from tenants.models import Membership, Role, User


@pytest.fixture
def ana(client, world):
    client.force_login(world.ana)
    return client


def test_roles_widen_from_managers_to_everyone():
    assert MANAGERS < STAFF < EVERYONE
    assert set(Role) == EVERYONE
    assert {Role.CLIENT} == EVERYONE - STAFF


def test_a_person_has_an_access_per_company_in_order_of_name(world):
    with world.brix.scope():
        add_member(actor="test", email="ana@acme.test", role=Role.FINANCE)

    found = accesses(world.ana)

    assert [(each.tenant.slug, each.role) for each in found] == [
        ("acme", Role.OWNER),
        ("brix", Role.FINANCE),
    ]
    assert [each.tenant.timezone for each in found] == ["Europe/Sofia", "Asia/Kolkata"]
    assert [each.is_manager for each in found] == [True, False]


def test_who_belongs_nowhere_has_no_access(world):
    assert accesses(world.sam) == []


def test_a_viewers_access_names_the_client(world):
    (access,) = accesses(world.vik)

    assert isinstance(access, Access)
    assert (access.client, access.is_viewer, access.is_manager) == (
        world.acme.clients["globex"],
        True,
        False,
    )


@pytest.mark.smoke
@pytest.mark.parametrize(
    ("role", "client"), [("client", None), ("member", "globex"), ("owner", "globex")]
)
def test_the_database_holds_that_a_viewer_and_only_one_names_a_client(world, role, client):
    with world.acme.scope(), pytest.raises(DatabaseError), transaction.atomic():
        Membership.objects.create(
            user=world.sam, role=role, client=world.acme.clients[client] if client else None
        )


def test_the_start_page_leads_to_the_only_company_and_lists_several(world, ana):
    assert ana.get("/").headers["Location"] == "/t/acme/"

    with world.brix.scope():
        add_member(actor="test", email="ana@acme.test", role=Role.MEMBER)
    page = ana.get("/").content.decode()

    assert 'href="/t/acme/"' in page
    assert 'href="/t/brix/"' in page


def test_a_role_that_is_taken_away_is_gone_with_the_next_click(world, ana):
    assert ana.get("/t/acme/").status_code == 200

    with world.acme.scope():
        Membership.objects.filter(user=world.ana).delete()

    assert ana.get("/t/acme/").status_code == 404


@pytest.mark.smoke
def test_a_role_in_one_company_is_none_in_another(world, ana):
    """A member of Brix who owns Acme manages Acme only."""
    with world.brix.scope():
        add_member(actor="test", email="ana@acme.test", role=Role.MEMBER)

    assert ana.get("/t/acme/keys/").status_code == 200
    assert ana.get("/t/brix/").status_code == 200
    assert ana.get("/t/brix/keys/").status_code == 403


def test_an_account_that_is_switched_off_sees_nothing(world, ana):
    User.objects.filter(pk=world.ana.pk).update(is_active=False)

    assert ana.get("/t/acme/").status_code == 302


def test_a_superuser_belongs_to_no_company_by_that(world, client):
    client.force_login(User.objects.create_superuser("root@costtrack.test", "a long password"))

    assert client.get("/t/acme/").status_code == 404


def test_addresses_are_one_person_however_they_are_written(world):
    assert User.objects.create_user("Bo@Elsewhere.TEST").email == "bo@elsewhere.test"


@pytest.mark.parametrize("path", ["/accounts/signup/", "/accounts/email/"])
def test_nobody_makes_or_takes_over_an_account(world, client, path):
    """Roles are given to addresses: an address is proven by the invitation, not by a form."""
    fields = {"email": "late@acme.test", "password1": "a long password", "action_add": ""}
    client.post(path, fields)
    client.force_login(world.sam)
    client.post(path, fields)
    client.post(path, {"email": "late@acme.test", "action_primary": ""})

    assert not User.objects.filter(email="late@acme.test").exists()
    assert User.objects.get(pk=world.sam.pk).email == "sam@nowhere.test"
