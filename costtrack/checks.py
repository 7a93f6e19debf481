"""Start-up checks: the server refuses to serve when a wall is missing.

Every serving process (web, worker, beat) passes `refuse_unsafe_start`; `manage.py check --database default`
prints the same findings with hints.
"""

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connections

from tenants.scoping import APP_ROLE
from tenants.sealed import is_ring

START_PATIENCE = 20.0
"""Seconds; a web process that has not started after 30 is ended by gunicorn."""

NEW_KEY = (
    "Make one with: python3 -c"
    " 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'"
)

log = structlog.get_logger("costtrack.checks")

# Tables that hold a tenant's rows, by their model or by their column (partitions and tables without a model
# too), that the serving role may touch and that no policy narrows for it. A member of the owner is an owner.
OPEN_TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND (c.relname = ANY(%s) OR EXISTS (
      SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'))
  AND has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE')
  AND NOT (
      c.relrowsecurity AND NOT pg_has_role(c.relowner, 'USAGE') AND coalesce((
          SELECT bool_and(p.qual LIKE '%%app.tenant_id%%') FROM pg_policies p
          WHERE p.schemaname = 'public' AND p.tablename = c.relname AND p.permissive = 'PERMISSIVE'
            AND p.roles && ARRAY[current_user, 'public']), false))
ORDER BY c.relname
"""


def register_all() -> None:
    checks.register(database_walls, checks.Tags.database)


def tenant_tables() -> list[str]:
    return sorted(
        model._meta.db_table for model in apps.get_models() if hasattr(model, "tenant_column")
    )


def database_walls(
    *, databases: Sequence[str] | None = None, **_: Any
) -> list[checks.CheckMessage]:
    """The serving role owns nothing and bypasses nothing; every tenant-owned table has its policy."""
    problems: list[checks.CheckMessage] = []
    for alias in databases or []:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT current_user")
            if cursor.fetchone()[0] != APP_ROLE and settings.DATABASE_ROLE == "owner":
                continue  # a migrating process, which serves nobody
            cursor.execute(
                "SELECT rolname FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)"
            )
            if cursor.fetchone():
                problems.append(_error("E001", "The serving role bypasses row-level security."))
            cursor.execute(OPEN_TABLES, [tenant_tables()])
            open_tables = [name for (name,) in cursor.fetchall()]
            if open_tables:
                problems.append(_error("E002", f"Tables without a wall: {', '.join(open_tables)}."))
    return problems


def outside_world(**_: Any) -> list[checks.CheckMessage]:
    """Channels can be sealed, and links in messages lead here."""
    problems: list[checks.CheckMessage] = []
    if not is_ring(settings.KEY_RING):
        what = "is not a list of Fernet keys" if settings.KEY_RING else "is not set"
        problems.append(checks.Error(f"KEY_RING {what}.", hint=NEW_KEY, id="costtrack.E005"))
    parts = urlsplit(settings.PUBLIC_URL)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        message = f"PUBLIC_URL is {settings.PUBLIC_URL!r}."
        hint = "It is where people reach costtrack, such as https://costs.example.com."
        problems.append(checks.Error(message, hint=hint, id="costtrack.E006"))
    elif settings.HTTPS and parts.scheme != "https":
        message, hint = (
            "PUBLIC_URL begins with http://, HTTPS is true.",
            "Let it begin with https://.",
        )
        problems.append(checks.Error(message, hint=hint, id="costtrack.E007"))
    return problems


def _error(code: str, message: str) -> checks.Error:
    hint = "Leave DATABASE_ROLE unset and run 'manage.py migrate'; see docs/architecture.md."
    return checks.Error(message, hint=hint, id=f"costtrack.{code}")


def refuse_unsafe_start() -> None:
    """Called once by every serving process before it takes work.

    A database that is away is waited for: a web process that ends here takes the whole server with it, and
    one that went on would serve unchecked.
    """
    problems = _walls_once_the_database_answers()
    if settings.SECRET_KEY.startswith("insecure-") and not settings.DEBUG:
        problems.append(checks.Error("SECRET_KEY is not set.", id="costtrack.E003"))
    problems += outside_world()
    if settings.DATABASE_ROLE == "owner":
        problems.append(_error("E004", "DATABASE_ROLE=owner is for migrations only."))
    if problems:
        raise ImproperlyConfigured(
            "Refusing to serve: "
            + " ".join(f"{each.msg} {each.hint or ''}".strip() for each in problems)
        )


def _walls_once_the_database_answers() -> list[checks.CheckMessage]:
    deadline = time.monotonic() + START_PATIENCE
    while True:
        try:
            return database_walls(databases=["default"])
        except OperationalError as error:
            if time.monotonic() > deadline:
                raise ImproperlyConfigured(f"The database does not answer: {error}") from error
            log.warning("waiting_for_database", error=type(error).__name__)
            connections["default"].close_if_unusable_or_obsolete()
            time.sleep(0.5)
