"""Charts: spend per period and series -> the geometry of stacked bars, ready for a template.

In:   points (an hour, day or month, with an amount per series).
Out:  a Chart: one path per series, axis labels, and a row per bar, which is both its hit area
and its line in the table.
Promises: whole units only; the parts of a bar meet without a gap and add up to the bar's height;
the table holds exactly what the picture shows.
Never: reads the database, knows a request, uses a float.

The picture has no size of its own: the page stretches it to the room there is, so text stands
beside it as text and keeps its size at 320 px.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_CEILING, Decimal
from itertools import accumulate

from billing.money import ZERO, total

Moment = date | datetime
"""When a bar begins: a datetime, in the zone that is shown, for hours; else a date."""

HEIGHT = 500
SLOT = 12
LEAST = 4
"""The least height of a bar that is not zero: about a pixel, so a cent beside $1,000 is seen."""
COLOURS = 6
DENSE = 45
"""More bars than this have no room for lines between their parts."""
X_LABELS = 8
X_STEPS = (1, 2, 3, 5, 7, 10, 14, 15, 30, 60, 90)
OTHER = "other"
DOLLARS, TOKENS = "dollars", "tokens"
"""What the amounts of a chart are: money, or tokens where no money is shown."""
NO_TICKS = [ZERO, Decimal(1)]
"""The axis of a chart without spend: nothing but the zero line has a figure."""


@dataclass(frozen=True, slots=True)
class Point:
    """One bar. `at_least`: some of its events have no price, so the true figure is higher."""

    on: Moment
    amounts: Mapping[str, Decimal]
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """One colour: `css` names it, `path` draws its part of every bar."""

    name: str
    css: str
    path: str
    total: Decimal


@dataclass(frozen=True, slots=True)
class Label:
    """Text under the bars. `at` is a share of the width; minor labels go where room is short."""

    at: str
    text: str
    minor: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A bar in words; its hit area begins at `x`, its amounts stand in the order of the series. `url` leads
    into it, where there is more to see."""

    x: int
    on: Moment
    label: str
    amounts: tuple[Decimal, ...]
    total: Decimal
    at_least: bool
    url: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """What `parts/bars.html` draws. `y_labels` go from top to bottom at equal distances."""

    series: tuple[Series, ...]
    rows: tuple[Row, ...]
    y_labels: tuple[str, ...]
    x_labels: tuple[Label, ...]
    grid: tuple[int, ...]
    unit: str
    what: str = DOLLARS

    height = HEIGHT
    slot = SLOT

    @property
    def width(self) -> int:
        return SLOT * max(1, len(self.rows))

    @property
    def is_dense(self) -> bool:
        return len(self.rows) > DENSE

    @property
    def total(self) -> Decimal:
        return total(row.total for row in self.rows)

    @property
    def at_least(self) -> bool:
        return any(row.at_least for row in self.rows)


def stacked_bars(points: Sequence[Point], *, unit: str = "day", what: str = DOLLARS) -> Chart:
    """Draw one bar per point, the largest series at the bottom; the sixth and on as 'other'.

    `unit` is hour, day or month: it decides how the bars are named.
    """
    named, rest = ranked_series(points)
    parts = [_amounts(point, named=named, rest=rest) for point in points]
    ticks = axis_ticks(max((total(amounts) for amounts in parts), default=ZERO))
    edges = [_edges(amounts, top=ticks[-1]) for amounts in parts]
    names = (*named, OTHER) if rest else named
    return Chart(
        series=tuple(
            Series(
                name=name,
                css=OTHER if rest and rank == len(named) else f"s{rank + 1}",
                path=_path([(bar[rank], bar[rank + 1]) for bar in edges]),
                total=total(amounts[rank] for amounts in parts),
            )
            for rank, name in enumerate(names)
        ),
        rows=tuple(
            Row(
                x=number * SLOT,
                on=point.on,
                label=period_label(point.on, unit=unit),
                amounts=amounts,
                total=total(amounts),
                at_least=point.at_least,
            )
            for number, (point, amounts) in enumerate(zip(points, parts, strict=True))
        ),
        y_labels=_y_labels(ticks, what=what),
        x_labels=x_labels([point.on for point in points], unit=unit),
        grid=tuple(HEIGHT - _units(tick, top=ticks[-1]) for tick in ticks[1:]),
        unit=unit,
        what=what,
    )


