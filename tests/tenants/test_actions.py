"""Every change leaves a line in the audit log, with who did it and never a secret."""

import inspect
from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from tenants import actions, logos, owners
from tenants.actions import (
    add_member,
    archive,
    create_client,
    create_key,
    create_project,
    create_tenant,
    ensure_user,
    rename,
    revoke_key,
    set_price_view,
    unarchive,
)
from tenants.logos import remove_logo, set_logo
from tenants.models import ApiKey, AuditEntry, Logo, Membership, Project, Role, Tenant, User
from tenants.owners import set_contact, set_owner
from tenants.scoping import NoActiveTenant, tenant_scope
from tests.pictures import png

NOW = timezone.now()
CONTACT = {"name": "Ana Petrova", "email": "ana@acme.test"}
LOGO = png("a logo")


def ana():
    return User.objects.get(email="ana@acme.test")


def retired(acme):
    """A project that was archived, past the audit log."""
    Project.objects.filter(slug="support-bot").update(archived_at=NOW)
    return Project.objects.get(slug="support-bot")


def with_logo(acme):
    client = acme.clients["globex"]
    picture = {"kind": "png", "width": 1, "height": 1, "picture": LOGO}
    Logo.objects.create(client=client, digest=sha256(LOGO).hexdigest(), **picture)
    return client


# Each action: what to call, and the (action, subject, before, after) that it leaves in the audit log.
CHANGES = {
    "create_client": (
        lambda acme, actor: create_client(actor=actor, slug="new", name="New"),
        ("client.created", "new", None, {"name": "New"}),
    ),
    "create_project": (
        lambda acme, actor: create_project(
            actor=actor, slug="new", name="New", client=acme.clients["globex"]
        ),
        ("project.created", "new", None, {"name": "New", "client": "globex"}),
    ),
    "rename": (
        lambda acme, actor: rename(acme.clients["globex"], actor=actor, name="Globex Ltd"),
        ("client.renamed", "globex", {"name": "Globex of Acme"}, {"name": "Globex Ltd"}),
    ),
    "set_price_view": (
        lambda acme, actor: set_price_view(acme.clients["globex"], actor=actor, view="billed"),
        ("client.price_view", "globex", {"price_view": "cost"}, {"price_view": "billed"}),
    ),
    "archive": (
        lambda acme, actor: archive(acme.projects["support-bot"], actor=actor, now=NOW),
        ("project.archived", "support-bot", None, None),
    ),
    "unarchive": (
        lambda acme, actor: unarchive(retired(acme), actor=actor),
        ("project.unarchived", "support-bot", None, None),
    ),
    "set_owner": (
        lambda acme, actor: set_owner(acme.projects["support-bot"], actor=actor, owner=ana()),
        ("project.owner", "support-bot", {"owner": None}, {"owner": "ana@acme.test"}),
    ),
    "set_contact": (
        lambda acme, actor: set_contact(acme.clients["globex"], actor=actor, **CONTACT),
        ("client.contact", "globex", {"name": "", "email": ""}, CONTACT),
    ),
    "set_logo": (
        lambda acme, actor: set_logo(LOGO, actor=actor),
        ("tenant.logo", "acme", None, {"sha256": sha256(LOGO).hexdigest()}),
    ),
    "remove_logo": (
        lambda acme, actor: remove_logo(actor=actor, client=with_logo(acme)),
        ("client.logo_removed", "globex", {"sha256": sha256(LOGO).hexdigest()}, None),
    ),
    "create_key": (
        lambda acme, actor: create_key(actor=actor, name="new", scopes=["read"]),
        ("key.created", None, None, {"name": "new", "scopes": ["read"]}),
    ),
    "revoke_key": (
        lambda acme, actor: revoke_key(ApiKey.objects.earliest("id"), actor=actor),
        ("key.revoked", None, None, None),
    ),
    "add_member": (
        lambda acme, actor: add_member(actor=actor, email="new@acme.test", role=Role.FINANCE),
        ("member.added", "new@acme.test", None, {"role": "finance"}),
    ),
}
NOT_CHANGES = {
    "check_timezone": "changes nothing; billing.actions.change_timezone does",
    "create_tenant": "tried below: it opens a scope of its own",
    "ensure_user": "a person belongs to no tenant; add_member and create_tenant say who was added",
    "note_key_use": "use is no change",
    "find_logo": "only reads",
    "may_own": "only asks",
    "let_go": "calls set_owner and set_contact; tests/tenants/test_owners.py",
}


