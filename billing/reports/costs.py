"""Costs: what `spend` tells, of the cost alone, for pictures and comparisons; many questions, one statement.

In:   questions, each with its days, granularity, dimensions and filters.   Out: for each its rows.
Promises: the same amounts as `spend` to the last decimal, from one snapshot for all questions. Where clients
      and projects say enough, days of projects are read, a tenth of the buckets (docs/decisions/0016).
Never: for a client viewer, whose prices the agency chooses.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db import connection

from billing.flow.journal import PART_MEASURES
from billing.money import TOKEN_CLASSES, ZERO, minus, ratio, total
from billing.periods import DayRange
from billing.reports.buckets import (
    CLASS_COSTS,
    DIMENSIONS,
    PERIODS,
    ROOM,
    TOKEN_CLASS,
    buckets_of,
    shown_names,
)
from billing.reports.components import COMPONENT
from billing.reports.filters import conditions
from billing.reports.filters import parameters as filter_parameters
from billing.reports.measures import PriceHidden
from tenants.scoping import active_scope

_COST = " + ".join(CLASS_COSTS)
_UNPRICED = "CASE WHEN priced THEN 0 ELSE events END"
_SUMS = [f"sum({name}) AS {name}" for name in ("cost", "unpriced", "events")]
_IN_FULL = ("cost_uncached", "prompt", "tokens_cache_read")
_PROMPT = " + ".join(f"tokens_{name}" for name in TOKEN_CLASSES[:4])
_OF_PROJECTS = {"client", "project"}
_PARAMETER = re.compile(r"%\((\w+)\)s")
_CLASSES = ", ".join(f"('{name}', tokens_{name}, cost_{name})" for name in TOKEN_CLASSES)


@dataclass(frozen=True, slots=True)
class Ask:
    """A question. `in_full`: the rows say how many events there are, and what caching did; it reads buckets
    where days of projects would do."""

    days: DayRange
    granularity: str = "total"
    group_by: tuple[str, ...] = ()
    narrow: Mapping[str, str] = field(default_factory=dict)
    in_full: bool = False


@dataclass(frozen=True, slots=True)
class Spent:
    """What was not asked in full has only cost and unpriced events. `events` is None, too, where an event is in
    several rows."""

    cost: Decimal
    unpriced_events: int
    events: int | None = None
    cost_uncached: Decimal = ZERO
    prompt_tokens: int = 0
    tokens_read: int = 0

    @property
    def saving(self) -> Decimal:
        return minus(self.cost_uncached, self.cost)

    @property
    def cache_hit_rate(self) -> Decimal | None:
        return ratio(self.tokens_read, self.prompt_tokens)

    @property
    def multiplier(self) -> Decimal | None:
        return ratio(self.cost_uncached, self.cost)


NOTHING = Spent(ZERO, 0, 0)


@dataclass(frozen=True, slots=True)
class CostRow:
    period: date | datetime | None
    keys: dict[str, str]
    measures: Spent


@dataclass(frozen=True, slots=True)
class CostReport:
    rows: list[CostRow]
    total: Spent


def costs(*asks: Ask) -> list[list[CostRow]]:
    """The rows of each question, in its order; by period, then by cost, largest first."""
    scope = active_scope()
    if scope.client_id is not None:
        raise PriceHidden("costs are the agency's own")
    values: dict[str, int | str | date] = {}
    for place, ask in enumerate(asks):
        values |= {f"tenant_{place}": scope.tenant_id}
        values |= {f"since_{place}": ask.days.since, f"until_{place}": ask.days.until}
        narrow = filter_parameters(ask.narrow)
        values |= {f"{name}_{place}": value for name, value in narrow.items()}
    parts = " UNION ALL ".join(_sql(ask, place=place) for place, ask in enumerate(asks))
    found: list[list[CostRow]] = [[] for _ in asks]
    with connection.cursor() as cursor:
        cursor.execute(f"{ROOM}{parts} ORDER BY 1, 2, 3, 6 DESC, 4, 5", values)
        cursor.nextset()
        for place, day, hour, first, second, *figures in cursor.fetchall():
            keys = dict(zip(asks[place].group_by, (first, second), strict=False))
            found[place].append(CostRow(hour or day, keys, _spent(*figures)))
    return found


def _spent(
    cost: Decimal,
    unpriced: Decimal,
    events: Decimal | None,
    uncached: Decimal | None,
    prompt: Decimal | None,
    read: Decimal | None,
) -> Spent:
    if uncached is None or prompt is None or read is None:
        return Spent(cost, int(unpriced))
    counted = None if events is None else int(events)
    return Spent(cost, int(unpriced), counted, uncached, int(prompt), int(read))


def cost_of(parts: Iterable[Spent]) -> Spent:
    """The exact sum."""
    found = list(parts)
    events = [each.events for each in found if each.events is not None]
    return Spent(
        cost=total(each.cost for each in found),
        unpriced_events=sum(each.unpriced_events for each in found),
        events=sum(events) if len(events) == len(found) else None,
        cost_uncached=total(each.cost_uncached for each in found),
        prompt_tokens=sum(each.prompt_tokens for each in found),
        tokens_read=sum(each.tokens_read for each in found),
    )


def by_value(rows: Iterable[CostRow]) -> dict[str, Spent]:
    """What each value of the one dimension cost in the one period."""
    return {value: row.measures for row in rows for value in row.keys.values()}


def _sql(ask: Ask, *, place: int) -> str:
    """Every question has the same columns: its place, day, hour, two values, and figures; some are null."""
    is_hour = ask.granularity == "hour"
    ids = [DIMENSIONS.get(name, name) for name in ask.group_by]
    names, named = shown_names(ask.group_by)
    shown = [*names, "''", "''"]
    is_counted = ask.in_full and not {COMPONENT, TOKEN_CLASS} & {*ask.group_by}
    figures = [name if ask.in_full else "NULL::numeric" for name in _IN_FULL]
    sums = [f"sum({name}) AS {name}" for name in _IN_FULL] if ask.in_full else []
    sql = f"""
    SELECT {place}, period, hour, {shown[0]}, {shown[1]}, cost, unpriced,
        {", ".join(["events" if is_counted else "NULL::numeric", *figures])}
    FROM (
        SELECT {"NULL::date" if is_hour else PERIODS[ask.granularity]} AS period,
            {", ".join(["hour" if is_hour else "NULL::timestamptz AS hour", *ids])},
            {", ".join([*_SUMS, *sums])}
        FROM ({_source(ask)}) bucket
        GROUP BY {", ".join(str(each + 1) for each in range(len(ids) + 2))}
        HAVING sum(cost) <> 0 OR sum(unpriced) <> 0 OR sum(events) <> 0
    ) summed {named}"""  # noqa: S608  built from constants only; every value is a parameter
    return _PARAMETER.sub(lambda found: f"%({found[1]}_{place})s", sql)


def _source(ask: Ask) -> str:
    """SQL: day, hour, what is asked for, cost, unpriced, events: of each bucket, or project and day."""
    asked = {*ask.group_by, *(name for name, value in ask.narrow.items() if value)}
    own = "tenant_id = %(tenant)s AND day >= %(since)s AND day < %(until)s"
    where = " AND ".join((own, *conditions(ask.narrow)))
    if asked <= _OF_PROJECTS and ask.granularity != "hour" and not ask.in_full:
        return f"""
            SELECT day, client_id, project_id, cost, unpriced, NULL::bigint AS events
            FROM billing_projectday WHERE {where}
            UNION ALL
            SELECT day, client_id, project_id, {_COST}, {_UNPRICED}, NULL
            FROM billing_spendentry WHERE {where}"""  # noqa: S608
    wanted = [DIMENSIONS.get(name, name) for name in ask.group_by]
    split_by = wanted if COMPONENT in asked else None
    is_part = bool(ask.narrow.get(COMPONENT))
    is_lean = not ask.in_full and TOKEN_CLASS not in asked
    buckets = buckets_of(
        ask.granularity,
        where=where,
        split_by=split_by,
        is_filtered=is_part,
        figures=("events", *CLASS_COSTS) if is_lean else PART_MEASURES,
    )
    part = f"{COMPONENT} = %({COMPONENT})s" if is_part else "true"
    if TOKEN_CLASS not in asked:
        return f"""SELECT *, {_COST} AS cost, {_UNPRICED} AS unpriced, {_PROMPT} AS prompt
            FROM ({buckets}) b WHERE {part}"""  # noqa: S608
    only = f"{TOKEN_CLASS} = %({TOKEN_CLASS})s" if ask.narrow.get(TOKEN_CLASS) else "true"
    return f"""SELECT b.*, {TOKEN_CLASS}, class_cost AS cost, {_UNPRICED} AS unpriced, 0 AS prompt
            FROM ({buckets}) b CROSS JOIN LATERAL (VALUES {_CLASSES}) c ({TOKEN_CLASS}, tokens, class_cost)
            WHERE {part} AND {only} AND tokens <> 0"""  # noqa: S608