def ranked_series(points: Sequence[Point]) -> tuple[tuple[str, ...], frozenset[str]]:
    """The series with a colour of their own, largest first, and those that share 'other'.

    'other' stands for two series at least: six fit without it.
    """
    totals: dict[str, Decimal] = {}
    for point in points:
        for key, amount in point.amounts.items():
            totals[key] = totals.get(key, ZERO) + amount
    ranked = sorted((key for key in totals if totals[key] > 0), key=lambda key: (-totals[key], key))
    if len(ranked) <= COLOURS:
        return tuple(ranked), frozenset()
    return tuple(ranked[: COLOURS - 1]), frozenset(ranked[COLOURS - 1 :])


def axis_ticks(highest: Decimal) -> list[Decimal]:
    """Round steps from zero to at least `highest`: 1, 2, 2.5 or 5 times a power of ten."""
    if highest <= 0:
        return NO_TICKS
    rough = highest / 4
    power = Decimal(1).scaleb(rough.adjusted())
    factors = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
    step = next(power * factor for factor in factors if power * factor >= rough)
    count = int((highest / step).to_integral_value(rounding=ROUND_CEILING))
    return [step * number for number in range(count + 1)]


def axis_text(amount: Decimal, *, step: Decimal) -> str:
    """An axis amount with as many places as its step needs; never one place alone."""
    places = max(0, -int(step.normalize().as_tuple().exponent))
    return f"${amount:,.{max(2, places) if places else 0}f}" if amount else "$0"


def short_count(amount: Decimal) -> str:
    """`2500000` -> `2.5M`; beyond thousands an axis has no room for zeros."""
    for power, letter in ((9, "G"), (6, "M"), (3, "k")):
        if amount >= Decimal(1).scaleb(power):
            return f"{amount.scaleb(-power).normalize():f}{letter}"
    return f"{amount.normalize():f}"


def x_labels(moments: Sequence[Moment], *, unit: str = "day") -> tuple[Label, ...]:
    """At most eight labels at equal steps; the month, or the year, is named where it changes."""
    count = len(moments)
    step = next((step for step in X_STEPS if step * X_LABELS >= count), count)
    labels: list[Label] = []
    before: Moment | None = None
    for number in range(0, count, step):
        tenths = (2 * number + 1) * 500 // count
        at = f"{tenths // 10}.{tenths % 10}%"
        text = x_text(moments[number], before=before, unit=unit)
        labels.append(Label(at=at, text=text, minor=len(labels) % 2 == 1))
        before = moments[number]
    return tuple(labels)


def x_text(on: Moment, *, before: Moment | None, unit: str) -> str:
    if unit == "hour":
        return f"{on:%H:%M}"
    if unit == "month":
        return f"{on:%b}" if before and before.year == on.year else f"{on:%b} {on.year}"
    return str(on.day) if before and before.month == on.month else f"{on.day} {on:%b}"


def period_label(on: Moment, *, unit: str) -> str:
    if unit == "hour":
        return f"{on:%H:%M}"
    return f"{on:%B} {on.year}" if unit == "month" else f"{on:%a} {on.day} {on:%b}"


def bar_width(count: int) -> int:
    """Of a slot's width: few bars are slim, so that a single day is not a wall; many are close."""
    return 2 if count < 3 else 4 if count < 11 else 8 if count <= DENSE else 10


def _y_labels(ticks: Sequence[Decimal], *, what: str) -> tuple[str, ...]:
    step = ticks[1]
    if what == TOKENS:
        return tuple(short_count(tick) for tick in reversed(ticks))
    if ticks == NO_TICKS:
        return ("", "$0")
    return tuple(axis_text(tick, step=step) for tick in reversed(ticks))


def _amounts(point: Point, *, named: Sequence[str], rest: frozenset[str]) -> tuple[Decimal, ...]:
    shown = tuple(point.amounts.get(key, ZERO) for key in named)
    return (*shown, total(point.amounts.get(key, ZERO) for key in rest)) if rest else shown


def _units(amount: Decimal, *, top: Decimal) -> int:
    return int((amount * HEIGHT / top).to_integral_value())


def _edges(amounts: Sequence[Decimal], *, top: Decimal) -> list[int]:
    """Where the parts of a bar begin and end, from the bottom; sums are rounded, so parts meet."""
    edges = [_units(so_far, top=top) for so_far in accumulate(amounts, initial=ZERO)]
    if total(amounts) > 0 and edges[-1] < LEAST:
        largest = max(range(len(amounts)), key=amounts.__getitem__)
        edges = [LEAST if number > largest else 0 for number in range(len(edges))]
    return edges


def _path(spans: Sequence[tuple[int, int]]) -> str:
    bar = bar_width(len(spans))
    gap = (SLOT - bar) // 2
    return "".join(
        f"M{number * SLOT + gap} {HEIGHT - upper}h{bar}v{upper - lower}h-{bar}z"
        for number, (lower, upper) in enumerate(spans)
        if upper > lower
    )
