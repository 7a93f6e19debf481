"""Locks inside one tenant: storing shares its days, rebuilding has them to itself.

Transaction-level advisory locks, since session-level ones break behind a pooler.
"""

from django.db import connection

from tenants.scoping import active_scope

_DAYS, _NAMES, _CORRECTIONS, _INSIGHTS, _LISTS = 7201, 7202, 7203, 7204, 7205
_NOBODY = 0


def share_days() -> None:
    """Changing events, as `take_in` does too: many at once, but none while a rebuild reads the ledger."""
    _lock("pg_advisory_xact_lock_shared", _DAYS)


def own_days() -> None:
    """Rebuilding: wait for the stores under way and keep new ones waiting until this commits."""
    _lock("pg_advisory_xact_lock", _DAYS)


def own_names() -> None:
    """Naming new values of a free-text dimension: one worker at a time, so that the cap holds."""
    _lock("pg_advisory_xact_lock", _NAMES)


def own_corrections() -> None:
    """Voiding and re-pricing: the next step of an event depends on its last one."""
    _lock("pg_advisory_xact_lock", _CORRECTIONS)


def own_insights() -> None:
    """Looking at days for insights: one worker at a time, each makes a day anew."""
    _lock("pg_advisory_xact_lock", _INSIGHTS)


def own_lists() -> None:
    """Keeping what another price list asks, which is of no tenant: one comparison at a time."""
    _lock("pg_advisory_xact_lock", _LISTS, tenant_id=_NOBODY)


def _lock(function: str, what: int, *, tenant_id: int | None = None) -> None:
    whose = active_scope().tenant_id if tenant_id is None else tenant_id
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [what, whose])
