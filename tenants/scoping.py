"""The active tenant: the first wall, and the key that opens the second.

In:   a tenant (and, for a client viewer, one client) at one of three doors: middleware, the Celery base
      task, `tenant_scope()` in commands and tests.
Out:  a transaction in which managers and PostgreSQL's row-level security show that tenant only.
Promise: without an active tenant every query on tenant-owned rows raises NoActiveTenant when its SQL is
      compiled, however early the queryset was made.
Never: a session-level setting; `SET LOCAL` ends with the transaction, so no pooled connection carries it on.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection, models, transaction
from django.db.models.expressions import Expression
from django.db.models.sql.compiler import SQLCompiler

APP_ROLE = "costtrack_app"
VIEWER_ROLE = "costtrack_viewer"
DISPATCH_ROLE = "costtrack_dispatch"
ANSWER_WITHIN = timedelta(seconds=30)
"""How long one statement of a request may run."""
GIVE_BACK = "SET LOCAL idle_in_transaction_session_timeout = '30s'"
"""A process that froze, or whose machine is gone, keeps its rows locked while its connection looks alive: the
events in its hands could not be sent again, its journal rows would not be folded."""


class NoActiveTenant(RuntimeError):
    """Tenant-owned rows were asked for outside any tenant scope."""


class ForeignTenant(RuntimeError):
    """A row, or a second scope, belongs to another tenant than the active one."""


@dataclass(frozen=True, slots=True)
class Scope:
    tenant_id: int
    client_id: int | None = None
    """Set for a client viewer: nothing but this client's rows exists."""


_active: ContextVar[Scope | None] = ContextVar("costtrack_scope", default=None)


def active_scope() -> Scope:
    scope = _active.get()
    if scope is None:
        raise NoActiveTenant("no tenant is active: open tenant_scope() at a door first")
    return scope


@contextmanager
def tenant_scope(
    tenant_id: int, *, client_id: int | None = None, within: timedelta | None = None
) -> Iterator[None]:
    """Open the scope of one tenant as one transaction; leave by an exception and nothing is kept.

    `client_id` makes it a client viewer's scope: the database role then reads that client's rows and
    writes nothing. The same scope may be opened again inside itself; another one may not.
    `within` bounds each statement: what a person or a program waits for gives up in time.
    """
    scope = Scope(tenant_id, client_id)
    outer = _active.get()
    if outer == scope:
        yield
        return
    if outer is not None:
        raise ForeignTenant(
            f"tenant {outer.tenant_id} is active; {tenant_id} cannot be opened inside it"
        )
    nested = connection.in_atomic_block
    with transaction.atomic():
        token = _active.set(scope)
        try:
            _raise_wall(scope, within=within, begin=not nested)
            yield
            if nested and not connection.needs_rollback:
                _lower_wall()
        finally:
            _active.reset(token)


def in_one_trip(
    tenant_id: int, statement: str, parameters: Sequence[Any], *, within: timedelta | None = None
) -> tuple[Any, ...] | None:
    """The one row that one statement answers, or that it answers none, in the tenant's scope.

    Where no scope is open yet, the transaction begins, raises the wall and commits in the same round trip: what
    is returned is then on disk.
    """
    if _active.get() is not None or connection.in_atomic_block:
        with tenant_scope(tenant_id, within=within), connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchone()  # type: ignore[no-any-return]
    wall = "; ".join(_wall(Scope(tenant_id), within=within))
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"BEGIN; {wall}; {statement}; COMMIT", parameters)
            while not cursor.description and cursor.nextset():
                pass
            return cursor.fetchone()  # type: ignore[no-any-return]
    except BaseException:
        connection.close()  # with it goes what was begun
        raise


@contextmanager
def dispatch_scope() -> Iterator[None]:
    """Work across tenants: see which tenants have something due, and nothing of what they have."""
    if _active.get() is not None:
        raise ForeignTenant("dispatching looks across tenants and cannot run inside one")
    nested = connection.in_atomic_block
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {DISPATCH_ROLE}")
        yield
        if nested and not connection.needs_rollback:
            _lower_wall()


