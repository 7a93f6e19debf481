"""Members: who may do what here, changed by owners and admins; each change leaves an audit entry.

Promise: there is always an owner, whatever is asked at once (changes wait for each other on the tenant's row).
Never: anybody who gives, changes or takes a role above the own.
"""

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, QuerySet

from tenants.access import MANAGERS
from tenants.actions import ActionError
from tenants.audit import record
from tenants.models import Client, Membership, Role, Tenant, User
from tenants.owners import let_go

RANKS = [Role.CLIENT, Role.MEMBER, Role.FINANCE, Role.ADMIN, Role.OWNER]
SECOND_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


def members() -> QuerySet[Membership]:
    """Everybody here with client and whether they have a second factor, in one query."""
    factors = Authenticator.objects.filter(user=OuterRef("user"), type__in=SECOND_FACTORS)
    return (
        Membership.objects.select_related("user", "client")
        .annotate(has_second_factor=Exists(factors))
        .order_by("user__email")
    )


def change_role(
    member: Membership, *, actor: User, role: Role, client: Client | None = None
) -> None:
    own = wait_for_turn(actor)
    member.refresh_from_db()
    check_client(role, client)
    _refuse_above(own, member.role, role)
    if (member.role, member.client_id) == (role, client and client.pk):
        return
    if role != Role.OWNER:
        _keep_an_owner(member)
    before = _terms(member)
    if role == Role.CLIENT:
        let_go(member.user, actor=actor)
    member.role, member.client = role, client
    member.save(update_fields=["role", "client"])
    record(
        "member.role", actor=actor, subject=member.user.email, before=before, after=_terms(member)
    )


def remove_member(member: Membership, *, actor: User) -> None:
    """The next request of this person is refused here; what they see elsewhere stays."""
    own = wait_for_turn(actor)
    member = (
        Membership.objects.filter(pk=member.pk).select_related("user", "client").first() or member
    )
    if member.pk is None:
        return
    _refuse_above(own, member.role)
    _keep_an_owner(member)
    record("member.removed", actor=actor, subject=member.user.email, before=_terms(member))
    let_go(member.user, actor=actor)
    member.delete()


def ask_for_second_factor(needed: bool, *, actor: User) -> None:
    wait_for_turn(actor)
    tenant = Tenant.objects.get()
    if tenant.needs_second_factor == needed:
        return
    tenant.needs_second_factor = needed
    tenant.save(update_fields=["needs_second_factor"])
    record(
        "tenant.second_factor",
        actor=actor,
        subject=tenant.slug,
        before={"needed": not needed},
        after={"needed": needed},
    )


def wait_for_turn(actor: User) -> Role:
    """Changes of people run one after the other; what the actor may do is read when it is their turn."""
    Tenant.objects.select_for_update(no_key=True).get()
    own = Membership.objects.filter(user=actor).values_list("role", flat=True).first()
    if own not in MANAGERS:
        raise ActionError("not_allowed", "You may not change members any more.")
    return Role(own)


def check_client(role: Role, client: Client | None) -> None:
    if role == Role.CLIENT and client is None:
        raise ActionError("invalid_field", "Say whose spend they may see.", field="client")
    if role != Role.CLIENT and client is not None:
        raise ActionError("invalid_field", "Only a client viewer has a client.", field="client")


def may_give(own: Role, role: str) -> bool:
    return RANKS.index(Role(role)) <= RANKS.index(own)


def _refuse_above(own: Role, *roles: str) -> None:
    if not all(may_give(own, role) for role in roles):
        raise ActionError(
            "above_own_role", "Only an owner makes or changes an owner.", field="role"
        )


def _keep_an_owner(member: Membership) -> None:
    others = Membership.objects.filter(role=Role.OWNER).exclude(pk=member.pk)
    if member.role == Role.OWNER and not others.exists():
        raise ActionError(
            "last_owner", "This is the last owner. Make somebody else an owner first.", field="role"
        )


def _terms(member: Membership) -> dict[str, str]:
    return {"role": str(member.role)} | ({"client": member.client.slug} if member.client else {})
