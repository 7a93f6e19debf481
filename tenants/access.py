"""Who may open a page: the roles a view declares, and the access a signed-in person has.

A page under `/t/<tenant>/` that declares no roles is refused by the page door: deny by default.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
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
    seen_at: datetime | None = None
    has_second_factor: bool = False
    logo: str = ""
    """Digest of the company's logo."""

    @property
    def is_viewer(self) -> bool:
        return self.client is not None

    @property
    def wants_second_factor(self) -> bool:
        """The tenant asks its members for one, and this one has none."""
        return self.tenant.needs_second_factor and not self.has_second_factor

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
    return _accesses("memberships_of(%s)", user)


def visit(user: User, slug: str, *, now: datetime) -> list[Access]:
    """The same, and note that the person is at one of them now, at most once in ten minutes."""
    return _accesses("visit(%s, %s, %s)", user, slug, now)


def _accesses(function: str, user: User, *arguments: str | datetime) -> list[Access]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM {function} ORDER BY name, tenant_id",  # noqa: S608  ours
            [user.pk, *arguments],
        )
        names = [column.name for column in cursor.description]
        return [_access(user, dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def _access(user: User, row: dict[str, Any]) -> Access:
    tenant_id, client = row["tenant_id"], None
    tenant = Tenant(
        id=tenant_id,
        slug=row["slug"],
        name=row["name"],
        timezone=row["timezone"],
        needs_second_factor=row["needs_second_factor"],
        week_starts_on=row["week_starts_on"],
    )
    if row["client_id"] is not None:
        client = Client(
            id=row["client_id"],
            tenant_id=tenant_id,
            slug=row["client_slug"],
            name=row["client_name"],
        )
    return Access(
        user=user,
        tenant=tenant,
        role=Role(row["role"]),
        client=client,
        seen_at=row["seen_at"],
        has_second_factor=row["has_second_factor"],
        logo=row["logo"],
    )


def context(request: HttpRequest) -> dict[str, Any]:
    """Template context: `access` on tenant pages, `accesses` for the switcher, `layout` for a refusal."""
    return {
        "access": getattr(request, "access", None),
        "accesses": getattr(request, "accesses", []),
        "layout": "base.html" if hasattr(request, "accesses") else "base_plain.html",
    }
