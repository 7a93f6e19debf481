"""Intake: the raw items of one batch -> a verdict for each, and the new ones on disk.

In:   raw JSON items, the key they came with (or none, for an importer), the time now.
Out:  one Verdict per item, in order: accepted, duplicate, conflict or rejected.
Promises: one transaction per batch; a verdict of accepted or duplicate means that the event is stored once
      that transaction has committed; a broken item costs its neighbours nothing.

What the desk said last (the projects, the price book's version) is remembered, so that a batch is priced before
anybody is asked; the store takes it only if the desk still says the same (flow/store.py).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from billing.flow.book import price_book
from billing.flow.extras import extras_of
from billing.flow.price import PriceBook, Priced, Unpriced, price_event
from billing.flow.store import LedgerRow, Place, Stored, desk_of, take_in
from billing.flow.validate import Rejection, ValidEvent, validate
from billing.money import ZERO
from tenants.keys import FoundKey
from tenants.scoping import tenant_scope

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


class Desk(Struct, frozen=True):
    """What a batch needs before it is priced.

    Archived projects count too: their applications may still run, and what they spend is spent.
    """

    said: str
    """As the database put it; '' = nobody has asked it yet."""
    places: dict[str, Place]
    book: PriceBook


Checked = ValidEvent | Rejection

NOT_PRICED = (ZERO,) * 6
DESKS = 500
"""Desks remembered: one for each tenant and set of projects that come in one batch."""

_desks: dict[tuple[int, tuple[str, ...]], Desk] = {}


def check_items(items: Sequence[bytes], *, now: datetime, bound_project: str = "") -> list[Checked]:
    """Validate every item on its own. Pure, so it runs before any transaction is open."""
    checked: list[Checked] = []
    for raw in items:
        try:
            checked.append(validate(raw, now=now, bound_project=bound_project))
        except Rejection as rejection:
            checked.append(rejection)
    return checked


def accept(
    checked: Sequence[Checked],
    *,
    tenant_id: int,
    key: FoundKey | None,
    now: datetime,
    within: timedelta | None = None,
) -> list[Verdict]:
    """Price and store what is new, and say what became of each item.

    Outside any scope it is a transaction of its own, whose statements are bounded by `within`.
    Raises InvalidKey, and nothing is stored, where the key is no longer valid.
    """
    slugs = tuple(sorted({each.project for each in checked if isinstance(each, ValidEvent)}))
    if not slugs and not (key and key.on_trust):
        return [_verdict(each, {}, {}, set()) for each in checked]
    desk = _desks.get((tenant_id, slugs))
    while True:
        rows, said = _priced(checked, desk, key=key, now=now) if desk else ({}, {})
        answer = take_in(
            [*rows.values()],
            tenant_id=tenant_id,
            key=key,
            now=now,
            slugs=slugs,
            desk=desk.said if desk else "",
            within=within,
        )
        if answer.desk is None and desk is not None:
            break
        desk = _remember(tenant_id, slugs, answer.desk or "")
    standing = said | answer.before
    new = said.keys() - answer.before.keys()
    return [_verdict(each, desk.places, standing, new) for each in checked]


def _priced(
    checked: Sequence[Checked], desk: Desk, *, key: FoundKey | None, now: datetime
) -> tuple[dict[str, LedgerRow], dict[str, Stored]]:
    """By identity: the rows to store, and what stands there once they are.

    Of items that share an identity inside one batch only the first may be stored.
    """
    rows: dict[str, LedgerRow] = {}
    said: dict[str, Stored] = {}
    places, book = desk.places, desk.book
    for event in checked:
        if isinstance(event, ValidEvent) and event.project in places and event.key not in rows:
            priced = price_event(
                book, provider=event.provider, occurred_at=event.occurred_at, usage=event.usage
            )
            place = places[event.project]
            rows[event.key] = _row(event, priced, place=place, key=key, now=now)
            said[event.key] = _as_stored(event, priced)
    return rows, said


def _remember(tenant_id: int, slugs: tuple[str, ...], said: str) -> Desk:
    version, places = desk_of(said)
    with tenant_scope(tenant_id):
        desk = Desk(said, places, price_book(version))
    if len(_desks) >= DESKS:
        _desks.clear()
    _desks[tenant_id, slugs] = desk
    return desk


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
