"""Invitations: a role for an address, once, for a week; a mail that waits; a page that says why not."""

import hashlib
import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core import mail
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from tenants import tasks
from tenants.actions import ActionError, add_member
from tenants.invitations import HOLDS, invite, revoke_invitation
from tenants.mailing import mail_invitations, tenants_with_unmailed
from tenants.models import AuditEntry, Invitation, Membership, Role, User
from tests.tenants.test_factors import sign_in

NOW = timezone.now()
NEW = "new@person.test"


@pytest.fixture
def asked(world):
    """The path of an invitation of somebody new, as a member of Acme."""
    return ask(world)


def ask(world, email=NEW, role=Role.MEMBER, *, now=None, **more) -> str:
    with world.acme.scope():
        _, link = invite(actor=world.ana, email=email, role=role, now=now or timezone.now(), **more)
    return "/" + link.split("/", 3)[3]


def role_of(world, email):
    with world.acme.scope():
        return Membership.objects.filter(user__email=email).values_list("role", flat=True).first()


def test_of_the_link_only_a_digest_and_a_sealed_copy_are_kept(world, asked):
    token = asked.split("/")[2]

    with world.acme.scope():
        row = Invitation.objects.get()

    assert bytes(row.digest) == hashlib.sha256(token.encode()).digest()
    assert token not in row.sealed_token
    assert row.expires_at - row.created_at == timedelta(days=7)


def test_somebody_new_chooses_a_password_and_is_in(world, asked):
    browser = Browser()
    page = browser.get(asked).content.decode()
    assert "ana@acme.test invites you, new@person.test, as a member" in page

    answer = browser.post(asked, {"name": "New Person", "password": "a fine long password"})

    assert answer.headers["Location"] == "/t/acme/"
    assert browser.get("/t/acme/").status_code == 200
    user = User.objects.get(email=NEW)
    assert user.check_password("a fine long password")
    assert role_of(world, NEW) == Role.MEMBER
    with world.acme.scope():
        assert AuditEntry.objects.first().action == "member.joined"


def test_a_weak_password_is_refused_and_nothing_is_kept(world, asked):
    answer = Browser().post(asked, {"password": "password"})

    assert answer.status_code == 422
    assert not User.objects.filter(email=NEW).exists()


def test_somebody_known_signs_in_and_accepts(world):
    path = ask(world, world.sam.email, Role.CLIENT, client=world.acme.clients["globex"])
    assert f"/accounts/login/?next={path}" in Browser().get(path).content.decode()
    browser, _ = sign_in(world.sam)

    assert "Accept" in browser.get(path).content.decode()
    assert browser.post(path).headers["Location"] == "/t/acme/"

    assert browser.get("/t/acme/clients/globex/").status_code == 200
    assert browser.get("/t/acme/clients/initech/").status_code == 404


def test_an_invitation_works_once(world, asked):
    Browser().post(asked, {"password": "a fine long password"})

    for method in ("get", "post"):
        again = getattr(Browser(), method)(asked, {"password": "another long password"})
        assert again.status_code == 410
        assert "Accepted already" in again.content.decode()
    assert User.objects.get(email=NEW).check_password("a fine long password")


def test_after_seven_days_it_says_so_calmly(world):
    path = ask(world, now=timezone.now() - HOLDS - timedelta(minutes=1))

    answer = Browser().post(path, {"password": "a fine long password"})

    assert answer.status_code == 410
    assert "Too late, by a little" in answer.content.decode()
    assert not User.objects.filter(email=NEW).exists()


def test_one_that_was_taken_back_opens_nothing(world, asked):
    with world.acme.scope():
        revoke_invitation(Invitation.objects.get(), actor=world.ana, now=timezone.now())

    answer = Browser().post(asked, {"password": "a fine long password"})

    assert answer.status_code == 410
    assert "Taken back" in answer.content.decode()


def test_a_newer_invitation_ends_the_older(world, asked):
    newer = ask(world, role=Role.ADMIN)

    assert Browser().get(asked).status_code == 410
    assert Browser().get(newer).status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
def test_somebody_else_is_told_whom_it_is_for(world, asked, method):
    browser, _ = sign_in(world.sam)

    answer = getattr(browser, method)(asked)

    assert answer.status_code == 403
    text = answer.content.decode()
    assert "for new@person.test. You are signed in as sam@nowhere.test" in text
    assert "Sign out and go on" in text
    assert role_of(world, world.sam.email) is None


def test_a_link_that_nobody_gave_out_is_not_there(world):
    assert Browser().get("/invitations/guess/").status_code == 404


