"""Days: on which day of its tenant an event is, said once, in SQL, for whoever writes or checks the books.

While a tenant moves to another time zone (flow/zone.py), instants before `reached` are on days of the zone
before. Days before the first whole one can neither be checked nor made anew: their ledger rows were let go
(flow/retention.py), or shared a day with such rows when the zone changed. They stay as they are.
"""

from datetime import date

from django.db import connection

from tenants.scoping import active_scope

ZONE = """(SELECT t.timezone AS present, c.before, c.reached
    FROM tenants_tenant t LEFT JOIN billing_zonechange c ON c.tenant_id = t.id AND c.finished_at IS NULL
    WHERE t.id = %(tenant)s) zone"""
"""To be joined with whatever has instants."""
FIRST_WHOLE = """greatest((SELECT first_day FROM billing_horizon WHERE tenant_id = %(tenant)s),
    (SELECT whole_from FROM billing_zonechange WHERE tenant_id = %(tenant)s))"""
WHOLE = f"day >= coalesce({FIRST_WHOLE}, '-infinity')"


def day_of(instant: str) -> str:
    """SQL: the day of an instant, where ZONE is joined."""
    return (
        f"({instant} AT TIME ZONE"
        f" CASE WHEN {instant} < zone.reached THEN zone.before ELSE zone.present END)::date"
    )


def first_whole_day() -> date | None:
    """The first day of the active tenant whose events are all in the ledger; None: every one is."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {FIRST_WHOLE}", {"tenant": active_scope().tenant_id})
        found: date | None = cursor.fetchone()[0]
    return found
