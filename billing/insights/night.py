"""Night: look at the days that have changed, and write down what pages and mails then tell.

In:   days that a fold marked (SpendDay), the ledger.   Out: InsightSum, CacheBreak and TaskDay of these days.
Promises: a day is made anew as a whole, in one transaction: twice is as good as once, and a night that was
      cut short goes on with the days that are left. Days whose events are no longer kept stay as they are.
"""

import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db import connection

from billing.flow.book import price_book
from billing.flow.days import WHOLE
from billing.flow.locks import own_insights
from billing.flow.price import PriceBook
from billing.flow.store import Bound
from billing.insights.breaks import HOUR
from billing.insights.patience import can_wait
from billing.insights.sessions import STANDING, Findings, look_at_sessions
from billing.models import CacheBreak, InsightSum, ZoneChange
from billing.models.insights import SumKind
from billing.periods import start_of
from billing.reports.event_filters import IDLE_HOURS
from tenants.models import Tenant
from tenants.scoping import active_scope

AGAIN_AFTER: Final = timedelta(hours=1)
"""The present day changes all the time: one night looks at it once."""
BANDS: Final = (0, 10_000, 50_000, 100_000, 200_000)
TURNS: Final = (1, 2, 3, 6, 11, 21, 51)
"""Where the groups of calls begin: the first of its session, the second, the third to fifth, …"""

# A day's breaks and pauses depend on the hour before it and the hour after it.
DUE: Final = f"""
SELECT day FROM (
    SELECT s.day, max(near.changed_at) AS changed_at
    FROM billing_spendday s JOIN billing_spendday near
        ON near.tenant_id = s.tenant_id AND near.day BETWEEN s.day - 1 AND s.day + 1
    WHERE s.tenant_id = %(tenant)s GROUP BY 1
) marked
WHERE {WHOLE} AND NOT EXISTS (
    SELECT FROM billing_insightday i WHERE i.tenant_id = %(tenant)s AND i.day = marked.day
        AND (i.built_at > %(recently)s OR i.built_at > marked.changed_at + interval '15 minutes'))
ORDER BY day DESC
"""  # noqa: S608  built from constants only

DROP: Final = "DELETE FROM {} WHERE tenant_id = %(tenant)s AND day = %(day)s"
TABLES: Final = ("billing_insightsum", "billing_cachebreak", "billing_taskday")

SUMS: Final = f"""
WITH {STANDING}, turns AS (
    SELECT project_id, session, occurred_at, environment, streamed, counts, cost, prompt, tokens_output,
        row_number() OVER (PARTITION BY project_id, session ORDER BY occurred_at, key) AS turn
    FROM standing WHERE counts > 0
)
INSERT INTO billing_insightsum (tenant_id, day, project_id, kind, label, detail, events, tokens, cost, saving)
SELECT %(tenant)s, %(day)s, project_id, v.kind, v.label, '', sum(counts), sum(v.tokens), sum(cost), 0
FROM turns CROSS JOIN (SELECT timezone FROM tenants_tenant WHERE id = %(tenant)s) zone
CROSS JOIN LATERAL (VALUES
    ('{SumKind.BAND}', (%(bands)s::bigint[])[width_bucket(prompt, %(bands)s::bigint[])]::text, prompt),
    ('{SumKind.STREAMED}', CASE WHEN streamed THEN 'yes' WHEN NOT streamed THEN 'no' ELSE 'unknown' END,
        tokens_output),
    (CASE WHEN session <> '' THEN '{SumKind.TURN}' END,
        (%(turns)s::bigint[])[width_bucket(turn, %(turns)s::bigint[])]::text, prompt),
    (CASE WHEN {IDLE_HOURS.format(zone="timezone")}
        THEN '{SumKind.IDLE}' END, environment, prompt)
) v (kind, label, tokens)
WHERE v.kind IS NOT NULL
GROUP BY project_id, v.kind, v.label
"""  # noqa: S608  built from constants only

