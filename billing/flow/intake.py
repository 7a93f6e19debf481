"""Intake: the raw items of one batch -> a verdict for each, and the new ones on disk.

In:   raw JSON items, the key they came with (or none, for an importer), the time now.
Out:  one Verdict per item, in order: accepted, duplicate, conflict or rejected.
Promises: one transaction per batch; a verdict of accepted or duplicate means that the event is stored once
      that transaction has committed; a broken item costs its neighbours nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import connection
from msgspec import Struct

from billing.flow.book import price_book
from billing.flow.extras import extras_of
from billing.flow.price import PriceBook, Priced, Unpriced, price_event
from billing.flow.store import LedgerRow, Stored, store
from billing.flow.validate import Rejection, ValidEvent, validate
from billing.money import ZERO
from tenants.keys import FoundKey
from tenants.scoping import active_scope

NO_KEY = 0
"""Stands for the key of events that an importer brought."""


class Verdict(Struct, frozen=True):  # not a dataclass: see usage.py
    """What became of one item. `cost` is None unless it is stored and priced."""

    status: str
    event_id: str | None
    cost: Decimal | None = None
    unpriced_reason: str = ""
    code: str = ""
    detail: str = ""
    field: str = ""


class Place(Struct, frozen=True):
    """Where an event of a project is booked."""

    project_id: int
    client_id: int


Checked = ValidEvent | Rejection

DESK = "SELECT version, places FROM intake_desk(%s, %s)"
NOT_PRICED = (ZERO,) * 6


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
    rows: dict[str, LedgerRow] = {}
    said: dict[str, Stored] = {}
    for event in checked:
        # Of items that share an identity inside one batch only the first may be stored.
        if isinstance(event, ValidEvent) and event.project in places and event.key not in rows:
            priced = price_event(
                book, provider=event.provider, occurred_at=event.occurred_at, usage=event.usage
            )
            place = places[event.project]
            rows[event.key] = _row(event, priced, place=place, key=key, now=now)
            said[event.key] = _as_stored(event, priced)
    before = store(list(rows.values()))
    standing = said | before
    new = said.keys() - before.keys()
    return [_verdict(each, places, standing, new) for each in checked]


def _desk(slugs: set[str]) -> tuple[dict[str, Place], PriceBook]:
    """What a batch needs before it is priced: its share of the days, its places, the book. One query.

    Archived projects count too: their applications may still run, and what they spend is spent.
    """
    with connection.cursor() as cursor:
        cursor.execute(DESK, [active_scope().tenant_id, list(slugs)])
        version, places = cursor.fetchone()
    return {slug: Place(*ids) for slug, ids in (places or {}).items()}, price_book(version)


def _row(
    event: ValidEvent,
    result: Priced | Unpriced,
    *,
    place: Place,
    key: FoundKey | None,
    now: datetime,
) -> LedgerRow:
    item, tokens = event.item, event.usage.tokens
    priced = result if isinstance(result, Priced) else None
    costs = priced.costs if priced else NOT_PRICED
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
        source=item.source,
        event_id=item.id,
        provider=event.provider,
        model=item.model,
        variant=result.variant,
        unpriced_reason=result.reason if isinstance(result, Unpriced) else None,
        feature=item.feature,
        environment=item.environment,
        session=item.session,
        task=item.task,
        end_user=item.end_user,
        stop_reason=item.stop_reason,
        streamed=item.streamed,
        tool_calls=item.tool_calls,
        components=item.components or None,
        tags=item.tags or None,
        extras=extras_of(item.usage, tokens=tokens, variant=result.variant),
    )


def _as_stored(event: ValidEvent, result: Priced | Unpriced) -> Stored:
    """What stands under the identity of an event once it is stored."""
    if isinstance(result, Unpriced):
        return Stored(event.payload_hash, None, result.reason)
    return Stored(event.payload_hash, result.cost, "")


def _verdict(
    each: Checked, places: dict[str, Place], standing: dict[str, Stored], new: set[str]
) -> Verdict:
    """The verdict of one item; the first that is new takes its identity out of `new`."""
    if isinstance(each, Rejection):
        return _rejected(each)
    if each.project not in places:
        return _rejected(_unknown_project(each))
    there = standing[each.key]
    if there.payload_hash != each.payload_hash:
        return Verdict(
            "conflict",
            each.item.id,
            code="conflict",
            detail="Another event was counted under this source and id; nothing was changed.",
        )
    status = "accepted" if each.key in new else "duplicate"
    new.discard(each.key)
    return Verdict(status, each.item.id, there.cost, there.unpriced_reason)


def _unknown_project(event: ValidEvent) -> Rejection:
    return Rejection(
        "unknown_project",
        f"There is no project {event.project!r} in this tenant.",
        field="project",
        event_id=event.item.id,
    )


def _rejected(rejection: Rejection) -> Verdict:
    return Verdict(
        "rejected",
        rejection.event_id,
        code=rejection.code,
        detail=rejection.detail,
        field=rejection.field,
    )
