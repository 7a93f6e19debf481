"""Rows of scenarios: what the last four weeks' calls add up to, by client, project and model.

Promises: rollups and journal in one snapshot; only what has a price.   Never: a row of another tenant.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import JSONField
from django.db.models.expressions import RawSQL

from billing.flow.store import CLASS_COSTS, TOKENS
from billing.flow.usage import Counts
from billing.periods import DayRange
from billing.reports.buckets import shown_names
from billing.reports.budgets import source_of
from tenants.scoping import active_scope

_SUMS = ", ".join(
    [f"sum({name})::bigint AS {name}" for name in TOKENS]
    + [f"sum({name}) AS {name}" for name in (*CLASS_COSTS, "cost_uncached")]
)
_READ = ", ".join((*TOKENS, *CLASS_COSTS, "cost_uncached"))
_DAYS = "tenant_id = %(tenant)s AND day >= %(since)s AND day < %(until)s"
_KEYS = "client_id, project_id, provider, model"
(_CLIENT, _PROJECT), _NAMED = shown_names(("client", "project"))
_MIX = """
SELECT summed.client_id, project_id, {client}, {project}, provider, model, {names}, {by_day}, variant, events,
    ARRAY[{tokens}], ARRAY[{costs}], {version}
FROM (
    SELECT {keys}, sum(events)::bigint AS events, {sums}
    FROM (
        SELECT {columns} FROM billing_dailyspend WHERE {where} AND priced
        UNION ALL
        SELECT {columns} FROM billing_spendentry WHERE {where} AND priced
    ) bucket GROUP BY {keys} HAVING sum(events) <> 0
) summed {named}
"""
_ASIDE = (
    "client_id, project_id, client, project, provider, model, feature, environment, day, variant, events,"
    " tokens, costs, version"
)
_DAY, _COSTS = 8, 12
"""Where they stand in a row."""
_PARAMETER = re.compile(r"%\((\w+)\)s")
_BY_CLIENT = """
SELECT day, client_id, sum(cost), sum(unpriced)::bigint FROM ({rollup} UNION ALL {journal}) bucket
GROUP BY day, client_id
"""


@dataclass(frozen=True, slots=True)
class MixBucket:
    """Calls of one way. Where days are not asked for `day` is the first one, and `variant` empty."""

    client_id: int
    project_id: int
    client: str
    project: str
    provider: str
    model: str
    feature: str
    environment: str
    day: date
    variant: str
    events: int
    tokens: Counts
    costs: tuple[Decimal, ...]
    cost_uncached: Decimal


@dataclass(frozen=True, slots=True)
class ClientDay:
    day: date
    client_id: int
    cost: Decimal
    unpriced_events: int


def mix(days: DayRange, *, is_narrow: bool, by_day: bool) -> tuple[str, list[MixBucket]]:
    """`is_narrow`: by feature and environment; `by_day`: by day and variant as well, and with the version
    of the price book, which a page then has no query to ask for.
    """
    sql = _mix_sql(is_narrow=is_narrow, by_day=by_day)
    return _mixed(_rows(sql, days))


def mix_aside(days: DayRange) -> RawSQL:
    """The same as JSON, to be had beside the rows of another query; decimals are strings. `mix_of` reads it."""
    sql, span = _mix_sql(is_narrow=False, by_day=False, cast="::text"), _span(days)
    values = [span[name] for name in _PARAMETER.findall(sql)]
    wrapped = f"(SELECT jsonb_agg(to_jsonb(m)) FROM ({_PARAMETER.sub('%s', sql)}) m ({_ASIDE}))"  # noqa: S608
    return RawSQL(wrapped, values, output_field=JSONField())  # noqa: S611  built from constants only


def mix_of(found: list[dict[str, Any]] | None) -> tuple[str, list[MixBucket]]:
    """What `mix_aside` has found, as `mix` tells it."""
    names = _ASIDE.split(", ")
    rows = [[each[name] for name in names] for each in found or ()]
    for row in rows:
        row[_DAY], row[_COSTS] = date.fromisoformat(row[_DAY]), [Decimal(x) for x in row[_COSTS]]
    return _mixed(rows)


def _mix_sql(*, is_narrow: bool, by_day: bool, cast: str = "") -> str:
    keys = _KEYS + ", feature, environment" * is_narrow + ", day, variant" * by_day
    sql = _MIX.format(
        client=_CLIENT,
        project=_PROJECT,
        named=_NAMED,
        names="feature, environment" if is_narrow else "'', ''",
        by_day="day" if by_day else "%(since)s::date",
        tokens=", ".join(TOKENS),
        costs=", ".join(f"{name}{cast}" for name in (*CLASS_COSTS, "cost_uncached")),
        keys=keys,
        sums=_SUMS,
        version="price_book_version(%(tenant)s)" if by_day else "''",
        columns=f"{keys}, events, {_READ}",
        where=_DAYS,
    )
    if not by_day:
        sql = sql.replace(" variant, events", " '', events")
    return sql


def _mixed(rows: Sequence[Sequence[Any]]) -> tuple[str, list[MixBucket]]:
    version = rows[0][13] if rows else ""
    return version, [MixBucket(*row[:11], *_measured(row[11], row[_COSTS])) for row in rows]


def _measured(tokens: list[int], costs: list[Decimal]) -> tuple[Any, ...]:
    return tuple(tokens), tuple(costs[:-1]), costs[-1]


def client_days(days: DayRange) -> list[ClientDay]:
    """What each client cost on each day."""
    rollup, journal = source_of(_DAYS, is_narrow=False)
    return [
        ClientDay(*row) for row in _rows(_BY_CLIENT.format(rollup=rollup, journal=journal), days)
    ]


def _rows(sql: str, days: DayRange) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, _span(days))
        return list(cursor.fetchall())


def _span(days: DayRange) -> dict[str, Any]:
    return {"since": days.since, "until": days.until, "tenant": active_scope().tenant_id}
