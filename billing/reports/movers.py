"""Movers: what changed most between two spans of days. One rule for the pages and for the words of alerts."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from billing.money import ZERO, minus


@dataclass(frozen=True, slots=True)
class Mover:
    key: str
    now: Decimal
    before: Decimal

    @property
    def change(self) -> Decimal:
        return minus(self.now, self.before)


def movers(now: Mapping[str, Decimal], before: Mapping[str, Decimal]) -> list[Mover]:
    """The largest change first, up or down; what has not changed is left out."""
    found = [Mover(key, now.get(key, ZERO), before.get(key, ZERO)) for key in {*now, *before}]
    changed = [each for each in found if each.change]
    return sorted(changed, key=lambda each: (abs(each.change), each.key), reverse=True)
