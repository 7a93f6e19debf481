"""Rows of what-if: the buckets of a span of days, and the events of those that must be priced one by one.

Promises: buckets are rollups and journal in one snapshot; an event stands as its corrections leave it, and one
that was taken back is not there.   Never: a row of another tenant.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from django.db import connection

from billing.flow.days import ZONE, day_of
from billing.flow.store import CLASS_COSTS, TOKENS
from billing.flow.usage import Counts
from billing.money import total
from billing.periods import DayRange
from tenants.scoping import active_scope

_TOKEN_SUMS = ", ".join(f"sum({name})::bigint" for name in TOKENS)
_COST_SUMS = ", ".join(f"sum({name})" for name in (*CLASS_COSTS, "cost_uncached"))
_WHERE = """tenant_id = %(tenant)s
    AND (%(client)s = '' OR client_id = (
        SELECT id FROM tenants_client WHERE tenant_id = %(tenant)s AND slug = %(client)s))
    AND (%(project)s = '' OR project_id = (
        SELECT id FROM tenants_project WHERE tenant_id = %(tenant)s AND slug = %(project)s))"""
_COLUMNS = "day, client_id, provider, model, variant, priced, events, " + ", ".join(
    (*TOKENS, *CLASS_COSTS, "cost_uncached")
)
_DAYS = "day >= %(since)s AND day < %(until)s"
_SLUG = "(SELECT slug FROM tenants_client c WHERE c.tenant_id = %(tenant)s AND c.id = client_id)"
_BUCKETS = f"""
SELECT day, {_SLUG}, provider, model, variant, priced, events, tokens, costs FROM (
    SELECT day, client_id, provider, model, variant, priced, sum(events)::bigint AS events,
        ARRAY[{_TOKEN_SUMS}] AS tokens, ARRAY[{_COST_SUMS}] AS costs
    FROM (
        SELECT {_COLUMNS} FROM billing_dailyspend WHERE {_WHERE} AND {_DAYS}
        UNION ALL
        SELECT {_COLUMNS} FROM billing_spendentry WHERE {_WHERE} AND {_DAYS}
    ) bucket GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(events) <> 0
) summed ORDER BY day, provider, model, variant
"""  # noqa: S608  built from constants only
_OLD_COST = " + ".join(CLASS_COSTS)
_EVENTS = f"""
SELECT day, {_SLUG}, provider, model, variant, occurred_at, stop_reason, extras,
    ARRAY[{", ".join(TOKENS)}], cost, priced
FROM (
    SELECT e.*, {day_of("e.occurred_at")} AS day, {_OLD_COST} + coalesce(step.cost, 0) AS cost,
        CASE WHEN step.steps > 0 THEN step.last_price ELSE price_id END IS NOT NULL AS priced,
        1 + coalesce(step.events, 0) AS counted
    FROM (
        SELECT * FROM billing_usageevent WHERE {_WHERE}
            AND occurred_at >= %(first)s AND occurred_at < %(last)s AND model = ANY(%(models)s)
    ) e CROSS JOIN {ZONE}
    LEFT JOIN LATERAL (
        SELECT count(*) AS steps, sum(events) AS events, sum({_OLD_COST}) AS cost,
            (array_agg(price_id ORDER BY number DESC))[1] AS last_price
        FROM billing_eventcorrection c
        WHERE c.tenant_id = %(tenant)s AND c.occurred_at = e.occurred_at AND c.key = e.key
    ) step ON TRUE
) standing
WHERE counted > 0 AND (day, provider, model) IN (
    SELECT * FROM unnest(%(days)s::date[], %(providers)s::text[], %(models)s::text[]))
"""  # noqa: S608  built from constants only


@dataclass(frozen=True, slots=True)
class Bucket:
    """What one client's calls of a day, model and variant add up to."""

    day: date
    client: str
    provider: str
    model: str
    variant: str
    priced: bool
    events: int
    tokens: Counts
    costs: tuple[Decimal, ...]
    cost_uncached: Decimal

    @property
    def cost(self) -> Decimal:
        return total(self.costs)


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it counts now. `variant`, tokens and extras are as it was reported."""

    day: date
    client: str
    provider: str
    model: str
    variant: str
    occurred_at: datetime
    stop_reason: str
    extras: Mapping[str, object] | None
    tokens: Counts
    cost: Decimal
    priced: bool


def buckets(days: DayRange, *, client: str, project: str) -> list[Bucket]:
    parameters = {"since": days.since, "until": days.until, "client": client, "project": project}
    return [Bucket(*found[:7], *_measured(*found[7:])) for found in _rows(_BUCKETS, parameters)]


def events_of(
    groups: Sequence[tuple[date, str, str]], *, client: str, project: str
) -> Iterator[Event]:
    """The events of these days, providers and models."""
    if not groups:
        return
    days = [day for day, _, _ in groups]
    parameters = {
        "client": client,
        "project": project,
        "first": _midnight(min(days)) - timedelta(days=1),
        "last": _midnight(max(days)) + timedelta(days=2),
        "days": days,
        "providers": [provider for _, provider, _ in groups],
        "models": [model for _, _, model in groups],
    }
    for found in _rows(_EVENTS, parameters):
        extras = msgspec.json.decode(found[7]) if isinstance(found[7], str) else found[7]
        values: tuple[Any, ...] = (*found[:7], extras, tuple(found[8]), *found[9:])
        yield Event(*values)


def _measured(tokens: list[int], costs: list[Decimal]) -> tuple[Any, ...]:
    return tuple(tokens), tuple(costs[:-1]), costs[-1]


def _rows(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters | {"tenant": active_scope().tenant_id})
        return list(cursor.fetchall())


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)
