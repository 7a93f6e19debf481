"""Change: what is asked of past calls: another model, lifetime, batch, place, price; or no caching at all.

In:   a call's usage and the price book.   Out: the usage and the book as they would have been. Pure.
Promises: no token is added or lost, only moved between classes; what is not changed stays as reported.
Never: another behaviour of people or models. A longer lifetime would have met more reads, a smaller model
answered at other length: nobody knows how much, so nothing of it is made up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import replace as with_fields
from decimal import Decimal
from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from billing.flow.price_book import BATCH, DISCOUNT, US, Card, PriceBook, PriceEntry, Span
from billing.flow.usage import Counts, Part, Usage
from billing.money import EXACT, TOKEN_CLASSES

CACHING: Final = ("off", "5m", "1h")
LEAST_PER_CENT: Final = -100
MOST_PER_CENT: Final = 1_000


@dataclass(frozen=True, slots=True)
class Change:
    """What is changed; '' and False and 0 leave as it was.

    `of_model`: only calls of this model. `model`: the one to call instead. `caching`: off, or the lifetime of
    every write. `per_cent`: all prices higher by so much, or lower.
    """

    model: str = ""
    of_model: str = ""
    caching: str = ""
    batch: bool = False
    us: bool = False
    per_cent: int = 0
    rates: tuple[tuple[str, Decimal], ...] = ()

    @property
    def is_none(self) -> bool:
        return self == Change(of_model=self.of_model)


def changed_usage(usage: Usage, change: Change, *, own_model: str) -> Usage:
    """The usage as it would have been. Parts of other models than `own_model`, as advisors, keep theirs."""
    parts = tuple(_changed_part(part, change, own_model=own_model) for part in usage.parts)
    return Usage(
        parts,
        BATCH if change.batch else usage.tier,
        usage.speed,
        US if change.us else usage.geo,
        usage.unclear,
    )


def _changed_part(part: Part, change: Change, *, own_model: str) -> Part:
    model = change.model if change.model and part.model == own_model else part.model
    return replace(part, model=model, tokens=_moved(part.tokens, change.caching))


def _moved(tokens: Counts, caching: str) -> Counts:
    fresh, written_5m, written_1h, read, output, searches = tokens
    written = written_5m + written_1h
    if caching == "off":
        return fresh + written + read, 0, 0, 0, output, searches
    if caching == "5m":
        return fresh, written, 0, read, output, searches
    if caching == "1h":
        return fresh, 0, written, read, output, searches
    return tokens


class OwnRates(PriceBook):
    """A book in which one model, or with '' every one, has some rates of its own on all days."""

    def __init__(self, book: PriceBook, rates: tuple[tuple[str, Decimal], ...], model: str) -> None:
        super().__init__(
            version=book.version,
            entries=book.entries,
            aliases=book.aliases,
            agreed=book.agreed,
            discounts=book.discounts,
        )
        self.rates = dict(rates)
        self.of_model = model

    def _find_spans(self, model: str, provider: str, usage: Usage) -> tuple[Span, ...] | str:
        spans = super()._find_spans(model, provider, usage)
        name = self.model_name(model, provider=provider)
        wanted = self.model_name(self.of_model, provider=provider) if self.of_model else name
        if isinstance(spans, str) or name != wanted:
            return spans
        return tuple(
            Span(each.first_day, each.end_day, tuple(self._own(*step) for step in each.steps))
            for each in spans
        )

    def _own(self, over: int, card: Card | str) -> tuple[int, Card | str]:
        return over, card if isinstance(card, str) else own_rates(card, self.rates)


def own_rates(card: Card, rates: Mapping[str, Decimal]) -> Card:
    """The card with these dollars per million: batches and US inference count, a discount does not."""
    per_token = list(card.per_token)
    for place, name in enumerate(TOKEN_CLASSES):
        if name in rates:
            rate = EXACT.scaleb(rates[name], -6)
            for modifier, multiplier in card.multipliers_of(name).items():
                rate = rate if modifier == DISCOUNT else EXACT.multiply(rate, multiplier)
            per_token[place] = rate.normalize(EXACT)
    a, b, c, d, e, f = per_token
    return with_fields(card, per_token=(a, b, c, d, e, f))


@lru_cache(maxsize=20)
def book_under(book: PriceBook, change: Change) -> PriceBook:
    """The book by which calls are priced under a change. PriceBookError: too fine."""
    changed = changed_book(book, change.per_cent)
    if not change.rates:
        return changed
    return OwnRates(changed, change.rates, change.model or change.of_model)


@lru_cache(maxsize=20)
def changed_book(book: PriceBook, per_cent: int) -> PriceBook:
    """The book with every rate, those agreed on too, higher by so many per cent. PriceBookError: too fine."""
    if not per_cent:
        return book
    factor = EXACT.scaleb(Decimal(100 + per_cent), -2)
    return PriceBook(
        version=f"{book.version}*{per_cent}",
        entries=_times(book.entries, factor),
        aliases=book.aliases,
        agreed=_times(book.agreed, factor),
        discounts=book.discounts,
    )


def _times(entries: Iterable[PriceEntry], factor: Decimal) -> list[PriceEntry]:
    found = []
    for row in entries:
        a, b, c, d, e, f = (EXACT.multiply(rate, factor) for rate in row.rates)
        found.append(
            PriceEntry(
                id=row.id,
                provider=row.provider,
                model=row.model,
                speed=row.speed,
                over_prompt_tokens=row.over_prompt_tokens,
                since=row.since,
                until=row.until,
                rates=(a, b, c, d, e, f),
                batch_multiplier=row.batch_multiplier,
                us_multiplier=row.us_multiplier,
            )
        )
    return found
