"""Owners: who answers for a client or project, and whom a client is told to ask.

In:   a client or project, and a member who may see it.   Out: the changed row and an audit entry.
Promise: nobody owns what they may not see; who leaves owns nothing.
"""

from django.db.models import Q

from tenants.actions import ActionError
from tenants.audit import Actor, record
from tenants.models import Client, Membership, Project, Role, User


def may_own() -> Q:
    """Memberships of staff, who see every client."""
    return ~Q(role=Role.CLIENT) & Q(user__is_active=True)


def set_owner(named: Client | Project, *, actor: Actor, owner: User | None) -> None:
    """Say who answers for it, or nobody. The same again changes nothing.

    What a client reads as its contact follows, unless somebody else stands there.
    """
    before = named.owner
    if before == owner:
        return
    if owner and not Membership.objects.filter(may_own(), user=owner).exists():
        detail = f"{owner.email} is not a member who may see {named}."
        raise ActionError("unknown_member", detail, field="owner")
    named.owner = owner
    named.save(update_fields=["owner"])
    record(
        f"{_kind(named)}.owner",
        actor=actor,
        subject=named.slug,
        before={"owner": before and before.email},
        after={"owner": owner and owner.email},
    )
    if isinstance(named, Client) and named.contact_email == (before.email if before else ""):
        set_contact(
            named, actor=actor, name=owner.name if owner else "", email=owner.email if owner else ""
        )


def set_contact(client: Client, *, actor: Actor, name: str, email: str) -> None:
    """What the client reads under 'Questions?'; both empty: nothing. The same again changes nothing."""
    before = {"name": client.contact_name, "email": client.contact_email}
    after = {"name": name.strip(), "email": email.strip()}
    if before == after:
        return
    client.contact_name, client.contact_email = after["name"], after["email"]
    client.save(update_fields=["contact_name", "contact_email"])
    record("client.contact", actor=actor, subject=client.slug, before=before, after=after)


def let_go(user: User, *, actor: Actor) -> None:
    """Whoever leaves answers for nothing here any more, and no client is sent to them."""
    for model in (Client, Project):
        for named in model.objects.filter(owner=user).select_related("owner"):
            set_owner(named, actor=actor, owner=None)
    for client in Client.objects.filter(contact_email=user.email):
        set_contact(client, actor=actor, name="", email="")


def _kind(named: Client | Project) -> str:
    return "client" if isinstance(named, Client) else "project"