@pytest.fixture
def acme(world):
    with world.acme.scope():
        yield world.acme


def entries():
    found = AuditEntry.objects.order_by("id")
    return [(each.action, each.subject, each.before, each.after) for each in found]


def test_every_action_is_tried_here():
    found = {
        name
        for module in (actions, logos, owners)
        for name, member in inspect.getmembers(module, inspect.isfunction)
        if member.__module__ == module.__name__ and not name.startswith("_")
    }

    assert found == {*CHANGES, *NOT_CHANGES}


@pytest.mark.smoke
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_leaves_one_line_with_what_was_and_what_is(acme, world, name):
    change, (action, subject, before, after) = CHANGES[name]
    known = entries()

    change(acme, world.ana)

    (left,) = entries()[len(known) :]
    assert left == (action, subject or left[1], before, after)
    entry = AuditEntry.objects.latest("id")
    assert (entry.actor, entry.actor_label) == (world.ana, "ana@acme.test")


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_by_a_key_or_command_is_told_under_its_label(acme, name):
    CHANGES[name][0](acme, "key ct_AbCdEfGh")

    entry = AuditEntry.objects.latest("id")
    assert (entry.actor, entry.actor_label) == (None, "key ct_AbCdEfGh")


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_is_undone_leaves_no_line(acme, name):
    before = entries()

    with transaction.atomic():
        CHANGES[name][0](acme, "test")
        transaction.set_rollback(True)

    assert entries() == before


@pytest.mark.parametrize("name", CHANGES)
def test_no_change_is_made_outside_a_scope(world, name):
    with pytest.raises(NoActiveTenant):
        CHANGES[name][0](world.acme, "test")


@pytest.mark.parametrize("name", ["archive", "revoke_key", "set_owner", "set_contact", "set_logo"])
def test_what_has_ended_ends_only_once(acme, name):
    change = CHANGES[name][0]
    change(acme, "test")
    before, keys = entries(), list(ApiKey.objects.values_list("id", "revoked_at"))

    change(acme, "test")

    assert entries() == before
    assert list(ApiKey.objects.values_list("id", "revoked_at")) == keys


@pytest.mark.smoke
def test_no_secret_and_no_password_is_in_the_audit_log(acme):
    _, secret = create_key(actor="test", name="new", scopes=["manage"])
    _, password = add_member(actor="test", email="new@acme.test", role=Role.MEMBER)

    told = repr(list(AuditEntry.objects.values()))

    assert "ct_" in told
    assert secret[11:] not in told
    assert password not in told
    assert not [each for each in acme.keys.values() if each[11:] in told]


def test_the_audit_log_cannot_be_rewritten(acme):
    for change in (
        lambda: AuditEntry.objects.update(action="nothing"),
        lambda: AuditEntry.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            change()


# --- Companies and people ----------------------------------------------------------------------------


def test_a_new_company_tells_of_itself_its_owner_and_its_keys(db):
    new = create_tenant(
        name="Cyan", slug="cyan", owner_email="Cy@Cyan.test", timezone_name="Asia/Tokyo"
    )

    with tenant_scope(new.tenant.pk):
        assert Tenant.objects.get().timezone == "Asia/Tokyo"
        assert Membership.objects.get().role == Role.OWNER
        assert [each[0] for each in entries()] == ["tenant.created", *["key.created"] * 3]
    assert new.owner.email == "cy@cyan.test"
    assert new.owner.check_password(new.password)


def test_a_person_in_two_companies_has_one_account(world):
    with world.brix.scope():
        membership, password = add_member(actor="test", email="ANA@acme.test ", role=Role.MEMBER)

    assert (membership.user, password) == (world.ana, "")


def test_a_first_password_is_made_once(db):
    user, password = ensure_user(" New@Somewhere.test ")
    again, none = ensure_user("new@somewhere.test")

    assert (again, none) == (user, "")
    assert user.check_password(password)
    assert len(password) >= 16


def test_an_expired_key_is_made_with_its_end(acme):
    end = NOW + timedelta(days=30)

    key, _ = create_key(actor="test", name="brief", scopes=["read"], expires_at=end)

    assert ApiKey.objects.get(pk=key.pk).expires_at == end
