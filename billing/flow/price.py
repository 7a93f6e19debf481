"""Price: usage + price book -> what the event costs per class, or why it has no price.

In:   the `Usage` of one response, provider and time.   Out: `Priced` or `Unpriced`; or its lines.
Promises: every figure is exact, tokens x rate x multipliers in Decimal, and the lines of `explain`
add up to the cost of `price_event` to the last digit.
Never: a guess, or a zero, in place of an unknown price; a rounded figure; I/O.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from msgspec import Struct

from billing.flow.price_book import REASONS, Card, PriceBook, PriceEntry, Rates, variant_of
from billing.flow.usage import Part, Usage
from billing.money import EXACT, TOKEN_CLASSES, ZERO, minus, total

__all__ = [
    "REASONS",
    "Line",
    "PriceBook",
    "PriceEntry",
    "Priced",
    "Unpriced",
    "explain",
    "price_event",
]

_NOTHING: Final[Rates] = (ZERO, ZERO, ZERO, ZERO, ZERO, ZERO)
_add: Final = EXACT.add
_times: Final = EXACT.multiply
_times_plus: Final = EXACT.fma


class Priced(Struct, frozen=True, gc=False):  # not a dataclass: see usage.py
    """The dollars of one event, per class. Sums over its parts.

    `cost_uncached` is what the same call had cost without any caching. `price_id` is the row of the
    call that answered; the rows of other parts (advisors, other attempts) are in `explain`.
    `discount` is what the list asks above that: zero at list price, or where the list has no price.
    """

    costs: Rates
    cost_uncached: Decimal
    variant: str
    price_id: int
    discount: Decimal = ZERO

    @property
    def cost(self) -> Decimal:
        return total(filter(None, self.costs))


@dataclass(frozen=True, slots=True)
class Unpriced:
    """An event without a price. `reason` is a key of `REASONS`."""

    reason: str
    variant: str


@dataclass(frozen=True, slots=True)
class Line:
    """tokens x rate_per_million / 1,000,000 x multipliers = cost, at one row of the book."""

    token_class: str
    tokens: int
    rate_per_million: Decimal
    multipliers: Mapping[str, Decimal]
    cost: Decimal
    model: str
    price_id: int


def price_event(
    book: PriceBook, *, provider: str, occurred_at: datetime, usage: Usage
) -> Priced | Unpriced:
    """Price one event at the rates of its UTC day. ValueError for a time without a zone."""
    if usage.unclear:
        return Unpriced(usage.unclear, variant_of(usage))
    day = occurred_at.toordinal() if occurred_at.tzinfo is UTC else _utc_day(occurred_at)
    top = usage.parts[0]
    card = book.flat.get((provider, top.model, usage.tier, usage.speed, usage.geo, day))
    if card is None:
        found = book.card(top, provider=provider, usage=usage, day=day)
        if isinstance(found, str):
            return Unpriced(found, variant_of(usage))
        card = found
    costs, uncached = cost_at(top, card)
    for part in usage.parts[1:]:
        if not part.is_billed:
            continue
        other = book.card(part, provider=provider, usage=usage, day=day)
        if isinstance(other, str):
            return Unpriced(other, variant_of(usage))
        added, added_uncached = cost_at(part, other)
        costs = _sums(costs, added)
        uncached = _add(uncached, added_uncached)
    discount = ZERO
    if book.list_book is not None:
        listed = price_event(
            book.list_book, provider=provider, occurred_at=occurred_at, usage=usage
        )
        discount = minus(listed.cost, total(costs)) if isinstance(listed, Priced) else ZERO
    return Priced(costs, uncached, card.variant, card.entry.id, discount)


def explain(
    book: PriceBook, *, provider: str, occurred_at: datetime, usage: Usage
) -> list[Line] | Unpriced:
    """The lines behind `price_event`, part by part; classes without tokens are left out.

    A part that is free has no lines: `usage.parts` still says what was reported.
    """
    priced = price_event(book, provider=provider, occurred_at=occurred_at, usage=usage)
    if isinstance(priced, Unpriced):
        return priced
    day = _utc_day(occurred_at)
    lines: list[Line] = []
    for part in usage.parts:
        card = book.card(part, provider=provider, usage=usage, day=day)
        if part.is_billed and isinstance(card, Card):
            lines.extend(_lines(part, card))
    return lines


def _utc_day(moment: datetime) -> int:
    if moment.tzinfo is UTC:
        return moment.toordinal()
    if moment.tzinfo is None:
        raise ValueError("occurred_at needs a time zone")
    return moment.astimezone(UTC).toordinal()


def cost_at(part: Part, card: Card) -> tuple[Rates, Decimal]:
    """The cost per class, and what it had been with every prompt token at the input rate."""
    if not part.is_billed:
        return _NOTHING, ZERO
    fresh, written_5m, written_1h, read, output, searches = part.tokens
    input_rate, rate_5m, rate_1h, read_rate, output_rate, search_rate = card.per_token
    output_cost = _times(output_rate, output) if output else ZERO
    search_cost = _times(search_rate, searches) if searches else ZERO
    input_cost = _times(input_rate, fresh) if fresh else ZERO
    uncached = _times_plus(input_rate, fresh + written_5m + written_1h + read, output_cost)
    return (
        (
            input_cost,
            _times(rate_5m, written_5m) if written_5m else ZERO,
            _times(rate_1h, written_1h) if written_1h else ZERO,
            _times(read_rate, read) if read else ZERO,
            output_cost,
            search_cost,
        ),
        _add(uncached, search_cost) if searches else uncached,
    )


def _lines(part: Part, card: Card) -> Iterator[Line]:
    for index, (name, tokens) in enumerate(zip(TOKEN_CLASSES, part.tokens, strict=True)):
        if tokens:
            yield Line(
                token_class=name,
                tokens=tokens,
                rate_per_million=card.entry.rates[index],
                multipliers=card.multipliers_of(name),
                cost=_times(card.per_token[index], tokens),
                model=card.entry.model,
                price_id=card.entry.id,
            )


def _sums(costs: Rates, added: Rates) -> Rates:
    a, b, c, d, e, f = map(_add, costs, added)
    return a, b, c, d, e, f
