"""Rows of scenarios: what the last four weeks' calls add up to, by client, project and model.

Promises: rollups and journal in one snapshot; only what has a price.   Never: a row of another tenant.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

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
    keys = _KEYS + ", feature, environment" * is_narrow + ", day, variant" * by_day
    sql = _MIX.format(
        client=_CLIENT,
        project=_PROJECT,
        named=_NAMED,
        names="feature, environment" if is_narrow else "'', ''",
        by_day="day" if by_day else "%(since)s::date",
        tokens=", ".join(TOKENS),
        costs=", ".join((*CLASS_COSTS, "cost_uncached")),
        keys=keys,
        sums=_SUMS,
        version="price_book_version(%(tenant)s)" if by_day else "''",
        columns=f"{keys}, events, {_READ}",
        where=_DAYS,
    )
    if not by_day:
        sql = sql.replace(" variant, events", " '', events")
    rows = _rows(sql, days)
    version = rows[0][13] if rows else ""
    return version, [MixBucket(*row[:11], *_measured(row[11], row[12])) for row in rows]


def _measured(tokens: list[int], costs: list[Decimal]) -> tuple[Any, ...]:
    return tuple(tokens), tuple(costs[:-1]), costs[-1]


def client_days(days: DayRange) -> list[ClientDay]:
    """What each client cost on each day."""
    rollup, journal = source_of(_DAYS, is_narrow=False)
    return [
        ClientDay(*row) for row in _rows(_BY_CLIENT.format(rollup=rollup, journal=journal), days)
    ]


def _rows(sql: str, days: DayRange) -> list[tuple[Any, ...]]:
    span = {"since": days.since, "until": days.until}
    with connection.cursor() as cursor:
        cursor.execute(sql, span | {"tenant": active_scope().tenant_id})
        return list(cursor.fetchall())
