"""Unpriced: the queue of models whose events have no price, and whether the book has one for them by now.

In:   rollups and journal of all days.   Out: a row per model with its events, its days and the reasons.
Promises: the events are those that every page counts as unpriced, to the last one: what was voided, or priced
      since, is in none of them. The reason is that of the newest event of each variant, from the ledger.
Never: a price, or a guess at one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from billing.flow.book import price_book
from billing.flow.extras import raw_usage
from billing.flow.price import PriceBook, Priced, price_event
from billing.flow.usage import Counts, read_usage
from billing.models import UsageEvent
from billing.money import TOKEN_CLASSES
from tenants.scoping import active_scope

MOST = 200
"""Models that are listed, those with most events first; `model_count` counts them all."""

_TOKENS = tuple(f"tokens_{name}" for name in TOKEN_CLASSES)
_SUMS = ", ".join(f"sum({name}) AS {name}" for name in _TOKENS)
_BUCKET = f"SELECT day, client_id, provider, model, variant, events, {', '.join(_TOKENS)}"
_CLIENTS = (
    "SELECT slug FROM tenants_client c WHERE c.tenant_id = %(tenant)s AND c.id = ANY(clients)"
)


@dataclass(frozen=True, slots=True)
class UnpricedModel:
    """`since` and `last` are days of the tenant. `priced_now`: events whose price the book knows by now."""

    provider: str
    model: str
    events: int
    tokens: dict[str, int]
    since: date
    last: date
    clients: tuple[str, ...]
    reasons: tuple[str, ...]
    priced_now: int


@dataclass(frozen=True, slots=True)
class UnpricedQueue:
    events: int
    model_count: int
    models: list[UnpricedModel]


@dataclass(frozen=True, slots=True)
class _Variant:
    """What one model in one variant has in the queue, and its newest event as far as the ledger is kept."""

    provider: str
    model: str
    events: int
    tokens: Counts
    since: date
    last: date
    clients: Sequence[str]
    newest: tuple[datetime, UUID] | None


def unpriced_queue(*, project: str = "") -> UnpricedQueue:
    """The queue of the active tenant, or of one project; most events first. Empty for a client viewer:
    prices are the agency's affair."""
    scope = active_scope()
    if scope.client_id is not None:
        return UnpricedQueue(0, 0, [])
    parameters: dict[str, int | str] = {
        "tenant": scope.tenant_id,
        "project": project,
        "most": MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(_sql(of_project=bool(project)), parameters)
        rows = cursor.fetchall()
    if not rows:
        return UnpricedQueue(0, 0, [])
    variants = [_variant(row) for row in rows]
    newest = _newest(variants)
    book = price_book()
    by_model: dict[tuple[str, str], list[_Variant]] = {}
    for each in variants:
        by_model.setdefault((each.provider, each.model), []).append(each)
    models = [_model(parts, newest, book) for parts in by_model.values()]
    models.sort(key=lambda each: (-each.events, each.provider, each.model))
    return UnpricedQueue(events=int(rows[0][0]), model_count=int(rows[0][1]), models=models)


def _sql(*, of_project: bool) -> str:
    where = "tenant_id = %(tenant)s AND NOT priced"
    event_where = "e.tenant_id = %(tenant)s"
    if of_project:
        named = "(SELECT id FROM tenants_project p WHERE p.tenant_id = %(tenant)s AND p.slug = %(project)s)"
        where += f" AND project_id = {named}"
        event_where += f" AND e.project_id = {named}"
    return f"""
    WITH per_day AS (
        SELECT provider, model, variant, client_id, day, sum(events) AS events, {_SUMS}
        FROM ({_BUCKET} FROM billing_dailyspend WHERE {where}
            UNION ALL {_BUCKET} FROM billing_spendentry WHERE {where}) bucket
        GROUP BY provider, model, variant, client_id, day HAVING sum(events) <> 0
    ), queue AS (
        SELECT provider, model, variant, sum(events) AS events, {_SUMS},
            min(day) AS since, max(day) AS last, array_agg(DISTINCT client_id) AS clients
        FROM per_day GROUP BY provider, model, variant
    ), listed AS (
        SELECT provider, model FROM queue GROUP BY provider, model
        ORDER BY sum(events) DESC, provider, model LIMIT %(most)s
    )
    SELECT (SELECT sum(events) FROM queue), (SELECT count(DISTINCT (provider, model)) FROM queue),
        provider, model, events, {", ".join(_TOKENS)}, since, last, ARRAY({_CLIENTS} ORDER BY slug),
        newest.occurred_at, newest.key
    FROM queue JOIN listed USING (provider, model)
    LEFT JOIN LATERAL (
        SELECT e.occurred_at, e.key FROM billing_usageevent e
        WHERE {event_where} AND e.price_id IS NULL
            AND e.provider = queue.provider AND e.model = queue.model AND e.variant = queue.variant
            AND NOT EXISTS (SELECT FROM billing_eventcorrection c WHERE c.tenant_id = %(tenant)s
                AND c.occurred_at = e.occurred_at AND c.key = e.key AND c.events < 0)
        ORDER BY e.occurred_at DESC LIMIT 1
    ) newest ON true
    """  # noqa: S608  built from constants only; every value is a parameter


def _variant(row: tuple[Any, ...]) -> _Variant:
    _, _, provider, model, events, *rest = row
    since, last, clients, occurred_at, key = rest[6:]
    counts = tuple(int(each) for each in rest[:6])
    newest = (occurred_at, key) if key else None
    return _Variant(provider, model, int(events), counts, since, last, clients, newest)  # type: ignore[arg-type]


def _newest(variants: Iterable[_Variant]) -> dict[UUID, UsageEvent]:
    found = [each.newest for each in variants if each.newest]
    events = UsageEvent.objects.filter(
        occurred_at__in=[at for at, _ in found], key__in=[key for _, key in found]
    )
    return {event.key: event for event in events}


def _model(
    parts: Sequence[_Variant], newest: dict[UUID, UsageEvent], book: PriceBook
) -> UnpricedModel:
    events = [(part, newest.get(part.newest[1])) for part in parts if part.newest]
    reasons = {event.unpriced_reason: None for _, event in events if event}
    return UnpricedModel(
        provider=parts[0].provider,
        model=parts[0].model,
        events=sum(part.events for part in parts),
        tokens={
            name: sum(part.tokens[index] for part in parts)
            for index, name in enumerate(TOKEN_CLASSES)
        },
        since=min(part.since for part in parts),
        last=max(part.last for part in parts),
        clients=tuple(sorted({slug for part in parts for slug in part.clients})),
        reasons=tuple(reasons),
        priced_now=sum(part.events for part, event in events if event and _has_price(event, book)),
    )


def _has_price(event: UsageEvent, book: PriceBook) -> bool:
    tokens = tuple(getattr(event, name) for name in _TOKENS)
    usage = read_usage(
        raw_usage(event.extras, tokens=tokens, variant=event.variant),
        model=event.model,
        stop_reason=event.stop_reason,
    )
    found = price_event(book, provider=event.provider, occurred_at=event.occurred_at, usage=usage)
    return isinstance(found, Priced)
