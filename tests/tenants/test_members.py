"""Members: there is always an owner, nobody reaches above the own role, removal holds at once."""

from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from threading import Barrier

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client as Browser

from tenants.actions import ActionError, add_member
from tenants.members import ask_for_second_factor, change_role, remove_member
from tenants.models import ApiKey, AuditEntry, Invitation, Membership, Role, User
from tests.billing.budgets import budget
from tests.factories import World
from tests.tenants.test_factors import give_factor


def join(world: World, name: str, role: Role, **client) -> User:
    with world.acme.scope():
        add_member(actor="test", email=f"{name}@acme.test", role=role, **client)
    return User.objects.get(email=f"{name}@acme.test")


def membership(user: User) -> Membership:
    return Membership.objects.get(user=user)


def test_a_role_changes_with_both_terms_in_the_log(world):
    max_ = join(world, "max", Role.MEMBER)

    with world.acme.scope():
        change_role(
            membership(max_),
            actor=world.ana,
            role=Role.CLIENT,
            client=world.acme.clients["globex"],
        )
        entry = AuditEntry.objects.first()

    assert (entry.action, entry.subject, entry.actor) == ("member.role", "max@acme.test", world.ana)
    assert entry.before == {"role": "member"}
    assert entry.after == {"role": "client", "client": "globex"}


@pytest.mark.parametrize("change", ["lower", "remove"])
def test_the_last_owner_stays(world, change):
    with world.acme.scope(), pytest.raises(ActionError) as refused:
        if change == "lower":
            change_role(membership(world.ana), actor=world.ana, role=Role.ADMIN)
        else:
            remove_member(membership(world.ana), actor=world.ana)

    assert refused.value.code == "last_owner"


def test_two_owners_who_leave_at_once_leave_one(committed):
    """Each is allowed alone; together they would leave a company of nobody."""
    other = join(committed, "olga", Role.OWNER)
    tried = Barrier(2)

    def leave(user):
        tried.wait()
        try:
            with committed.acme.scope():
                remove_member(membership(user), actor=user)
        except ActionError as error:
            return error.code
        finally:
            connection.close()
        return "left"

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(leave, [committed.ana, other]))

    assert answers == ["last_owner", "left"]
    with committed.acme.scope():
        assert Membership.objects.filter(role=Role.OWNER).count() == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda world, ada, max_: change_role(membership(max_), actor=ada, role=Role.OWNER),
        lambda world, ada, max_: change_role(membership(ada), actor=ada, role=Role.OWNER),
        lambda world, ada, max_: change_role(membership(world.ana), actor=ada, role=Role.MEMBER),
        lambda world, ada, max_: remove_member(membership(world.ana), actor=ada),
    ],
)
def test_an_admin_makes_and_changes_no_owner(world, change):
    ada, max_ = join(world, "ada", Role.ADMIN), join(world, "max", Role.MEMBER)

    with world.acme.scope(), pytest.raises(ActionError) as refused:
        change(world, ada, max_)

    assert refused.value.code == "above_own_role"


def test_who_was_lowered_meanwhile_changes_nobody(world):
    """The page was opened as an admin; what counts is the role when the change is made."""
    ada, max_ = join(world, "ada", Role.ADMIN), join(world, "max", Role.MEMBER)

    with world.acme.scope():
        change_role(membership(ada), actor=world.ana, role=Role.MEMBER)
        with pytest.raises(ActionError) as refused:
            remove_member(membership(max_), actor=ada)

    assert refused.value.code == "not_allowed"


def test_a_removed_member_is_out_with_the_next_click_and_stays_signed_in_elsewhere(world):
    with world.brix.scope():
        add_member(actor="test", email="vik@globex.test", role=Role.MEMBER)
    vik, ana = Browser(), Browser()
    vik.force_login(world.vik)
    ana.force_login(world.ana)
    assert vik.get("/t/acme/clients/globex/").status_code == 200

    with world.acme.scope():
        member = membership(world.vik)
    assert ana.post(f"/t/acme/members/{member.pk}/remove/").status_code == 302

    assert vik.get("/t/acme/clients/globex/").status_code == 404
    assert vik.get("/t/brix/").status_code == 200
    with world.acme.scope():
        entry = AuditEntry.objects.first()
    assert (entry.action, entry.before) == (
        "member.removed",
        {"role": "client", "client": "globex"},
    )


