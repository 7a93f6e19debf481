"""Pairs: two amounts per period side by side, as it is and as it would be, ready for `parts/pairs.html`.

In:   periods with two amounts.   Out: Pairs: two paths, axis labels, and a row per period for its table.
Promises: whole units only; the table holds exactly what the picture shows.   Never: a query, a float.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.money import ZERO, minus, total
from billing.web.charts import (
    HEIGHT,
    LEAST,
    SLOT,
    Label,
    Moment,
    axis_text,
    axis_ticks,
    period_label,
    x_labels,
)

GAP = 1
BAR = (SLOT - 2 * GAP) // 2
FEW = 8
"""Fewer pairs than this are drawn no wider than if there were so many."""


@dataclass(frozen=True, slots=True)
class Pair:
    on: Moment
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class PairRow:
    x: int
    label: str
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        return minus(self.after, self.before)


@dataclass(frozen=True, slots=True)
class Pairs:
    """`names` are of the first bar and of the second, `css` their colours, `paths` what is drawn."""

    title: str
    words: str
    unit: str
    names: tuple[str, str]
    paths: tuple[str, str]
    rows: tuple[PairRow, ...]
    y_labels: tuple[str, ...]
    x_labels: tuple[Label, ...]
    grid: tuple[int, ...]

    height = HEIGHT
    slot = SLOT
    css = ("s1", "s4")

    @property
    def width(self) -> int:
        return SLOT * max(FEW, len(self.rows))

    @property
    def before(self) -> Decimal:
        return total(row.before for row in self.rows)

    @property
    def after(self) -> Decimal:
        return total(row.after for row in self.rows)


def pair_bars(
    pairs: Sequence[Pair], *, title: str, names: tuple[str, str], words: str, unit: str = "day"
) -> Pairs:
    """Each period is SLOT wide: the first amount's bar at its left, the second's at its right."""
    highest = max((max(each.before, each.after) for each in pairs), default=ZERO)
    ticks = axis_ticks(highest)
    top, moments = ticks[-1], [each.on for each in pairs]
    return Pairs(
        title=title,
        words=words,
        unit=unit,
        names=names,
        paths=(
            _path([each.before for each in pairs], top=top, at=GAP),
            _path([each.after for each in pairs], top=top, at=GAP + BAR),
        ),
        rows=tuple(
            PairRow(place * SLOT, period_label(each.on, unit=unit), each.before, each.after)
            for place, each in enumerate(pairs)
        ),
        y_labels=tuple(axis_text(tick, step=ticks[1]) for tick in reversed(ticks)),
        x_labels=_x_labels(moments, unit=unit),
        grid=tuple(HEIGHT - _units(tick, top=top) for tick in ticks[1:]),
    )


def _x_labels(moments: Sequence[Moment], *, unit: str) -> tuple[Label, ...]:
    """As other charts, and drawn together where few pairs leave room at the right."""
    labels, count = x_labels(moments, unit=unit), len(moments)
    if not 0 < count < FEW:
        return labels
    return tuple(
        Label(f"{(2 * place + 1) * 100 // (2 * FEW)}%", label.text, label.minor)
        for place, label in enumerate(labels)
    )


def _units(amount: Decimal, *, top: Decimal) -> int:
    return int((amount * HEIGHT / top).to_integral_value())


def _path(amounts: Sequence[Decimal], *, top: Decimal, at: int) -> str:
    bars = []
    for place, amount in enumerate(amounts):
        if amount > 0:
            tall = max(LEAST, _units(amount, top=top))
            bars.append(f"M{place * SLOT + at} {HEIGHT - tall}h{BAR}v{tall}h-{BAR}z")
    return "".join(bars)
