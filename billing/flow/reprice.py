"""Reprice: price one batch of stored events again by today's book, and book what differs.

Plain events, nearly all, go through one statement (flow/reprice_plain.py); the others through the engine here.

In:   the events of a run behind its last one, oldest first.   Out: what differs, per client and day.
Promises: the ledger's rows stay; each event whose cost or bucket differs gets steps beside it, and the journal
      rows that move the totals are the same statement. A second batch over the same events changes nothing.
      Events that were taken back stay so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
from django.db import connection

from billing.flow.days import ZONE, day_of
from billing.flow.extras import raw_usage
from billing.flow.journal import described, journal_rows, tokens_of
from billing.flow.locks import own_corrections, share_days
from billing.flow.price import PriceBook, Priced, price_event
from billing.flow.reprice_plain import PLAIN, compare_plain, rate_rows
from billing.flow.store import CLASS_COSTS, COSTS, DIMENSIONS, TOKENS, Bound
from billing.flow.usage import read_usage
from billing.models import Repricing
from billing.money import ZERO, minus, total
from tenants.scoping import active_scope

BATCH: Final = 20_000

_BOOKED = [name for name in DIMENSIONS if name != "variant"]
_ALL = ", ".join((*TOKENS, *COSTS))

_ASKED = """e.tenant_id = %(tenant)s AND e.occurred_at >= %(from)s
    AND (%(key)s::uuid IS NULL OR (e.occurred_at, e.key) > (%(from)s, %(key)s::uuid))
    AND (%(models)s::text[] = '{}' OR e.model = ANY(%(models)s))
    AND (NOT %(only_unpriced)s OR e.price_id IS NULL OR EXISTS (
        SELECT FROM billing_eventcorrection c WHERE c.tenant_id = e.tenant_id
            AND c.occurred_at = e.occurred_at AND c.key = e.key AND c.price_id IS NULL))"""
_CHOSEN = (
    f"{_ASKED} AND (e.occurred_at, e.key) <= (%(last_at)s, %(last_key)s::uuid)"
    " AND e.occurred_at <= %(last_at)s"
)

# Where the batch ends, and how many events are in it.
LAST: Final = f"""
SELECT occurred_at, key, count(*) OVER () FROM (
    SELECT e.occurred_at, e.key FROM billing_usageevent e
    WHERE {_ASKED} AND e.occurred_at < %(until)s
    ORDER BY e.occurred_at, e.key LIMIT %(limit)s) batch
ORDER BY occurred_at DESC, key DESC LIMIT 1
"""  # noqa: S608  built from constants only

LOOK, APPLY = (compare_plain(_CHOSEN, apply=apply) for apply in (False, True))

GROUPS: Final = f"""
SELECT DISTINCT e.provider, e.model, e.variant FROM billing_usageevent e WHERE {_CHOSEN}
"""  # noqa: S608  built from constants only

ODD: Final = f"""
SELECT e.occurred_at, e.key, e.client_id, e.provider, e.model, e.stop_reason, e.variant, e.price_id,
    {day_of("e.occurred_at")}, e.extras::text, {", ".join(f"e.{name}" for name in (*TOKENS, *COSTS))}
FROM billing_usageevent e CROSS JOIN {ZONE} WHERE {_CHOSEN} AND NOT ({PLAIN})
ORDER BY e.occurred_at, e.key
"""  # noqa: S608  built from constants only

# What the steps so far have changed, per bucket of an event.
STEPS: Final = f"""
SELECT key, price_id IS NOT NULL, variant, max(number), sum(events)::int,
    (array_agg(price_id ORDER BY number DESC))[1], {", ".join(f"sum({name})" for name in COSTS)}