TASKS: Final = f"""
WITH {STANDING}
INSERT INTO billing_taskday
    (tenant_id, day, project_id, task, turns, unpriced, tool_calls, cost, first_cost)
SELECT %(tenant)s, %(day)s, project_id, task, sum(counts),
    count(*) FILTER (WHERE cost = 0 AND price_id IS NULL),
    coalesce(sum(tool_calls), 0), sum(cost), (array_agg(cost ORDER BY occurred_at, key))[1]
FROM standing WHERE task <> '' AND counts > 0 GROUP BY project_id, task
"""  # noqa: S608  built from constants only

BUILT: Final = """
INSERT INTO billing_insightday (tenant_id, day, built_at) VALUES (%(tenant)s, %(day)s, %(now)s)
ON CONFLICT (tenant_id, day) DO UPDATE SET built_at = excluded.built_at
"""


@dataclass(frozen=True, slots=True)
class Looked:
    """What one stretch did; `left` days wait for the next one."""

    days: int
    breaks: int
    left: int


def look(*, now: datetime, within: timedelta, again_after: timedelta = AGAIN_AFTER) -> Looked:
    """Look at the active tenant's changed days, newest first, for so long."""
    started = time.monotonic()
    own_insights()
    if ZoneChange.objects.filter(finished_at=None).exists():
        return Looked(0, 0, 0)  # its days are moving; they are marked when they have moved
    zone, book = Tenant.objects.get().timezone, price_book()
    due = due_days(now=now, again_after=again_after)
    done = breaks = 0
    for day in due:
        if done and time.monotonic() - started > within.total_seconds():
            break
        breaks += build_day(day, book=book, zone=zone, now=now)
        done += 1
    return Looked(done, breaks, len(due) - done)


def due_days(*, now: datetime, again_after: timedelta = AGAIN_AFTER) -> list[date]:
    """Days that have changed, or whose neighbours have, since they were looked at."""
    asked: Bound = {"tenant": active_scope().tenant_id, "recently": now - again_after}
    with connection.cursor() as cursor:
        cursor.execute(DUE, asked)
        return [day for (day,) in cursor.fetchall()]


def build_day(day: date, *, book: PriceBook, zone: str, now: datetime) -> int:
    """Make one day anew; returns how many breaks it has."""
    since = start_of(day, timezone=zone)
    until = start_of(day + timedelta(days=1), timezone=zone)
    asked: Bound = {"tenant": active_scope().tenant_id, "day": day, "now": now}
    asked |= {"bands": list(BANDS), "turns": list(TURNS), "from": since, "to": until}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off")
        for table in TABLES:
            cursor.execute(DROP.format(table), asked)
        cursor.execute(SUMS, asked)
        cursor.execute(TASKS, asked)
        cursor.execute(BUILT, asked)
    window = asked | {"from": since - HOUR, "to": until + HOUR}
    found = look_at_sessions(book, window, since=since, until=until)
    _write(day, found)
    can_wait(day, asked, book=book)
    return len(found.breaks)


def _write(day: date, found: Findings) -> None:
    InsightSum.objects.bulk_create(
        (
            InsightSum(
                day=day,
                project_id=project,
                kind=kind,
                label=label,
                detail=detail,
                events=each.events,
                tokens=each.tokens,
                cost=each.cost,
                saving=each.saving,
            )
            for (project, kind, label, detail), each in found.sums.items()
        ),
        batch_size=1_000,
    )
    CacheBreak.objects.bulk_create(
        (
            CacheBreak(
                day=day,
                project_id=each.event.project_id,
                cause=each.cause,
                occurred_at=each.event.standing.at,
                key=each.event.key,
                model=each.event.standing.model,
                tokens=each.tokens,
                wasted=each.wasted,
                gap_seconds=each.gap_seconds,
            )
            for each in found.breaks
        ),
        batch_size=1_000,
    )
