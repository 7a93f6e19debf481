"""What if: past spend beside what the same calls had cost under a change.

In:   a span of the tenant's days, a `Change`.   Out: old and new cost per day and client, what cannot be said.
Promises: old + left out = the spend of what has a price, and new is what the price engine asks for each event,
      both to the last decimal. Sums of tokens are priced where that is the same: one rate for all calls of a
      day and model, and the booked cost proves it. Else each event is priced, up to `MOST_EVENTS`.
Never: a guess. What has no price stands in neither figure; what would have none is left out of both, and said.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from billing.flow.book import price_book
from billing.flow.change import Change, book_under
from billing.flow.price import REASONS, PriceBook
from billing.money import ZERO, minus, ratio, total
from billing.periods import DayRange
from billing.reports.what_if_pricing import Pricing
from billing.reports.what_if_rows import Bucket, Event, buckets, events_of

MOST_EVENTS: Final = 5_000
"""Events that are priced one by one for one answer of the API: 5,000 take a second."""
PAGE_EVENTS: Final = 500
"""The same for a page."""
TOO_MANY: Final = "too_many_events"
NOT_KEPT: Final = "no_longer_kept"
WORDS: Final = {
    TOO_MANY: "These days need every event priced anew, and they are more than one answer prices:"
    f" {PAGE_EVENTS} on a page, {MOST_EVENTS:,} of the API. Ask for fewer days, or one project.",
    NOT_KEPT: "These days need the events themselves, and the ledger keeps them no longer.",
}

Group = tuple[date, str, str]
"""Day, provider and model: what is priced in one way, by sums or event by event."""


@dataclass(slots=True)
class Compared:
    """One client on one day. `client` is its slug."""

    day: date
    client: str
    events: int = 0
    old: Decimal = ZERO
    new: Decimal = ZERO


@dataclass(slots=True)
class LeftOut:
    """What cannot be said, by reason: a code of `REASONS` or of `WORDS`."""

    reason: str
    events: int = 0
    cost: Decimal = ZERO

    @property
    def words(self) -> str:
        return WORDS.get(self.reason) or REASONS[self.reason]


@dataclass(slots=True)
class WhatIf:
    """`one_by_one`: events that were priced each by itself; the others by their sums."""

    change: Change
    rows: list[Compared] = field(default_factory=list)
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    unpriced_events: int = 0
    one_by_one: int = 0

    @property
    def old(self) -> Decimal:
        return total(row.old for row in self.rows)

    @property
    def new(self) -> Decimal:
        return total(row.new for row in self.rows)

    @property
    def events(self) -> int:
        return sum(row.events for row in self.rows)

    @property
    def difference(self) -> Decimal:
        return minus(self.new, self.old)

    @property
    def factor(self) -> Decimal | None:
        return ratio(self.new, self.old)


def what_if(
    days: DayRange,
    change: Change,
    *,
    now: datetime,
    client: str = "",
    project: str = "",
    book: PriceBook | None = None,
    most: int = MOST_EVENTS,
) -> WhatIf:
    """Another model is asked at today's prices, every other change at those of each event's own day.

    `book`: the tenant's, where the caller has read it already. `most`: events that may be priced one by one.
    Errors: PriceBookError where a price is too fine to be changed by that much.
    """
    book = book or price_book()
    pricing = Pricing(change, book, book_under(book, change), now)
    by_group: dict[Group, list[Bucket]] = {}
    for bucket in buckets(days, client=client, project=project):
        by_group.setdefault((bucket.day, bucket.provider, bucket.model), []).append(bucket)
    answer = _Answer(WhatIf(change))
    singly: dict[Group, list[Bucket]] = {}
    for group, found in by_group.items():
        answer.found.unpriced_events += sum(each.events for each in found if not each.priced)
        priced = [each for each in found if each.priced]
        news = [pricing.of_bucket(each) for each in priced]
        if any(new is None for new in news):
            singly[group] = found
            continue
        for bucket, new in zip(priced, news, strict=True):
            answer.add(bucket.day, bucket.client, bucket.events, bucket.cost, new)
    _add_singly(answer, singly, pricing, most=most, client=client, project=project)
    answer.found.rows.sort(key=lambda row: (row.day, row.client))
    return answer.found


@dataclass(slots=True)
class _Answer:
    found: WhatIf
    places: dict[tuple[date, str], Compared] = field(default_factory=dict)

    def add(
        self, day: date, client: str, events: int, old: Decimal, new: Decimal | str | None
    ) -> None:
        """`new` is a cost, or the reason why there is none."""
        if not isinstance(new, Decimal):
            left = self.found.left_out.setdefault(str(new), LeftOut(str(new)))
            left.events += events
            left.cost = total((left.cost, old))
            return
        row = self.places.get((day, client))
        if row is None:
            row = self.places[day, client] = Compared(day, client)
            self.found.rows.append(row)
        row.events += events
        row.old, row.new = total((row.old, old)), total((row.new, new))


def _add_singly(
    answer: _Answer,
    groups: dict[Group, list[Bucket]],
    pricing: Pricing,
    *,
    most: int,
    **where: str,
) -> None:
    taken: dict[Group, int] = {}
    room = most
    for group, found in groups.items():
        events = sum(each.events for each in found)
        if events <= room:
            taken[group] = events
            room -= events
        else:
            _leave_out(answer, found, TOO_MANY)
    seen: dict[Group, list[Event]] = {group: [] for group in taken}
    for event in events_of(list(taken), **where):
        seen[event.day, event.provider, event.model].append(event)
    for group, events_found in seen.items():
        if len(events_found) != taken[group]:
            _leave_out(answer, groups[group], NOT_KEPT)
            continue
        answer.found.one_by_one += len(events_found)
        for event in (each for each in events_found if each.priced):
            new = pricing.of_event(event)
            answer.add(event.day, event.client, 1, event.cost, new)


def _leave_out(answer: _Answer, found: Iterable[Bucket], reason: str) -> None:
    for bucket in found:
        if bucket.priced:
            answer.add(bucket.day, bucket.client, bucket.events, bucket.cost, reason)


def without_days(found: WhatIf) -> list[Compared]:
    """The rows added up per client, the largest first."""
    clients: dict[str, Compared] = {}
    for row in found.rows:
        into = clients.setdefault(row.client, replace(row, events=0, old=ZERO, new=ZERO))
        into.events += row.events
        into.old, into.new = total((into.old, row.old)), total((into.new, row.new))
    return sorted(clients.values(), key=lambda row: -row.old)
