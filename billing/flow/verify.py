"""Verify and rebuild: the proof that ledger = rollup + journal, and the way back to it.

In:   a span of the tenant's days.   Out: the buckets that differ; or rollups made anew from the ledger.
Promises: `verify` compares every measure of every bucket in one snapshot, while events keep coming in;
      `rebuild` leaves the same totals that an undisturbed fold would have left. Neither touches days whose
      ledger rows were let go.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection

from billing.flow.changed import mark_changed
from billing.flow.days import WHOLE, ZONE, day_of, first_whole_day
from billing.flow.fold import FREE_TEXT, add_to_rollup, keep_names, named
from billing.flow.journal import PART_MEASURES, described, parts_of, rows_of, tokens_of
from billing.flow.locks import own_days
from billing.flow.project_days import COMPARE_PROJECT_DAYS, PROJECT_DAYS, REBUILD_PROJECT_DAYS
from billing.flow.store import CLASS_COSTS, DIMENSIONS, MEASURES, Bound
from tenants.scoping import active_scope

NO_JIT = "SET LOCAL jit = off"
"""Compiling these statements takes longer than they do."""
MOST = 100
"""Differences that are listed per rollup."""

_PLAIN = ", ".join(f"e.{name}" for name in DIMENSIONS if name not in FREE_TEXT)
_NAMED = ", ".join(f"{named(name)} AS {name}" for name in FREE_TEXT)
_KEYS = f"priced, {', '.join(name for name in DIMENSIONS if name not in FREE_TEXT)}, {', '.join(FREE_TEXT)}"

_DIMENSIONS = ", ".join(f"e.{name}" for name in DIMENSIONS if name != "variant")
_SPLIT_COSTS = ", ".join(f"{{0}}.{name}" for name in (*CLASS_COSTS, "cost_uncached"))
_INSTANTS = """e.tenant_id = %(tenant)s
        AND e.occurred_at >= (%(since)s::date - 1)::timestamp AT TIME ZONE 'UTC'
        AND e.occurred_at < (%(until)s::date + 1)::timestamp AT TIME ZONE 'UTC'"""

# The ledger, events and corrections, bucketed as the store statement does. The instants are widened by a day on
# both sides, so that the index finds the partitions; which day an event is on only its local date says (a
# midnight may not exist).
LEDGER = f"""(
    SELECT * FROM (
        SELECT counted.*, {day_of("occurred_at")} AS day,
            date_trunc('hour', occurred_at, 'UTC') AS hour, price_id IS NOT NULL AS priced
        FROM (
            SELECT e.occurred_at, e.price_id, {_DIMENSIONS}, e.variant, 1 AS events,
                {", ".join(f"e.{name}" for name in MEASURES[1:])}
            FROM billing_usageevent e WHERE {_INSTANTS}
            UNION ALL
            SELECT e.occurred_at, c.price_id, {_DIMENSIONS}, c.variant, c.events,
                {", ".join(f"c.{name}" for name in MEASURES[1:])}
            FROM billing_eventcorrection c JOIN billing_usageevent e USING (tenant_id, occurred_at, key)
            WHERE {_INSTANTS}
        ) counted CROSS JOIN {ZONE}
    ) dated WHERE day >= %(since)s AND day < %(until)s AND {WHOLE})"""  # noqa: S608  built from constants only
# The same, split into components.
PARTS_LEDGER = f"""(
    SELECT * FROM (
        SELECT counted.priced, {", ".join(f"counted.{name}" for name in DIMENSIONS)}, part.*,
            {day_of("occurred_at")} AS day
        FROM (
            SELECT e.occurred_at, e.price_id IS NOT NULL AS priced, {_DIMENSIONS}, e.variant, 1 AS events,
                {_SPLIT_COSTS.format("e")}, {described("e")} AS described, {tokens_of("e")} AS event_tokens
            FROM billing_usageevent e WHERE {_INSTANTS} AND e.components IS NOT NULL
            UNION ALL
            SELECT e.occurred_at, c.price_id IS NOT NULL, {_DIMENSIONS}, c.variant, c.events,
                {_SPLIT_COSTS.format("c")}, {described("e")}, {tokens_of("e")}
            FROM billing_eventcorrection c JOIN billing_usageevent e USING (tenant_id, occurred_at, key)
            WHERE {_INSTANTS} AND e.components IS NOT NULL
        ) counted CROSS JOIN {ZONE}
        CROSS JOIN LATERAL {parts_of("counted", components="described", tokens="event_tokens")} part
    ) dated WHERE day >= %(since)s AND day < %(until)s AND {WHOLE})"""  # noqa: S608  built from constants only
_SPAN = "tenant_id = %(tenant)s AND day >= %(since)s AND day < %(until)s"
JOURNAL = f"(SELECT * FROM billing_spendentry WHERE {_SPAN} AND {WHOLE})"  # noqa: S608
# Added up before the names are looked up: once per bucket instead of once per event.
BUCKETS = f"""(SELECT day, hour, {_KEYS}, {", ".join(f"sum({name}) AS {name}" for name in MEASURES)}
    FROM {LEDGER} e GROUP BY day, hour, {_KEYS})"""  # noqa: S608  built from constants only
CAPPED_LEDGER = f"""(SELECT e.day, e.hour, e.priced, {_PLAIN}, {_NAMED}, {", ".join(MEASURES)}
    FROM {BUCKETS} e) capped"""  # noqa: S608  built from constants only

_PART_SUMS = ", ".join(f"sum({name}) AS {name}" for name in PART_MEASURES)
PART_BUCKETS = f"""(SELECT day, component, {_KEYS}, {_PART_SUMS}
    FROM {PARTS_LEDGER} e GROUP BY day, component, {_KEYS})"""  # noqa: S608  built from constants only
CAPPED_PARTS = f"""(SELECT e.day, e.component, e.priced, {_PLAIN}, {_NAMED}, {", ".join(PART_MEASURES)}
    FROM {PART_BUCKETS} e) capped"""  # noqa: S608  built from constants only
JOURNAL_PARTS = f"""(SELECT j.day, j.priced, {", ".join(f"j.{name}" for name in DIMENSIONS)}, part.*
    FROM {JOURNAL} j CROSS JOIN LATERAL {rows_of("split")} part)"""  # noqa: S608

DAYS_KEPT = f"SELECT DISTINCT day FROM billing_dailyspend WHERE {_SPAN}"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Rollup:
    """A rollup by what it is keyed beside the dimensions, and where what it should say comes from."""

    times: str
    ledger: str = CAPPED_LEDGER
    journal: str = JOURNAL
    measures: tuple[str, ...] = MEASURES


ROLLUPS = {
    "billing_dailyspend": Rollup("day"),
    "billing_hourlyspend": Rollup("day, hour"),
    "billing_componentspend": Rollup("day, component", CAPPED_PARTS, JOURNAL_PARTS, PART_MEASURES),
}
COMPARED = (*ROLLUPS, PROJECT_DAYS)


def _compare(table: str, rollup: Rollup) -> str:
    times, measures = rollup.times, rollup.measures
    sums = ", ".join(f"sum({name}) AS {name}" for name in measures)
    said = ", ".join(f"coalesce(said.{name}, 0)" for name in measures)
    kept = ", ".join(f"coalesce(kept.{name}, 0)" for name in measures)
    columns = f"{times}, {_KEYS}, {', '.join(measures)}"
    counted = ", ".join(f"e.{name}" for name in (*times.split(", "), "priced"))
    return f"""
    WITH said AS (SELECT {times}, {_KEYS}, {sums} FROM {rollup.ledger} GROUP BY {times}, {_KEYS}),
    kept AS (
        SELECT {times}, {_KEYS}, {sums} FROM (
            SELECT {columns} FROM {table} WHERE {_SPAN} AND {WHOLE}
            UNION ALL
            SELECT {columns} FROM (
                SELECT {counted}, {_PLAIN}, {_NAMED}, {", ".join(measures)}
                FROM {rollup.journal} e) journal
        ) rows GROUP BY {times}, {_KEYS})
    SELECT day, project_id, model, coalesce(said.events, 0)::bigint, coalesce(kept.events, 0)::bigint,
        {" + ".join(f"coalesce(said.{name}, 0)" for name in CLASS_COSTS)},
        {" + ".join(f"coalesce(kept.{name}, 0)" for name in CLASS_COSTS)}
    FROM said FULL JOIN kept USING ({times}, {_KEYS})
    WHERE ({said}) IS DISTINCT FROM ({kept})
    ORDER BY day, project_id, model LIMIT {MOST}
    """  # noqa: S608  built from constants only


@dataclass(frozen=True, slots=True)
class Difference:
    """A bucket whose rollup and journal do not add up to the ledger. Costs are text for showing. Of a
    project's day: the daily rollup beside what is kept, and events are those without a price.
    """

    table: str
    day: date
    project_id: int
    model: str
    ledger_events: int
    kept_events: int
    ledger_cost: str
    kept_cost: str


def verify(since: date, *, until: date) -> list[Difference]:
    """Compare ledger with rollup + journal over the days [since, until); at most 100 differences a rollup."""
    parameters: Bound = {
        "tenant": active_scope().tenant_id,
        "since": since,
        "until": until,
        "most": MOST,
    }
    comparisons = {table: _compare(table, rollup) for table, rollup in ROLLUPS.items()}
    comparisons[PROJECT_DAYS] = COMPARE_PROJECT_DAYS
    found = []
    with connection.cursor() as cursor:
        cursor.execute(NO_JIT)
        for table, comparison in comparisons.items():
            cursor.execute(comparison, parameters)
            found += [
                Difference(table, *row[:5], *(format(cost, "f") for cost in row[5:]))
                for row in cursor.fetchall()
            ]
    return found


def rebuild(since: date, *, until: date) -> None:
    """Make the rollups of the days [since, until) anew from the ledger, journal included.

    Days before the first whole one stay as they are. Stores of this tenant wait until the surrounding
    transaction commits, so give it a month at a time.
    """
    own_days()
    since = max(since, first_whole_day() or since)
    if since >= until:
        return
    parameters: Bound = {
        "tenant": active_scope().tenant_id,
        "since": since,
        "until": until,
    }
    with connection.cursor() as cursor:
        cursor.execute(NO_JIT)
        # The journal first: that waits for folds which have its rows in hand, so that what they add is seen.
        for table in ("billing_spendentry", *COMPARED, "billing_dimensionvalue"):
            cursor.execute(f"DELETE FROM {table} WHERE {_SPAN}", parameters)  # noqa: S608
        cursor.execute(keep_names(LEDGER), parameters)
        for table, rollup in ROLLUPS.items():
            cursor.execute(
                add_to_rollup(
                    table, times=rollup.times, source=rollup.ledger, measures=rollup.measures
                ),
                parameters,
            )
        cursor.execute(REBUILD_PROJECT_DAYS, parameters)
        cursor.execute(DAYS_KEPT, parameters)
        mark_changed(day for (day,) in cursor.fetchall())


def days_with_events() -> tuple[date, date] | None:
    """The first day and the day after the last one that the active tenant has anything on."""
    tenant = active_scope().tenant_id
    spans = " UNION ALL ".join(
        f"SELECT min(day), max(day) FROM {table} WHERE tenant_id = %(tenant)s"  # noqa: S608
        for table in (*ROLLUPS, "billing_spendentry")
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT least(min(s.min), min(l.first)), greatest(max(s.max), max(l.last)) + 1
            FROM ({spans}) s, (
                SELECT (min(occurred_at) AT TIME ZONE 'UTC')::date - 1 AS first,
                       (max(occurred_at) AT TIME ZONE 'UTC')::date + 1 AS last
                FROM billing_usageevent WHERE tenant_id = %(tenant)s) l""",  # noqa: S608
            {"tenant": tenant},
        )
        first, after = cursor.fetchone()
    return None if first is None else (first, after)


def whole_days() -> tuple[date, date] | None:
    """The same from the first whole day on: what can be checked, and made anew."""
    span, first = days_with_events(), first_whole_day()
    if span is None or first is None:
        return span
    return (max(span[0], first), span[1]) if first < span[1] else None


def months(since: date, *, until: date) -> Iterator[tuple[date, date]]:
    """The span in pieces of at most a calendar month."""
    while since < until:
        following = (since.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield since, min(following, until)
        since = following