def test_nobody_invites_above_the_own_role_or_who_is_here_already(world):
    with world.acme.scope():
        add_member(actor="test", email="ada@acme.test", role=Role.ADMIN)
        ada = User.objects.get(email="ada@acme.test")
        refused = []
        for actor, email, role in [
            (ada, NEW, Role.OWNER),
            (world.ana, "vik@globex.test", Role.MEMBER),
            (world.ana, "no address", Role.MEMBER),
            (world.ana, NEW, Role.CLIENT),
            (world.vik, NEW, Role.MEMBER),
        ]:
            with pytest.raises(ActionError) as error:
                invite(actor=actor, email=email, role=role, now=NOW)
            refused.append(error.value.code)

    assert refused == [
        "above_own_role",
        "already_member",
        "invalid_field",
        "invalid_field",
        "not_allowed",
    ]


# --- The mail ---------------------------------------------------------------------------------------------


def waiting(world):
    with world.acme.scope():
        return Invitation.objects.values_list("mailed_at", "sealed_token", "mail_trouble").get()


def test_the_mail_carries_the_link_and_then_the_token_is_forgotten(world, asked):
    assert tenants_with_unmailed(now=timezone.now()) == [world.acme.tenant.pk]

    assert mail_invitations(world.acme.tenant.pk, now=timezone.now()) == 1

    (letter,) = mail.outbox
    assert letter.to == [NEW]
    assert letter.subject == "ana@acme.test invites you to Acme"
    assert asked in letter.body
    assert asked in letter.alternatives[0][0]
    mailed_at, sealed, _ = waiting(world)
    assert mailed_at and sealed == ""
    assert mail_invitations(world.acme.tenant.pk, now=timezone.now()) == 0
    assert tenants_with_unmailed(now=timezone.now()) == []


def test_a_mail_server_that_is_away_loses_nothing(world, asked, monkeypatch, client):
    def away(*_, **__):
        raise smtplib.SMTPServerDisconnected("away")

    now = timezone.now()
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMultiAlternatives.send", away)
        assert mail_invitations(world.acme.tenant.pk, now=now) == 0
    mailed_at, sealed, trouble = waiting(world)
    assert (mailed_at, bool(sealed), trouble) == (None, True, "SMTPServerDisconnected")
    client.force_login(world.ana)
    assert "not sent yet" in client.get("/t/acme/members/").content.decode()

    assert tenants_with_unmailed(now=now + timedelta(minutes=4)) == []
    later = now + timedelta(minutes=6)
    assert tenants_with_unmailed(now=later) == [world.acme.tenant.pk]
    assert mail_invitations(world.acme.tenant.pk, now=later) == 1

    assert asked in mail.outbox[0].body


def test_nothing_is_mailed_for_an_invitation_that_ended(world, asked):
    with world.acme.scope():
        revoke_invitation(Invitation.objects.get(), actor=world.ana, now=timezone.now())

    assert mail_invitations(world.acme.tenant.pk, now=timezone.now()) == 0
    assert mail.outbox == []


def test_the_inviter_sees_the_link_once(world, client):
    client.force_login(world.ana)

    made = client.post("/t/acme/members/", {"email": NEW, "role": "member"})

    assert made.status_code == 201
    link = made.context["link"]
    assert link in made.content.decode()
    assert link not in client.get("/t/acme/members/").content.decode()
    assert NEW in client.get("/t/acme/members/").content.decode()


def test_a_sweep_finds_what_a_lost_bell_left_and_the_task_sends_it(world, asked, monkeypatch):
    rung = []
    monkeypatch.setattr(tasks, "ring_for_invitations", rung.append)

    tasks.sweep_invitations()
    for tenant_id in rung:
        tasks.mail_invitations(tenant_id=tenant_id)
    tasks.sweep_invitations()

    assert rung == [world.acme.tenant.pk]
    assert [letter.to for letter in mail.outbox] == [[NEW]]


def test_with_redis_away_an_invitation_stands(
    world, client, monkeypatch, django_capture_on_commit_callbacks
):
    def away():
        raise ConnectionError

    monkeypatch.setattr("tenants.bell.client", away)
    client.force_login(world.ana)

    with django_capture_on_commit_callbacks(execute=True):
        made = client.post("/t/acme/members/", {"email": NEW, "role": "member"})

    assert made.status_code == 201
    assert tenants_with_unmailed(now=timezone.now()) == [world.acme.tenant.pk]


def test_two_who_accept_at_once_become_one_member(committed):
    """The same link in two browsers: one account, one membership, one of the two is told so."""
    path, tried = ask(committed), Barrier(2)

    def accept(number):
        tried.wait()
        try:
            return Browser().post(path, {"password": f"a fine long password {number}"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(accept, range(2)))

    # Who comes while the other one's is under way is signed in too; who comes after it, told that it was used.
    assert sorted(answers) in ([302, 302], [302, 410])
    with committed.acme.scope():
        assert Membership.objects.filter(user__email=NEW).count() == 1
        assert AuditEntry.objects.filter(action="member.joined").count() == 1
