"""Scenario: the forecast beside what it would be if prices changed or business grew.

In:   assumptions, the calls of the last four weeks, a forecast.   Out: shares of cost by day, an Outlook.
Promises: without an assumption every figure is the forecast's, to the last decimal; a price that changes on a
      day changes no day before it; what has been spent stays as it is. Per cent are exact; own rates are rate x
      tokens where the sums prove what they were booked by, and what they do not prove is left and counted.
Never: a figure that is booked, told as an alert or shown to a client.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

from billing.flow.book import price_book
from billing.flow.change import own_rates
from billing.flow.price import PriceBook
from billing.flow.price_book import Card
from billing.flow.scenario import ONE, ROUNDED, Assumptions, PriceChange, grown, repriced
from billing.money import EXACT, TOKEN_CLASSES, ZERO, minus, ratio, total
from billing.periods import DayRange
from billing.reports.forecast import HISTORY, Forecast, forecast
from billing.reports.scenario_rows import MixBucket, client_days, mix
from billing.reports.what_if_pricing import booked_card

MONTHS = 12
"""So many months after this one are looked at."""
STEADY_AFTER = 31
"""Days for which the forecast's trend is believed: a few weeks' trend says nothing of a year."""
ONE_DAY = timedelta(days=1)
PLACES = 18

Owns = dict[int, list[Decimal | None]]


@dataclass(slots=True)
class Calls:
    """Calls of a project by one model: their cost by class, and by price change what it is at own rates."""

    of: MixBucket
    costs: list[Decimal]
    own: Owns = field(default_factory=dict)


@dataclass(slots=True)
class Supposed:
    """Assumptions and the calls that they are made of. `kept`: cost whose own rates the sums do not tell."""

    assumed: Assumptions
    today: date
    calls: list[Calls]
    kept: Decimal = ZERO
    _found: dict[object, Decimal] = field(default_factory=dict)

    def share(
        self,
        day: date,
        *,
        client_id: int | None = None,
        project_id: int | None = None,
        model: str = "",
        feature: str = "",
        environment: str = "",
    ) -> Decimal:
        """Of what a day would have cost, what it then costs: 1 where nothing is supposed of it."""
        months = _months_between(self.today, day)
        scope = (client_id, project_id, model, feature, environment)
        key = (self.assumed.in_force(day), months, *scope)
        if key not in self._found:
            calls = [each for each in self.calls if _is_in(each.of, scope)]
            self._found[key] = self._share(calls, self.assumed.prices[: key[0]], months)
        return self._found[key]

    def _share(self, calls: Iterable[Calls], prices: Sequence[PriceChange], months: int) -> Decimal:
        old = new = ZERO
        for each in calls:
            of = each.of
            costs = repriced(each.costs, prices, each.own, provider=of.provider, model=of.model)
            times = grown(self.assumed, client=of.client, project=of.project, months=months)
            old = ROUNDED.add(old, total(each.costs))
            for cost in costs:
                new = ROUNDED.fma(cost, times, new)
        share = ratio(new, old, places=PLACES)
        return ONE if share is None else share


@dataclass(slots=True)
class Figures:
    """`expected` by the forecast, `supposed` in the scenario."""

    expected: Decimal = ZERO
    supposed: Decimal = ZERO

    @property
    def difference(self) -> Decimal:
        return minus(self.supposed, self.expected)

    def add(self, expected: Decimal, supposed: Decimal) -> None:
        self.expected = ROUNDED.add(self.expected, expected)
        self.supposed = ROUNDED.add(self.supposed, supposed)


@dataclass(slots=True)
class ClientOutlook:
    """A client's part: this month, what of it is spent already, and the twelve after it."""

    client_id: int
    month: Figures = field(default_factory=Figures)
    year: Figures = field(default_factory=Figures)


@dataclass(slots=True)
class Outlook:
    """This month and the twelve after it. Clients add up to the months, months to the forecast."""

    months: dict[date, Figures]
    clients: list[ClientOutlook]
    spent: Decimal
    kept: Decimal
    unpriced_events: int

    @property
    def month(self) -> Figures:
        return next(iter(self.months.values()))

    @property
    def year(self) -> Figures:
        found = Figures()
        for each in list(self.months.values())[1:]:
            found.add(each.expected, each.supposed)
        return found


def mix_days(today: date) -> DayRange:
    """The days whose calls a scenario is made of."""
    return DayRange(today - timedelta(days=HISTORY), today + ONE_DAY)


def suppose(
    assumed: Assumptions,
    *,
    today: date,
    is_narrow: bool = False,
    read: tuple[str, list[MixBucket]] | None = None,
) -> Supposed:
    """Read the calls of the last four weeks, unless the caller has `read` them already.

    `is_narrow`: shares of features and environments are asked too.
    """
    found = Supposed(assumed, today, [])
    by_way: dict[tuple[object, ...], Calls] = {}
    rated = [(place, each) for place, each in enumerate(assumed.prices) if each.rates]
    if read is None:
        read = mix(mix_days(today), is_narrow=is_narrow, by_day=bool(rated))
    version, buckets = read
    book = price_book(version) if version else None
    for bucket in buckets:
        way = (bucket.project_id, bucket.provider, bucket.model, bucket.feature, bucket.environment)
        calls = by_way.setdefault(way, Calls(bucket, [ZERO] * len(bucket.costs)))
        calls.costs = [total(pair) for pair in zip(calls.costs, bucket.costs, strict=True)]
        for place, change in rated:
            if book and change.fits(bucket.provider, bucket.model):
                _add_own(found, calls, place, bucket, _rated_card(bucket, change, book))
    found.calls = list(by_way.values())
    return found


