"""Rates over time: what a model's tokens cost since when, as a line for each and as a table.

In:   the rows of one model.   Out: a RateFigure for `billing/_rates.html`, or None where nothing changed.
Promises: the table holds what the picture shows; a rate holds from its day to the next one.
Never: a query, a float.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from billing.money import dollars
from billing.reports.prices import PricedModel, is_valid_on
from billing.web.charts import HEIGHT, axis_text, axis_ticks

WIDTH = 1000
SHOWN = (("output", "Output", "s2"), ("input", "Fresh input", "s1"))
BEFORE = timedelta(days=60)
"""What is drawn of the time before the first change."""


@dataclass(frozen=True, slots=True)
class RateLine:
    name: str
    css: str
    path: str


@dataclass(frozen=True, slots=True)
class RateStep:
    """From this day on; `rates` in the order of the lines, None where there was no price."""

    since: date
    is_first: bool
    rates: tuple[Decimal | None, ...]


@dataclass(frozen=True, slots=True)
class RateFigure:
    lines: tuple[RateLine, ...]
    steps: tuple[RateStep, ...]
    y_labels: tuple[str, ...]
    grid: tuple[int, ...]
    first: date
    last: date
    words: str

    width, height = WIDTH, HEIGHT


def rate_figure(model: PricedModel) -> RateFigure | None:
    """The standard rates for usual prompts, as the list or an agreed row has them, without discounts."""
    rows = [line.row for line in model.lines if line.is_base]
    days = sorted({day for row in rows for day in (row.since, row.until) if day})
    if len(rows) < 2 or not days:
        return None
    first, last = min(days) - BEFORE, max(*days, model.on) + timedelta(days=1)
    starts = [first, *days]
    steps = [_step(model, day, is_first=not place) for place, day in enumerate(starts)]
    ticks = axis_ticks(max(rate for step in steps for rate in step.rates if rate is not None))
    return RateFigure(
        lines=tuple(
            RateLine(name, css, _path(steps, place, last=last, top=ticks[-1]))
            for place, (_, name, css) in enumerate(SHOWN)
        ),
        steps=tuple(steps),
        y_labels=tuple(axis_text(tick, step=ticks[1]) for tick in reversed(ticks)),
        grid=tuple(HEIGHT - _units(tick, top=ticks[-1]) for tick in ticks[1:]),
        first=first,
        last=last,
        words=_words(steps),
    )


def _step(model: PricedModel, day: date, *, is_first: bool) -> RateStep:
    """An agreed row of the day comes before the list's."""
    valid = [line for line in model.lines if line.is_base and is_valid_on(line.row, day)]
    line = min(valid, key=lambda each: not each.is_agreed, default=None)
    rates = tuple(line.rates[name] if line else None for name, _, _ in SHOWN)
    return RateStep(since=day, is_first=is_first, rates=rates)


def _path(steps: Sequence[RateStep], place: int, *, last: date, top: Decimal) -> str:
    """Level until the next change; no line where there was no price."""
    first, drawn = steps[0].since, []
    ends = [*(step.since for step in steps[1:]), last]
    for step, end in zip(steps, ends, strict=True):
        rate = step.rates[place]
        if rate is not None:
            x, x_end = (
                WIDTH * (day - first).days // (last - first).days for day in (step.since, end)
            )
            drawn.append(f"M{x} {HEIGHT - _units(rate, top=top)}H{x_end}")
    return "".join(drawn)


def _units(amount: Decimal, *, top: Decimal) -> int:
    return int((amount * HEIGHT / top).to_integral_value())


def _words(steps: Sequence[RateStep]) -> str:
    """The newest change of what output costs."""
    before, after = steps[-2:]
    old, new = (each.rates[0] for each in (before, after))
    on = f"{after.since.day} {after.since:%b %Y}"
    if old is None or new is None:
        return f"{'A price' if old is None else 'No price'} from {on} on."
    if old == new:
        return f"Output costs {dollars(new)} per million, before and since {on}."
    return f"Output costs {dollars(new)} per million since {on}, {dollars(old)} before."