def _raise_wall(scope: Scope, *, within: timedelta | None, begin: bool) -> None:
    """`begin`: with the same round trip, where psycopg would send a BEGIN of its own first."""
    statements = _wall(scope, within=within)
    with connection.cursor() as cursor:
        if begin:
            connection.connection.autocommit = True  # until Django, in `atomic`, sets it again
            statements.insert(0, "BEGIN")
        cursor.execute("; ".join(statements))


def _wall(scope: Scope, *, within: timedelta | None) -> list[str]:
    statements = [f"SET LOCAL app.tenant_id = '{int(scope.tenant_id)}'", GIVE_BACK]
    if scope.client_id is not None:
        statements.append(f"SET LOCAL app.client_id = '{int(scope.client_id)}'")
        statements.append(f"SET LOCAL ROLE {VIEWER_ROLE}")
    if within is not None:
        statements.append(f"SET LOCAL statement_timeout = {within // timedelta(milliseconds=1)}")
    return statements


def _lower_wall() -> None:
    """Inside an outer transaction (tests, create_tenant) the settings would outlive the scope.

    Not where the scope is undone: PostgreSQL takes its settings back with the rest.
    """
    role = connection.settings_dict["OPTIONS"].get("assume_role", "NONE")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SET LOCAL app.tenant_id = ''; SET LOCAL app.client_id = ''; SET LOCAL ROLE {role};"
            "SET LOCAL statement_timeout TO DEFAULT;"
            "SET LOCAL idle_in_transaction_session_timeout TO DEFAULT"
        )


class InScope(Expression):
    """`tenant_id = <active> [AND client_id = <active client>]`, resolved when the SQL is compiled.

    A client viewer meets an empty result on every model that names no client column.
    """

    conditional = True

    def __init__(self, tenant: models.F, client: models.F | None) -> None:
        super().__init__(output_field=models.BooleanField())
        self.tenant: Any = tenant
        self.client: Any = client

    def get_source_expressions(self) -> list[Any]:
        return [self.tenant, self.client]

    def set_source_expressions(self, exprs: Any) -> None:
        self.tenant, self.client = exprs

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        scope = active_scope()
        if scope.client_id is not None and self.client is None:
            raise EmptyResultSet  # no query is sent: the viewer's role could not even ask
        sql, params = compiler.compile(self.tenant)
        condition, values = f"{sql} = %s", [*params, scope.tenant_id]
        if scope.client_id is not None:
            sql, params = compiler.compile(self.client)
            condition, values = f"{condition} AND {sql} = %s", [*values, *params, scope.client_id]
        return f"({condition})", values


M = TypeVar("M", bound=models.Model)


class TenantQuerySet(models.QuerySet[M]):
    """A queryset that adds and moves no row of another tenant."""

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        rows = list(objs)
        for row in rows:
            claim(row)
        return super().bulk_create(rows, *args, **kwargs)

    def update(self, **values: Any) -> int:
        if {"tenant", tenant_column(self.model)} & values.keys():
            raise ForeignTenant("a row never moves to another tenant")
        return super().update(**values)


class TenantManager(models.Manager[M]):
    """Shows the active tenant's rows; the condition is compiled late (`InScope`)."""

    use_in_migrations = False

    def get_queryset(self) -> TenantQuerySet[M]:
        client_column = getattr(self.model, "client_column", "")
        client = models.F(client_column) if client_column else None
        queryset: TenantQuerySet[M] = TenantQuerySet(self.model, using=self._db)
        return queryset.filter(InScope(models.F(tenant_column(self.model)), client))


def tenant_column(model: type[models.Model] | models.Model) -> str:
    """Which column of a tenant-owned model says whose row it is."""
    return getattr(model, "tenant_column", "tenant_id")


def claim(row: models.Model) -> None:
    """Give a new row the active tenant, or refuse one that belongs to another."""
    scope, column = active_scope(), tenant_column(row)
    if getattr(row, column, None) is None:
        setattr(row, column, scope.tenant_id)
    if getattr(row, column) != scope.tenant_id:
        raise ForeignTenant(f"{row._meta.label} of another tenant")
