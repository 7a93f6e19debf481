"""Again: what an event had cost with other tokens, by the price engine, and only where the engine confirms the
present cost first.

In:   an event of the ledger as it stands, with its corrections.   Out: dollars saved; None: nothing is claimed.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

from msgspec import Struct

from billing.flow.extras import raw_usage
from billing.flow.price import PriceBook, Priced, price_event
from billing.flow.usage import Counts, Part, Usage, read_usage
from billing.money import minus

_NO_TOKENS: Final = (0, 0, 0, 0, 0, 0)
INPUT, WRITE_5M, WRITE_1H, READ = range(4)


class Standing(Struct, frozen=True):
    """An event that was billed as one call. `cost` is what it counts now."""

    at: datetime
    provider: str
    model: str
    variant: str
    tokens: Counts
    cost: Decimal


def saving(book: PriceBook, event: Standing, *others: Counts) -> list[Decimal] | None:
    """What the event had cost less with each of these tokens; None where the book does not explain its cost."""
    now = cost_of(book, event, event.tokens)
    if now is None or now != event.cost:
        return None
    found = [cost_of(book, event, each) for each in others]
    return [minus(now, each) for each in found if each is not None]


def cost_of(book: PriceBook, event: Standing, tokens: Counts) -> Decimal | None:
    shape = usage_of(event.variant)
    usage = Usage((Part(event.model, tokens),), shape.tier, shape.speed, shape.geo)
    priced = price_event(book, provider=event.provider, occurred_at=event.at, usage=usage)
    return priced.cost if isinstance(priced, Priced) else None


@lru_cache(maxsize=100)
def usage_of(variant: str) -> Usage:
    """Tier, speed and place of a variant."""
    raw = raw_usage(None, tokens=_NO_TOKENS, variant=variant)
    return read_usage(raw, model="", stop_reason="")


def moved(tokens: Counts, *, amount: int, sources: Sequence[int], target: int | None) -> Counts:
    """The tokens with so many of them taken from classes, in this order, and put to another; None: left out."""
    counts = list(tokens)
    for source in sources:
        part = min(amount, counts[source])
        counts[source] -= part
        amount -= part
        if target is not None:
            counts[target] += part
    a, b, c, d, e, f = counts
    return a, b, c, d, e, f