def _rated_card(bucket: MixBucket, change: PriceChange, book: PriceBook) -> Card | None:
    """The card at own rates; None: the sums do not tell by which one the calls were booked."""
    card = booked_card(bucket, book)
    return card and own_rates(card, dict(change.rates))


def _add_own(
    found: Supposed, calls: Calls, place: int, bucket: MixBucket, card: Card | None
) -> None:
    """What the named classes of a bucket cost at own rates; without a card they keep their cost."""
    named = [name for name, _ in found.assumed.prices[place].rates]
    if card is None:
        found.kept = total((found.kept, *bucket.costs))
    own = calls.own.setdefault(
        place, [None if name not in named else ZERO for name in TOKEN_CLASSES]
    )
    for index, before in enumerate(own):
        if before is not None:
            cost = bucket.costs[index]
            if card is not None:
                cost = EXACT.multiply(card.per_token[index], bucket.tokens[index])
            own[index] = total((before, cost))


def outlook(supposed: Supposed) -> Outlook | None:
    """The months ahead of the whole company and of each client; None before there is a forecast.

    A client's part of what is to come is its part of the last four weeks.
    """
    today = supposed.today
    first = today.replace(day=1)
    until = month_after(first, MONTHS + 1)
    days = client_days(DayRange(min(first, today - timedelta(days=HISTORY)), today + ONE_DAY))
    costs: dict[date, Decimal] = {}
    spent: dict[int, Decimal] = {}
    for each in days:
        costs[each.day] = total((costs.get(each.day, ZERO), each.cost))
        if each.day >= first:
            spent[each.client_id] = total((spent.get(each.client_id, ZERO), each.cost))
    so_far = total(spent.values())
    heading = forecast(
        costs,
        period=DayRange(first, until),
        today=today,
        spent=so_far,
        amount=ZERO,
        steady_after=STEADY_AFTER,
    )
    if heading is None:
        return None
    found = Outlook({}, [], so_far, supposed.kept, sum(each.unpriced_events for each in days))
    parts = _parts(supposed.calls)
    clients = {each: ClientOutlook(each) for each in {**parts, **spent}}
    for client_id, cost in spent.items():
        clients[client_id].month.add(cost, cost)
    found.months[first] = Figures(so_far, so_far)
    for (month, day), more in _stretches(heading, supposed.assumed, spent=so_far).items():
        of_month = found.months.setdefault(month, Figures())
        for client_id, expected in _split(more, parts).items():
            new = ROUNDED.multiply(expected, supposed.share(day, client_id=client_id))
            of_month.add(expected, new)
            client = clients[client_id]
            (client.month if month == first else client.year).add(expected, new)
    found.clients = sorted(clients.values(), key=lambda each: -each.year.expected)
    return found


def _stretches(
    heading: Forecast, assumed: Assumptions, *, spent: Decimal
) -> dict[tuple[date, date], Decimal]:
    """What is to come by month and, within it, by its first day under the same price changes."""
    found: dict[tuple[date, date], Decimal] = {}
    before = spent
    for (month, _), days in groupby(
        heading.path, key=lambda each: (each[0].replace(day=1), assumed.in_force(each[0]))
    ):
        path = list(days)
        found[month, path[0][0]] = minus(path[-1][1], before)
        before = path[-1][1]
    return found


def _parts(calls: Iterable[Calls]) -> dict[int, Decimal]:
    """The cost of each client in the last four weeks, the largest last."""
    costs: dict[int, Decimal] = {}
    for each in calls:
        so_far = costs.get(each.of.client_id, ZERO)
        costs[each.of.client_id] = total((so_far, *each.costs))
    return dict(sorted(costs.items(), key=lambda each: (each[1], each[0])))


def _split(amount: Decimal, parts: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """An amount by parts; the last one takes what rounding leaves, so they add up to it."""
    whole, left, found = total(parts.values()), amount, {}
    for place, (client_id, part) in enumerate(parts.items(), start=1):
        share = ratio(part, whole, places=PLACES) or ZERO
        found[client_id] = left if place == len(parts) else ROUNDED.multiply(amount, share)
        left = ROUNDED.subtract(left, found[client_id])
    return found


def _is_in(of: MixBucket, scope: tuple[int | None, int | None, str, str, str]) -> bool:
    client_id, project_id, model, feature, environment = scope
    return (
        client_id in (None, of.client_id)
        and project_id in (None, of.project_id)
        and model in ("", of.model)
        and feature in ("", of.feature)
        and environment in ("", of.environment)
    )


def _months_between(today: date, day: date) -> int:
    return max(0, (day.year - today.year) * 12 + day.month - today.month)


def month_after(first: date, months: int) -> date:
    """The first day of the month so many after that of `first`."""
    place = first.year * 12 + first.month - 1 + months
    return date(place // 12, place % 12 + 1, 1)
