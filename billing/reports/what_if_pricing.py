"""What-if pricing: how calls are priced under a change, by their sums where that is the same, else one by one.

In:   a bucket or an event.   Out: its new cost, or the reason why there is none.
Promises: a sum is priced only where all its calls fall under one card and the booked cost proves it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Protocol

from billing.flow.change import Change, changed_usage
from billing.flow.extras import raw_usage
from billing.flow.price import PriceBook, Priced, cost_at, price_event
from billing.flow.price_book import LONG, OTHER, PRIORITY, Card
from billing.flow.usage import Counts, Part, Usage, read_usage
from billing.money import total
from billing.reports.what_if_rows import Event

PROVIDER: Final = "anthropic"
_NO_TOKENS: Final[Counts] = (0, 0, 0, 0, 0, 0)


class Summed(Protocol):
    """What calls of a day, model and variant add up to."""

    @property
    def day(self) -> date: ...
    @property
    def provider(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def variant(self) -> str: ...
    @property
    def tokens(self) -> Counts: ...
    @property
    def costs(self) -> tuple[Decimal, ...]: ...
    @property
    def cost_uncached(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class Pricing:
    """How calls are priced under a change: by `new` instead of `book`."""

    change: Change
    book: PriceBook
    new: PriceBook
    now: datetime

    def is_asked(self, model: str) -> bool:
        wanted = self.change.of_model
        return not self.change.is_none and wanted in ("", model)

    def of_event(self, event: Event) -> Decimal | str:
        """The new cost, or the reason why there is none."""
        if not self.is_asked(event.model):
            return event.cost
        raw = raw_usage(event.extras, tokens=event.tokens, variant=event.variant)
        usage = read_usage(raw, model=event.model, stop_reason=event.stop_reason)
        priced = price_event(
            self.new,
            provider=self._provider(event.provider),
            occurred_at=self.now if self.change.model else event.occurred_at,
            usage=changed_usage(usage, self.change, own_model=event.model),
        )
        return priced.cost if isinstance(priced, Priced) else priced.reason

    def of_bucket(self, bucket: Summed) -> Decimal | str | None:
        """The same of a sum of calls; None: it has to be priced event by event."""
        if not self.is_asked(bucket.model):
            return total(bucket.costs)
        if booked_card(bucket, self.book) is None:
            return None
        own, is_long = _usage_of(bucket)
        changed = changed_usage(own, self.change, own_model=bucket.model)
        sizes = None if self.change.model not in ("", bucket.model) else is_long
        days = [self.now.toordinal()] if self.change.model else _utc_days(bucket.day)
        new = _only_card(self.new, changed, self._provider(bucket.provider), days, is_long=sizes)
        if not isinstance(new, Card):
            return new
        return total(cost_at(changed.parts[0], new)[0])

    def _provider(self, own: str) -> str:
        return PROVIDER if self.change.model else own


def booked_card(bucket: Summed, book: PriceBook) -> Card | None:
    """The one card by which every call of the bucket was booked; None where the sums do not prove one."""
    if bucket.variant in (PRIORITY, OTHER):
        return None
    usage, is_long = _usage_of(bucket)
    days = _utc_days(bucket.day)
    card = _only_card(book, usage, bucket.provider, days, is_long=is_long)
    if not isinstance(card, Card) or not _is_booked_by(card, usage.parts[0], bucket):
        return None
    return card


def _usage_of(bucket: Summed) -> tuple[Usage, bool]:
    """The usage of all its calls as one, and whether they are those over the model's prompt size."""
    raw = raw_usage(None, tokens=_NO_TOKENS, variant=bucket.variant)
    empty = read_usage(raw, model=bucket.model, stop_reason="")
    part = Part(bucket.model, bucket.tokens)
    return Usage((part,), empty.tier, empty.speed, empty.geo), LONG in bucket.variant.split("+")


def _only_card(
    book: PriceBook, usage: Usage, provider: str, days: Sequence[int], *, is_long: bool | None
) -> Card | str | None:
    """The card of all these calls; a reason; None where they may fall under several.

    `is_long`: whether they are those over the model's prompt size; None: it is not known.
    """
    spans = book.spans(usage.parts[0].model, provider=provider, usage=usage)
    if isinstance(spans, str):
        return spans
    cards: list[Card | str] = []
    for day in days:
        steps = next((each.steps for each in spans if each.first_day <= day < each.end_day), ())
        if not steps or len(steps) > 2 or (len(steps) == 2 and is_long is None):
            return None
        if len(steps) == 1 and (is_long or steps[0][0] > 0):
            return None
        cards.append(steps[0 if is_long else -1][1])
    first = cards[0]
    if isinstance(first, str):
        return first if all(each == first for each in cards) else None
    if any(not isinstance(each, Card) or each.per_token != first.per_token for each in cards):
        return None
    return first


def _is_booked_by(card: Card, part: Part, bucket: Summed) -> bool:
    """Every call of the bucket was booked by this card, and billed whole: its sums say so."""
    costs, uncached = cost_at(part, card)
    return tuple(costs) == bucket.costs and uncached == bucket.cost_uncached


def _utc_days(day: date) -> list[int]:
    """The UTC days that a day of any time zone may have a part of."""
    middle = day.toordinal()
    return [middle - 1, middle, middle + 1]
