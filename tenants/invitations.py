"""Invitations: somebody with a role asks an address in; who holds the link and the address comes in, once.

In:   an address, a role, for a client viewer a client.   Out: a row and a link, which is shown and mailed.
Promise: of the token only a digest stays once the mail is out; accepting twice, late or as somebody else
      changes nothing and says why.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.urls import reverse

from tenants.actions import ActionError
from tenants.audit import record
from tenants.bell import ring_for_invitations
from tenants.members import check_client, may_give, wait_for_turn
from tenants.models import Client, Invitation, Membership, Role, User
from tenants.scoping import tenant_scope
from tenants.sealed import seal

HOLDS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Found:
    """An invitation as its link shows it, before any tenant is active."""

    id: int
    tenant_id: int
    slug: str
    name: str
    email: str
    role: Role
    client_name: str
    invited_by: str
    expires_at: datetime
    accepted_at: datetime | None
    revoked_at: datetime | None

    def ended(self, *, now: datetime) -> str:
        """Why it cannot be accepted: `accepted`, `revoked`, `expired`; empty when it can."""
        if self.accepted_at:
            return "accepted"
        if self.revoked_at:
            return "revoked"
        return "expired" if now >= self.expires_at else ""


def invite(
    *, actor: User, email: str, role: Role, client: Client | None = None, now: datetime
) -> tuple[Invitation, str]:
    """Ask an address in; an open invitation of the same address ends. The link is given out this once."""
    own, email = wait_for_turn(actor), email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise ActionError("invalid_field", "This is no e-mail address.", field="email") from error
    check_client(role, client)
    if not may_give(own, role):
        raise ActionError("above_own_role", "Only an owner makes an owner.", field="role")
    if Membership.objects.filter(user__email=email).exists():
        raise ActionError("already_member", f"{email} is a member already.", field="email")
    Invitation.objects.filter(email=email, accepted_at=None, revoked_at=None).update(
        revoked_at=now, sealed_token=""
    )
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        email=email,
        role=role,
        client=client,
        digest=digest_of(token),
        sealed_token=seal(token),
        invited_by=actor,
        invited_by_label=str(actor),
        created_at=now,
        expires_at=now + HOLDS,
    )
    after = {"role": role.value} | ({"client": client.slug} if client else {})
    record("member.invited", actor=actor, subject=email, after=after)
    tenant_id = invitation.tenant_id
    transaction.on_commit(lambda: ring_for_invitations(tenant_id))
    return invitation, link_of(token)


def revoke_invitation(invitation: Invitation, *, actor: User, now: datetime) -> None:
    own = wait_for_turn(actor)
    if not may_give(own, invitation.role):
        raise ActionError("above_own_role", "Only an owner withdraws this.")
    open_still = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None)
    if open_still.update(revoked_at=now, sealed_token=""):
        record("member.invitation_revoked", actor=actor, subject=invitation.email)


def find_invitation(token: str) -> Found | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM invitation_lookup(%s)", [digest_of(token)])
        row, columns = cursor.fetchone(), cursor.description
    if row is None:
        return None
    values = dict(zip((column.name for column in columns), row, strict=True))
    return Found(**values | {"role": Role(values["role"])})


def accept_invitation(found: Found, *, user: User, now: datetime) -> None:
    """Make the person a member. Errors: `ended`, `other_address`."""
    if user.email != found.email:
        raise ActionError("other_address", f"This invitation is for {found.email}.")
    with tenant_scope(found.tenant_id):
        row = Invitation.objects.select_for_update().get(pk=found.id)
        if not row.is_open(now=now):
            raise ActionError("ended", "This invitation has ended.")
        row.accepted_at, row.sealed_token = now, ""
        row.save(update_fields=["accepted_at", "sealed_token"])
        if Membership.objects.filter(user=user).exists():
            return
        Membership.objects.create(user=user, role=row.role, client_id=row.client_id)
        record("member.joined", actor=user, subject=user.email, after={"role": str(row.role)})


def make_account(found: Found, *, name: str, password: str) -> User:
    """The account of an invited address, which the link has proved; `accept_invitation` comes with it."""
    user = User.objects.create_user(found.email, password, name=name)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def link_of(token: str) -> str:
    return settings.PUBLIC_URL.rstrip("/") + reverse("invitation", args=[token])
