"""Which tenants there are: asked by commands and dispatching tasks, before any tenant is active."""

from django.db import connection

from tenants.scoping import dispatch_scope


class UnknownTenant(LookupError):
    """There is no tenant of this slug."""


def tenant_id_of(slug: str) -> int:
    with dispatch_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM tenants_tenant WHERE slug = %s", [slug])
        row = cursor.fetchone()
    if row is None:
        raise UnknownTenant(f"There is no tenant {slug!r}.")
    return int(row[0])


def all_tenants() -> dict[str, int]:
    """Slug to id, in the order they were made."""
    with dispatch_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT slug, id FROM tenants_tenant ORDER BY id")
        return dict(cursor.fetchall())
