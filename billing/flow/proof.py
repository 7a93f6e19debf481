"""Proof: compare ledger and rollups where something has changed, and remember what was found.

In:   days that were marked as changed (flow/changed.py).
Out:  one Verification per span of days; per day, in SpendDay, how much of it differs now.
Promises: a day that changes is proved in the night after, and one that differs every night until it does not;
      a night stops when its time is over, says how many days are left, and goes on from there.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection

from billing.flow.days import WHOLE
from billing.flow.store import Bound
from billing.flow.verify import COMPARED, MOST, Difference, verify, whole_days
from tenants.scoping import active_scope

SPAN = 7
"""Days compared at once: the ledger is read a day further on both sides of a span."""
KEPT_FOR = timedelta(days=90)

Choice = Callable[[Sequence[date]], date]

# Changed since the last proof (with room for a mark whose transaction was still open then), or wrong. Not twice
# in one night, since the present day changes all the time.
DUE = f"""
SELECT day FROM billing_spendday WHERE tenant_id = %(tenant)s AND {WHOLE} AND (
    verified_at IS NULL OR (verified_at < %(now)s - interval '12 hours'
        AND (differences > 0 OR changed_at > verified_at - interval '15 minutes')))
ORDER BY day DESC
"""  # noqa: S608  built from constants only
REMEMBER_DAYS = """
INSERT INTO billing_spendday AS kept (tenant_id, day, verified_at, differences)
SELECT %(tenant)s, day, %(now)s, differences
FROM unnest(%(days)s::date[], %(counts)s::integer[]) found (day, differences) ORDER BY day
ON CONFLICT (tenant_id, day)
DO UPDATE SET verified_at = excluded.verified_at, differences = excluded.differences
"""
REMEMBER = """
INSERT INTO billing_verification (tenant_id, at, since, until, differences, milliseconds)
VALUES (%(tenant)s, %(now)s, %(since)s, %(until)s, %(differences)s, %(milliseconds)s)
"""
FORGET = "DELETE FROM billing_verification WHERE tenant_id = %(tenant)s AND at < %(before)s"


@dataclass(frozen=True, slots=True)
class Proof:
    """What one comparison found on the days [since, until)."""

    since: date
    until: date
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Night:
    """What one stretch of a night found; `left` days wait for the next one."""

    days: int
    differences: int
    left: int


def prove(since: date, *, until: date, now: datetime) -> Proof:
    """Compare the days [since, until) of the active tenant and remember what differs.

    Where there are more differences than can be listed, the proof ends with the last day that is listed.
    """
    started = time.monotonic()
    found = verify(since, until=until)
    for table in COMPARED:
        listed = [each.day for each in found if each.table == table]
        if len(listed) == MOST:
            until = min(until, listed[-1] + timedelta(days=1))
    proof = Proof(since, until, tuple(each for each in found if each.day < until))
    _remember(proof, now=now, seconds=time.monotonic() - started)
    return proof


def prove_changed(*, now: datetime, within: timedelta, choose: Choice) -> Night:
    """Prove the active tenant's changed days, newest first, and in the end one old day by chance."""
    started = time.monotonic()
    due = _due(now)
    proved: set[date] = set()
    differences = 0
    for since, until in _spans(due):
        if proved and time.monotonic() - started > within.total_seconds():
            break
        proof = prove(since, until=until, now=now)
        proved.update(_days(proof))
        differences += len(proof.differences)
    left = len(set(due) - proved)
    if not left and (old := _old_day(proved, choose=choose)):
        differences += len(prove(old, until=old + timedelta(days=1), now=now).differences)
        proved.add(old)
    _forget(before=now - KEPT_FOR)
    return Night(days=len(proved), differences=differences, left=left)


def _due(now: datetime) -> list[date]:
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"tenant": active_scope().tenant_id, "now": now})
        return [day for (day,) in cursor.fetchall()]


def _spans(newest_first: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Neighbouring days together, at most SPAN of them: [since, until), newest first."""
    spans: list[list[date]] = []
    for day in newest_first:
        if spans and len(spans[-1]) < SPAN and spans[-1][-1] - day == timedelta(days=1):
            spans[-1].append(day)
        else:
            spans.append([day])
    return ((span[-1], span[0] + timedelta(days=1)) for span in spans)


def _days(proof: Proof) -> list[date]:
    return [proof.since + timedelta(days=n) for n in range((proof.until - proof.since).days)]


def _old_day(proved: set[date], *, choose: Choice) -> date | None:
    """Any other day between the first event that the ledger still has and the last."""
    first, after = whole_days() or (date.max, date.max)
    days = [first + timedelta(days=number) for number in range((after - first).days)]
    others = [day for day in days if day not in proved]
    return choose(others) if others else None


def _remember(proof: Proof, *, now: datetime, seconds: float) -> None:
    counts = Counter(each.day for each in proof.differences)
    days = _days(proof)
    parameters: Bound = {
        "tenant": active_scope().tenant_id,
        "now": now,
        "days": days,
        "counts": [counts[day] for day in days],
        "since": proof.since,
        "until": proof.until,
        "differences": len(proof.differences),
        "milliseconds": int(seconds * 1000),
    }
    with connection.cursor() as cursor:
        cursor.execute(REMEMBER_DAYS, parameters)
        cursor.execute(REMEMBER, parameters)


def _forget(*, before: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FORGET, {"tenant": active_scope().tenant_id, "before": before})
