"""Logos: set, removed, and read by whoever may see them; each change leaves an audit entry.

In:   the bytes of a file, and whose logo it is.   Out: a Logo, or ActionError `invalid_field`.
Promise: what is kept is a picture by its content, small, and reached by the hash of that content.
"""

from hashlib import sha256

from django.db import connection

from tenants.actions import ActionError
from tenants.audit import Actor, record
from tenants.models import Client, Logo, Tenant
from tenants.pictures import picture_of
from tenants.scoping import active_scope

MOST_BYTES = 200_000
MOST_PIXELS = 2_000
"""On a side: a small file can unpack to a huge picture."""


def set_logo(data: bytes, *, actor: Actor, client: Client | None = None) -> Logo:
    """Give the company, or one client, this logo in place of the one before."""
    if len(data) > MOST_BYTES:
        raise ActionError("invalid_field", "A logo has at most 200 kB.", field="logo")
    found = picture_of(data)
    if found is None:
        raise ActionError("invalid_field", "A logo is a PNG, JPEG or WebP file.", field="logo")
    if max(found.width, found.height) > MOST_PIXELS:
        detail = f"A logo has at most {MOST_PIXELS:,} pixels on a side."
        raise ActionError("invalid_field", detail, field="logo")
    digest, before = sha256(data).hexdigest(), _logo_of(client)
    if before is not None:
        if before.digest == digest:
            return before
        before.delete()
    logo = Logo(client=client, digest=digest, picture=data)
    logo.kind, logo.width, logo.height = found.kind, found.width, found.height
    logo.save()
    _record("logo", client, actor=actor, before=before, after=logo)
    return logo


def remove_logo(*, actor: Actor, client: Client | None = None) -> None:
    """Twice changes nothing."""
    if (before := _logo_of(client)) is not None:
        before.delete()
        _record("logo_removed", client, actor=actor, before=before, after=None)


def find_logo(digest: str) -> tuple[str, bytes] | None:
    """Kind and bytes of a logo that the active scope may see; a client viewer: the own and the company's."""
    found = Logo.objects.filter(digest=digest).first()
    if found is not None:
        return found.kind, bytes(found.picture)
    if active_scope().client_id is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, picture FROM agency_logo(%s)", [digest])
        row = cursor.fetchone()
    return row and (row[0], bytes(row[1]))


def _logo_of(client: Client | None) -> Logo | None:
    return Logo.objects.filter(client=client).defer("picture").first()


def _record(
    verb: str, client: Client | None, *, actor: Actor, before: Logo | None, after: Logo | None
) -> None:
    whose = f"client.{verb}" if client else f"tenant.{verb}"
    record(
        whose,
        actor=actor,
        subject=client.slug if client else Tenant.objects.get().slug,
        before={"sha256": before.digest} if before else None,
        after={"sha256": after.digest} if after else None,
    )
