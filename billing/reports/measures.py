"""Measures: what reports of spend count, and the rows and totals that they are made of.

Never: a sum of dollars in anything but exact decimals; a figure of money for who is shown none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from operator import itemgetter

from billing.money import TOKEN_CLASSES, ZERO, minus, ratio, total


class PriceHidden(RuntimeError):
    """A page was about to show money to a client whose agency shows none."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What a row counts. Costs are US dollars, exact; unpriced events have tokens and no cost.

    Three figures, never mixed: `cost` is what the tenant pays, `cost_list` what the price list asks for the
    same, `billed` what clients are charged. To a client viewer `cost` is what the agency shows as such.
    """

    events: int
    unpriced_events: int
    tokens: dict[str, int]
    costs: dict[str, Decimal]
    cost_uncached: Decimal
    discount: Decimal = ZERO
    billed: Decimal = ZERO
    shows_money: bool = True

    @property
    def cost(self) -> Decimal:
        if not self.shows_money:
            raise PriceHidden("this client is shown no prices")
        return total(self.costs.values())

    @property
    def cost_list(self) -> Decimal:
        return total((self.cost, self.discount))

    @property
    def margin(self) -> Decimal:
        return minus(self.billed, self.cost)

    @property
    def saving(self) -> Decimal:
        """What caching saved, after the premium that its writes cost; negative when it did not pay."""
        return minus(self.cost_uncached, self.cost)

    @property
    def prompt_tokens(self) -> int:
        return sum(self.tokens[name] for name in TOKEN_CLASSES[:4])

    @property
    def cache_hit_rate(self) -> Decimal | None:
        return ratio(self.tokens["cache_read"], self.prompt_tokens)

    @property
    def multiplier(self) -> Decimal | None:
        return ratio(self.cost_uncached, self.cost)


@dataclass(frozen=True, slots=True)
class Row:
    """Where what has no price stands apart (billing/reports/apart.py): `is_unpriced` is that row, and
    `is_partial` one whose cost lacks some of it."""

    period: date | datetime | None
    keys: dict[str, str]
    measures: Measures
    is_unpriced: bool = False
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class SpendReport:
    rows: list[Row]
    total: Measures
    as_of: datetime


def add_up(parts: Iterable[Measures]) -> Measures:
    """The exact sum of measures; all zero for none."""
    measures = list(parts)
    tokens = [each.tokens for each in measures]
    costs = [each.costs for each in measures]
    return Measures(
        events=sum(each.events for each in measures),
        unpriced_events=sum(each.unpriced_events for each in measures),
        tokens={name: sum(map(itemgetter(name), tokens)) for name in TOKEN_CLASSES},
        costs={name: total(map(itemgetter(name), costs)) for name in TOKEN_CLASSES},
        cost_uncached=total(each.cost_uncached for each in measures),
        discount=total(each.discount for each in measures),
        billed=total(each.billed for each in measures),
        shows_money=all(each.shows_money for each in measures),
    )
