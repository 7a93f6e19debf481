"""Speaking to PostgreSQL as one role, and switching one wall off so that the other is seen alone."""

import re
from contextlib import contextmanager

from django.db import DatabaseError, connection, transaction

from tenants import scoping
from tenants.scoping import InScope
from tests.walls.catalogue import tenant_column

FORBIDDEN = "42501"
TAKEN = "23505"
DANGLING = "23503"


@contextmanager
def speaking_as(role, *, tenant=None, client=None):
    """Bare SQL as one role: no application code between the statement and PostgreSQL. All is undone."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            for name, value in {"tenant_id": tenant, "client_id": client}.items():
                cursor.execute(f"SET LOCAL app.{name} = '{'' if value is None else value}'")
            cursor.execute(f"SET LOCAL ROLE {role}")
            yield cursor
        transaction.set_rollback(True)


def as_owner():
    """The owner of the tables, whom row-level security does not bind: what is really there."""
    return speaking_as("NONE")


def one(cursor, sql, parameters=()):
    cursor.execute(sql, parameters)
    row = cursor.fetchone()
    return row and row[0]


def refusal(cursor, sql, parameters=()):
    """The SQLSTATE with which PostgreSQL refuses a statement; None when it does not."""
    try:
        with transaction.atomic():
            cursor.execute(sql, parameters)
    except DatabaseError as error:
        return error.__cause__.sqlstate
    return None


def row_of(table, tenant, **changes):
    """One row of a tenant, as JSON; `changes` are SQL."""
    changed = "".join(f" || jsonb_build_object('{name}', {sql})" for name, sql in changes.items())
    with as_owner() as cursor:
        return one(
            cursor,
            f"SELECT to_jsonb(t) {changed} FROM {table} t WHERE {tenant_column(table)} = %s LIMIT 1",
            [tenant],
        )


def insert(table):
    """SQL that inserts the row of `row_of`, given as parameter."""
    return f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, %s)"


@contextmanager
def database_wall_off(monkeypatch):
    """Queries run as the owner of the tables and no setting is made: only the application is left."""
    with monkeypatch.context() as patch, as_owner():
        patch.setattr(scoping, "_raise_wall", lambda scope, **how: None)
        patch.setattr(scoping, "_lower_wall", lambda: None)
        yield


_CONDITION = re.compile(
    r"""(?:\w+\.)?(?:tenant_id\s=\s%(?:\(tenant\))?s|client_id\s=\s%\(viewer\)s)""", re.VERBOSE
)


@contextmanager
def application_wall_off(monkeypatch):
    """Managers filter nothing, and in raw SQL every tenant and viewer condition is true."""

    def loosened(execute, sql, params, many, context):
        return execute(_CONDITION.sub(r"(\g<0> OR TRUE)", sql), params, many, context)

    with monkeypatch.context() as patch, connection.execute_wrapper(loosened):
        patch.setattr(InScope, "as_sql", lambda self, compiler, connection: ("(TRUE)", []))
        yield