FROM billing_eventcorrection
WHERE tenant_id = %(tenant)s AND occurred_at >= %(first)s AND occurred_at <= %(last)s AND key = ANY(%(keys)s)
GROUP BY 1, 2, 3
"""  # noqa: S608  built from constants only

BOOK: Final = f"""
WITH incoming AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(steps)s::json) AS row(
        key uuid, occurred_at timestamptz, number integer, events integer, price_id integer, variant text,
        unpriced_reason text, {", ".join(f"{name} bigint" for name in TOKENS)},
        {", ".join(f"{name} numeric" for name in COSTS)})
), booked AS MATERIALIZED (
    SELECT i.*, {", ".join(f"e.{name}" for name in _BOOKED)}, {day_of("i.occurred_at")} AS day,
        date_trunc('hour', i.occurred_at, 'UTC') AS hour, i.price_id IS NOT NULL AS priced,
        {described("e")} AS described, {tokens_of("e")} AS event_tokens
    FROM incoming i JOIN billing_usageevent e
        ON e.tenant_id = %(tenant)s AND e.occurred_at = i.occurred_at AND e.key = i.key
    CROSS JOIN {ZONE}
), steps AS (
    INSERT INTO billing_eventcorrection (tenant_id, client_id, occurred_at, key, number, kind, made_at, reason,
        actor_label, repricing_id, unpriced_reason, price_id, variant, events, {_ALL})
    SELECT %(tenant)s, client_id, occurred_at, key, number, 'reprice', %(now)s, '', '', %(run)s,
        unpriced_reason, price_id, variant, events, {_ALL} FROM booked
)
{journal_rows("booked")}
"""  # noqa: S608  built from constants only

_ENCODER = msgspec.json.Encoder()
_NOTHING = (ZERO,) * len(COSTS)
_NO_TOKENS = (0,) * len(TOKENS)


class Standing(NamedTuple):
    """What an event counts: in which bucket, at what cost per class, and by which row. None: unpriced."""

    price_id: int | None
    variant: str
    costs: tuple[Decimal, ...]

    @property
    def cost(self) -> Decimal:
        return total(self.costs[: len(CLASS_COSTS)])

    def is_same(self, other: "Standing") -> bool:
        return self.is_beside(other) and self.costs == other.costs

    def is_beside(self, other: "Standing") -> bool:
        """In one bucket: then the difference in cost is all there is to book."""
        return self.variant == other.variant and (self.price_id is None) == (other.price_id is None)


class Found(NamedTuple):
    """One event of a batch, how it stands now and after which step."""

    at: datetime
    key: UUID
    client_id: int
    day: date
    tokens: tuple[int, ...]
    now: Standing
    steps: int


@dataclass(slots=True)
class Moved:
    """What differs for one client on one day."""

    events: int = 0
    newly_priced: int = 0
    newly_unpriced: int = 0
    old_cost: Decimal = ZERO
    new_cost: Decimal = ZERO


@dataclass(slots=True)
class Batch:
    """How far it came (None: nothing was left), and what differs."""

    seen: int = 0
    last: tuple[datetime, UUID] | None = None
    days: dict[tuple[date, int], Moved] = field(default_factory=dict)


def reprice_batch(run: Repricing, book: PriceBook, *, apply: bool, now: datetime) -> Batch:
    """Compare the next events of the run with the book; with `apply` book what differs."""
    if apply:
        share_days()
        own_corrections()
    asked = _asked(run)
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL jit = off"
        )  # compiling these statements takes longer than a batch
        cursor.execute(LAST, asked)
        found = cursor.fetchone()
        if found is None:
            return Batch()
        at, key, seen = found
        batch = Batch(seen=seen, last=(at, key))
        asked |= {"last_at": at, "last_key": key, "now": now, "run": run.pk}
        cursor.execute(ODD, asked)  # before plain events get steps, which would make them odd
        odd = cursor.fetchall()
        cursor.execute(GROUPS, asked)
        rates = list(rate_rows(book, cursor.fetchall()))
        asked["rates"] = _ENCODER.encode(rates).decode()
        cursor.execute(APPLY if apply else LOOK, asked)
        for day, client, *moved in cursor.fetchall():
            batch.days[day, client] = Moved(*moved)
    _reprice_odd(run, book, odd, batch, apply=apply, now=now)
    return batch


def _reprice_odd(
    run: Repricing,
    book: PriceBook,
    rows: Sequence[tuple[Any, ...]],
    batch: Batch,
    *,
    apply: bool,
    now: datetime,
) -> None:
    """The events that are not plain, each priced by the engine from its raw usage."""
    steps: list[dict[str, object]] = []
    for event, new, reason in _priced_again(rows, book):
        is_asked_for = event.now.price_id is None or not run.only_unpriced
        if is_asked_for and not event.now.is_same(new):
            _note(batch, event, new)
            steps += _steps(event, new, reason)
    if apply and steps:
        parameters: Bound = {"tenant": active_scope().tenant_id, "run": run.pk, "now": now}
        parameters["steps"] = _ENCODER.encode(steps).decode()
        with connection.cursor() as cursor:
            cursor.execute(BOOK, parameters)


def _asked(run: Repricing) -> Bound:
    return {
        "tenant": active_scope().tenant_id,
        "from": run.last_at or run.starts_at,
        "key": run.last_key,
        "until": run.ends_at,
        "models": run.only_models,
        "only_unpriced": run.only_unpriced,
        "limit": BATCH,
    }


def _priced_again(
    rows: Sequence[tuple[Any, ...]], book: PriceBook
) -> Iterator[tuple[Found, Standing, str]]:
    """Each event that counts, what it would count by this book, and why that is no price."""
    before = _steps_before(rows) if rows else {}
    decode = msgspec.json.Decoder(dict[str, object]).decode
    for (
        at,
        key,
        client,
        provider,
        model,
        stop_reason,
        variant,
        price_id,
        day,
        extras,
        *sums,
    ) in rows:
        tokens, costs = tuple(sums[: len(TOKENS)]), tuple(sums[len(TOKENS) :])
        standing, number = Standing(price_id, variant, costs), 0
        if key in before:
            found = _after(standing, before[key])
            if found is None:
                continue
            standing, number = found
        raw = raw_usage(decode(extras) if extras else None, tokens=tokens, variant=variant)
        usage = read_usage(raw, model=model, stop_reason=stop_reason)
        result = price_event(book, provider=provider, occurred_at=at, usage=usage)
        event = Found(at, key, client, day, tokens, standing, number)
        if isinstance(result, Priced):
            costs = (*result.costs, result.cost_uncached, result.discount)
            yield event, Standing(result.price_id, result.variant, costs), ""
        else:
            yield event, Standing(None, result.variant, _NOTHING), result.reason


def _steps_before(rows: Sequence[tuple[Any, ...]]) -> dict[UUID, list[tuple[Any, ...]]]:
    parameters: Bound = {
        "tenant": active_scope().tenant_id,
        "first": rows[0][0],
        "last": rows[-1][0],
        "keys": [row[1] for row in rows],
    }
    found: dict[UUID, list[tuple[Any, ...]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(STEPS, parameters)
        for key, *step in cursor.fetchall():
            found.setdefault(key, []).append(tuple(step))
    return found


def _after(first: Standing, steps: Sequence[tuple[Any, ...]]) -> tuple[Standing, int] | None:
    """How an event stands after its steps, and the number of the last; None when it was taken back."""
    buckets = {(first.price_id is not None, first.variant): (1, first.price_id, first.costs)}
    for is_priced, variant, _, events, price_id, *costs in steps:
        count, before, sums = buckets.get((is_priced, variant), (0, None, _NOTHING))
        added = tuple(total(pair) for pair in zip(sums, costs, strict=True))
        buckets[is_priced, variant] = (count + events, price_id or before, added)
    number = max(step[2] for step in steps)
    for (_, variant), (count, price_id, sums) in buckets.items():
        if count:
            return Standing(price_id, variant, sums), number
    return None


def _note(batch: Batch, event: Found, new: Standing) -> None:
    moved = batch.days.setdefault((event.day, event.client_id), Moved())
    moved.events += 1
    moved.newly_priced += event.now.price_id is None and new.price_id is not None
    moved.newly_unpriced += event.now.price_id is not None and new.price_id is None
    moved.old_cost = total((moved.old_cost, event.now.cost))
    moved.new_cost = total((moved.new_cost, new.cost))


def _steps(event: Found, new: Standing, reason: str) -> Iterator[dict[str, object]]:
    """One step with the difference inside a bucket; from one bucket to another, two."""
    old, number = event.now, event.steps + 1
    if old.is_beside(new):
        costs = tuple(minus(*pair) for pair in zip(new.costs, old.costs, strict=True))
        yield _step(event, number, 0, new._replace(costs=costs), _NO_TOKENS, reason)
        return
    back = tuple(-each for each in event.tokens)
    costs = tuple(-each for each in old.costs)
    yield _step(event, number, -1, old._replace(costs=costs), back, "")
    yield _step(event, number + 1, 1, new, event.tokens, reason)


def _step(
    event: Found, number: int, events: int, to: Standing, tokens: Sequence[int], reason: str
) -> dict[str, object]:
    return {
        "key": event.key,
        "occurred_at": event.at,
        "number": number,
        "events": events,
        "price_id": to.price_id,
        "variant": to.variant,
        "unpriced_reason": reason,
        **dict(zip(TOKENS, tokens, strict=True)),
        **dict(zip(COSTS, to.costs, strict=True)),
    }