def test_the_list_says_who_was_seen_and_who_has_a_second_factor(world, client):
    join(world, "max", Role.MEMBER)
    give_factor(world.ana)
    client.force_login(world.ana)
    client.get("/t/acme/")

    page = client.get("/t/acme/members/").content.decode()

    rows = {row.split("<")[0]: row for row in page.split('<th scope="row">')[1:]}
    assert 'data-label="Last seen">0 s ago' in rows["ana@acme.test"]
    assert 'pill good">yes' in rows["ana@acme.test"]
    assert 'data-label="Last seen">never' in rows["max@acme.test"]
    assert 'pill">no' in rows["max@acme.test"]


# --- A company that asks for a second factor --------------------------------------------------------------


def test_without_a_second_factor_everything_of_the_company_leads_to_setting_one_up(world, client):
    with world.acme.scope():
        ask_for_second_factor(True, actor=world.ana)
    with world.brix.scope():
        add_member(actor="test", email="vik@globex.test", role=Role.MEMBER)
    client.force_login(world.vik)

    for path in ("/t/acme/", "/t/acme/clients/globex/", "/t/acme/keys/"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/2fa/")
    assert client.post("/t/acme/new-client/", {"name": "x", "slug": "x"}).status_code == 302
    assert "Acme asks its members" in client.get("/accounts/2fa/").content.decode()
    assert client.get("/t/brix/").status_code == 200


def test_with_a_second_factor_the_company_is_open(world, client):
    with world.acme.scope():
        ask_for_second_factor(True, actor=world.ana)
        entry = AuditEntry.objects.first()
    give_factor(world.vik)
    client.force_login(world.vik)

    assert client.get("/t/acme/clients/globex/").status_code == 200
    assert (entry.before, entry.after) == ({"needed": False}, {"needed": True})


def test_recovery_codes_alone_are_no_second_factor(world, client):
    Authenticator.objects.create(
        user=world.vik, type="recovery_codes", data={"seed": "x", "used_mask": 0}
    )
    with world.acme.scope():
        ask_for_second_factor(True, actor=world.ana)
    client.force_login(world.vik)

    assert client.get("/t/acme/clients/globex/").status_code == 302


# --- An account that ends ---------------------------------------------------------------------------------


def test_an_account_that_did_much_can_be_deleted_and_the_log_still_says_who(world):
    ada = join(world, "ada", Role.ADMIN)
    browser = Browser()
    browser.force_login(ada)
    browser.post("/t/acme/keys/", {"name": "hers", "scopes": ["read"]})
    browser.post("/t/acme/members/", {"email": "x@x.test", "role": "member"})
    with world.acme.scope():
        before = list(AuditEntry.objects.values())

    ada.delete()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with world.acme.scope():
        assert list(AuditEntry.objects.values()) == before
        assert {each.actor_label for each in AuditEntry.objects.all()} >= {"ada@acme.test"}
        assert ApiKey.objects.get(name="hers").created_by is None
        assert Invitation.objects.get().invited_by is None
        assert not Membership.objects.filter(user_id=ada.pk).exists()
    assert browser.get("/t/acme/").status_code == 302


def test_the_last_owner_and_the_owner_of_a_budget_are_not_deleted(committed):
    world = committed
    other = join(world, "olga", Role.OWNER)
    budget(world.acme, owner=other)

    with pytest.raises(CommandError, match="last owner of brix"):
        call_command("delete_person", "bo@brix.test")
    with pytest.raises(CommandError, match="answers for a budget"):
        call_command("delete_person", "olga@acme.test")
    call_command("delete_person", "ana@acme.test", stdout=StringIO())

    assert set(User.objects.filter(email__in=["bo@brix.test", "ana@acme.test"])) == {world.bo}


def test_lost_factors_are_forgotten_by_command(world):
    give_factor(world.ana)

    call_command("forget_factors", "Ana@acme.test", stdout=StringIO())

    assert not Authenticator.objects.filter(user=world.ana).exists()
