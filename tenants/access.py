"""Who may open a page: the roles a view declares, and the access a signed-in person has.

A page under `/t/<tenant>/` that declares no roles is refused by the page door: deny by default.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection
from django.http import HttpRequest, HttpResponse

from tenants.models import Client, Role, Tenant, User

STAFF = frozenset({Role.OWNER, Role.ADMIN, Role.FINANCE, Role.MEMBER})
MANAGERS = frozenset({Role.OWNER, Role.ADMIN})
FINANCE = MANAGERS | {Role.FINANCE}
EVERYONE = STAFF | {Role.CLIENT}

View = TypeVar("View", bound=Callable[..., HttpResponse])


@dataclass(frozen=True, slots=True)
class Access:
    """One person in one tenant. `client` is set for client viewers, who see that client only."""

    user: User
    tenant: Tenant
    role: Role
    client: Client | None

    @property
    def is_viewer(self) -> bool:
        return self.client is not None

    @property
    def is_manager(self) -> bool:
        return self.role in MANAGERS

    @property
    def is_finance(self) -> bool:
        """May set budgets and channels."""
        return self.role in FINANCE


def page(roles: Iterable[Role]) -> Callable[[View], View]:
    """Declare who may open a page; the page door enforces it before the view runs."""

    def declare(view: View) -> View:
        view.allowed_roles = frozenset(roles)  # type: ignore[attr-defined]
        return view

    return declare


def accesses(user: User) -> list[Access]:
    """Every tenant a person belongs to, by name: asked before any tenant is active."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tenant_id, slug, name, timezone, role, client_id, client_slug, client_name "
            "FROM memberships_of(%s) ORDER BY name, tenant_id",
            [user.pk],
        )
        rows = cursor.fetchall()
    return [_access(user, *row) for row in rows]


def _access(
    user: User,
    tenant_id: int,
    slug: str,
    name: str,
    timezone: str,
    role: str,
    client_id: int | None,
    client_slug: str,
    client_name: str,
) -> Access:
    tenant = Tenant(id=tenant_id, slug=slug, name=name, timezone=timezone)
    client = None
    if client_id is not None:
        client = Client(id=client_id, tenant_id=tenant_id, slug=client_slug, name=client_name)
    return Access(user=user, tenant=tenant, role=Role(role), client=client)


def context(request: HttpRequest) -> dict[str, Any]:
    """Template context: `access` on tenant pages, and `accesses` for the switcher."""
    return {
        "access": getattr(request, "access", None),
        "accesses": getattr(request, "accesses", []),
    }
