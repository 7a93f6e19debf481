"""Intake: the raw items of one batch -> a verdict for each, and the new ones on disk.

In:   raw JSON items, the key they came with (or none, for an importer), the time now.
Out:  one Verdict per item, in order: accepted, duplicate, conflict or rejected.
Promises: one transaction per batch; a verdict of accepted or duplicate means that the event is stored once
      that transaction has committed; a broken item costs its neighbours nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

from billing.flow.book import VERSION, price_book
from billing.flow.extras import extras_of
from billing.flow.locks import SHARE_DAYS
from billing.flow.price import PriceBook, Priced, Unpriced, price_event
from billing.flow.store import CLASS_COSTS, LedgerRow, Stored, store, stored
from billing.flow.validate import Rejection, ValidEvent, validate
from billing.money import ZERO, total
from tenants.keys import FoundKey
from tenants.scoping import active_scope

NO_KEY = 0
"""Stands for the key of events that an importer brought."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one item. `cost` is None unless it is stored and priced."""

    status: str
    event_id: str | None
    cost: Decimal | None = None
    unpriced_reason: str = ""
    code: str = ""
    detail: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event of a project is booked."""

    project_id: int
    client_id: int


Checked = ValidEvent | Rejection

DESK = f"""
SELECT {SHARE_DAYS}::text, ({VERSION}),
    (SELECT json_object_agg(slug, json_build_array(id, client_id)) FROM tenants_project
     WHERE tenant_id = %(tenant)s AND slug = ANY(%(slugs)s))
"""  # noqa: S608  built from constants only


def check_items(items: Sequence[bytes], *, now: datetime, bound_project: str = "") -> list[Checked]:
    """Validate every item on its own. Pure, so it runs before any transaction is open."""
    checked: list[Checked] = []
    for raw in items:
        try:
            checked.append(validate(raw, now=now, bound_project=bound_project))
        except Rejection as rejection:
            checked.append(rejection)
    return checked


def accept(checked: Sequence[Checked], *, key: FoundKey | None, now: datetime) -> list[Verdict]:
    """Price and store what is new, inside the active scope, and say what became of each item."""
    places, book = _desk({each.project for each in checked if isinstance(each, ValidEvent)})
    placed = [_placed(each, places) for each in checked]
    first = _first_of_each_identity(placed)
    rows = {
        index: _row(event, book, place=places[event.project], key=key, now=now)
        for index, event in first.items()
    }
    fresh = store(list(rows.values()))
    before = stored({event.key for event in first.values()} - fresh)
    standing = before | {row.key: _as_stored(row) for row in rows.values() if row.key in fresh}
    return [
        _verdict(each, standing, is_new=index in first and each.key in fresh)
        if isinstance(each, ValidEvent)
        else _rejected(each)
        for index, each in enumerate(placed)
    ]


def _placed(each: Checked, places: dict[str, Place]) -> Checked:
    if isinstance(each, ValidEvent) and each.project not in places:
        return Rejection(
            "unknown_project",
            f"There is no project {each.project!r} in this tenant.",
            field="project",
            event_id=each.item.id,
        )
    return each


def _first_of_each_identity(checked: Sequence[Checked]) -> dict[int, ValidEvent]:
    """Of items that share an identity inside one batch only the first may be stored."""
    first: dict[int, ValidEvent] = {}
    seen = set()
    for index, each in enumerate(checked):
        if isinstance(each, ValidEvent) and each.key not in seen:
            seen.add(each.key)
            first[index] = each
    return first


def _desk(slugs: set[str]) -> tuple[dict[str, Place], PriceBook]:
    """What a batch needs before it is priced: its share of the days, its places, the book. One query.

    Archived projects count too: their applications may still run, and what they spend is spent.
    """
    with connection.cursor() as cursor:
        cursor.execute(DESK, {"tenant": active_scope().tenant_id, "slugs": list(slugs)})
        _, version, places = cursor.fetchone()
    return {slug: Place(*ids) for slug, ids in (places or {}).items()}, price_book(version)


def _row(
    event: ValidEvent, book: PriceBook, *, place: Place, key: FoundKey | None, now: datetime
) -> LedgerRow:
    item, tokens = event.item, event.usage.tokens
    result = price_event(
        book, provider=event.provider, occurred_at=event.occurred_at, usage=event.usage
    )
    priced = result if isinstance(result, Priced) else None
    costs = priced.costs if priced else (ZERO,) * 6
    return LedgerRow(
        key=event.key,
        payload_hash=event.payload_hash,
        occurred_at=event.occurred_at,
        received_at=now,
        client_id=place.client_id,
        project_id=place.project_id,
        api_key_id=key.id if key else NO_KEY,
        price_id=priced.price_id if priced else None,
        tokens_input=tokens[0],
        tokens_cache_write_5m=tokens[1],
        tokens_cache_write_1h=tokens[2],
        tokens_cache_read=tokens[3],
        tokens_output=tokens[4],
        tokens_web_search=tokens[5],
        cost_input=costs[0],
        cost_cache_write_5m=costs[1],
        cost_cache_write_1h=costs[2],
        cost_cache_read=costs[3],
        cost_output=costs[4],
        cost_web_search=costs[5],
        cost_uncached=priced.cost_uncached if priced else ZERO,
        discount=priced.discount if priced else ZERO,
        source=item.source or "",
        event_id=item.id,
        provider=event.provider,
        model=item.model,
        variant=result.variant,
        unpriced_reason=result.reason if isinstance(result, Unpriced) else "",
        feature=item.feature or "",
        environment=item.environment or "",
        session=item.session or "",
        task=item.task or "",
        end_user=item.end_user or "",
        stop_reason=item.stop_reason or "",
        streamed=item.streamed,
        tool_calls=item.tool_calls,
        components=item.components or None,
        tags=item.tags or None,
        extras=extras_of(item.usage, tokens=tokens, variant=result.variant),
    )


def _as_stored(row: LedgerRow) -> Stored:
    cost = None if row.price_id is None else total(getattr(row, name) for name in CLASS_COSTS)
    return Stored(row.payload_hash, cost, row.unpriced_reason)


def _verdict(event: ValidEvent, standing: dict[UUID, Stored], *, is_new: bool) -> Verdict:
    there = standing[event.key]
    if there.payload_hash != event.payload_hash:
        return Verdict(
            "conflict",
            event.item.id,
            code="conflict",
            detail="Another event was counted under this source and id; nothing was changed.",
        )
    status = "accepted" if is_new else "duplicate"
    return Verdict(status, event.item.id, there.cost, there.unpriced_reason)


def _rejected(rejection: Rejection) -> Verdict:
    return Verdict(
        "rejected",
        rejection.event_id,
        code=rejection.code,
        detail=rejection.detail,
        field=rejection.field,
    )
