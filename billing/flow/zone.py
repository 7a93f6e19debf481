"""Zone: move a tenant's days to another time zone while events keep coming in (docs/decisions/0008).

In:   the zone that is wanted.   Out: rollups made anew from the ledger, piece by piece, newest days first.
Promises: every event is on exactly one day at every moment, so totals never change and reports stay exact:
      from `reached` on it is a day of the new zone, before it one of the old. A piece is one transaction;
      killed anywhere, the next call goes on. Stores wait for one piece, seconds, never for the whole.
Never: days before the first whole one, whose events the ledger has let go. They keep their zone.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from billing.flow.locks import own_days
from billing.flow.verify import rebuild
from billing.models import ZoneChange
from tenants.models import Tenant
from tenants.scoping import active_scope

PIECE = 100_000
"""Events that one transaction moves at most, but for a day that has more: two to three seconds."""
NOTHING_YET = datetime(9999, 1, 1, tzinfo=UTC)

# The first instant that may move: the first whole day has begun in both zones.
FLOOR = """
SELECT greatest(day::timestamp AT TIME ZONE %(before)s, day::timestamp AT TIME ZONE %(wanted)s)
FROM (SELECT greatest((SELECT first_day FROM billing_horizon WHERE tenant_id = %(tenant)s),
    (SELECT whole_from FROM billing_zonechange WHERE tenant_id = %(tenant)s)) AS day) first
"""
# The first day on which no event before the floor is, whatever the zone: from here on the books can be checked.
WHOLE_FROM = """
SELECT greatest((%(floor)s - interval '1 microsecond') AT TIME ZONE %(before)s,
    (%(floor)s - interval '1 microsecond') AT TIME ZONE %(wanted)s)::date + 1
"""
_EVENTS = """FROM billing_usageevent WHERE tenant_id = %(tenant)s
    AND occurred_at < %(reached)s AND occurred_at >= coalesce(%(floor)s, '-infinity')::timestamptz"""
OLDEST = f"SELECT min(occurred_at) {_EVENTS}"
# The newest event that has not moved, and the start of the UTC day with which the piece behind it begins.
NEXT = f"""
SELECT newest, greatest(date_trunc('day', coalesce(
        (SELECT occurred_at {_EVENTS} ORDER BY occurred_at DESC OFFSET %(piece)s LIMIT 1),
        (SELECT min(occurred_at) {_EVENTS})), 'UTC'), %(floor)s)
FROM (SELECT max(occurred_at) AS newest {_EVENTS}) n
"""  # noqa: S608  built from constants only
# The days that the events of a piece are on before or after. Other events on these days stay on them.
TOUCHED = """
SELECT least((%(since)s AT TIME ZONE %(before)s)::date, (%(since)s AT TIME ZONE %(wanted)s)::date),
    greatest((%(last)s AT TIME ZONE %(before)s)::date, (%(last)s AT TIME ZONE %(wanted)s)::date) + 1
"""


class AlreadyMoving(RuntimeError):
    """The tenant is on its way to another zone."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How far a change is; `percent` of the time between the first event and the start of the change."""

    wanted: str
    reached: datetime
    percent: int
    is_done: bool


def start(wanted: str, *, now: datetime) -> bool:
    """Note that the active tenant's days are to move; False: they are in that zone. Raises AlreadyMoving."""
    own_days()
    last, tenant = ZoneChange.objects.first(), Tenant.objects.get()
    if last and last.finished_at is None:
        raise AlreadyMoving(f"The days are being moved to {last.wanted} already.")
    if tenant.timezone == wanted:
        return False
    change = last or ZoneChange()
    change.before, change.wanted = tenant.timezone, wanted
    change.started_at = change.worked_at = now
    change.reached, change.finished_at = NOTHING_YET, None
    (change.oldest,) = _asked(OLDEST, _parameters(change))
    change.save()
    return True


def move_on(*, now: datetime) -> Moved | None:
    """Move one piece of the active tenant's days; None when there is no change under way.

    With the first piece, which holds the present day, the tenant is in its new zone.
    """
    own_days()
    change = ZoneChange.objects.filter(finished_at=None).first()
    if change is None:
        return None
    parameters = _parameters(change)
    newest, since = _asked(NEXT, parameters)
    if change.reached == NOTHING_YET:
        Tenant.objects.update(timezone=change.wanted)
    change.worked_at = now
    if newest is None:
        change.finished_at = now
        if parameters["floor"]:
            (change.whole_from,) = _asked(WHOLE_FROM, parameters)
        change.save()
    else:
        change.reached = since
        change.save()
        first, after = _asked(TOUCHED, parameters | {"since": since, "last": newest})
        rebuild(first, until=after)
    return _moved(change)


def progress() -> Moved | None:
    """How far the active tenant's last change is; None when it never had one."""
    change = ZoneChange.objects.first()
    return None if change is None else _moved(change)


def _parameters(change: ZoneChange) -> dict[str, Any]:
    parameters = {
        "tenant": active_scope().tenant_id,
        "before": change.before,
        "wanted": change.wanted,
        "reached": change.reached,
        "piece": PIECE,
    }
    return parameters | {"floor": _asked(FLOOR, parameters)[0]}


def _asked(sql: str, parameters: dict[str, Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        found: tuple[Any, ...] = cursor.fetchone()
    return found


def _moved(change: ZoneChange) -> Moved:
    is_done = change.finished_at is not None
    whole = change.started_at - (change.oldest or change.started_at)
    done = change.started_at - min(change.reached, change.started_at)
    percent = 100 if is_done or not whole else min(99, 100 * done // whole)
    return Moved(change.wanted, change.reached, percent, is_done)
