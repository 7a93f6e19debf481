"""Burn: a budget's period as a picture: what is used, where it is heading, the lines of its thresholds.

In:   spend day by day, a standing, a forecast.   Out: Burn for `parts/burn.html`, and the rows of its table.
Promises: whole units only; the table holds exactly what the picture shows.   Never: a query, a float.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.money import ZERO, dollars, total
from billing.reports.budgets import Standing, Used
from billing.reports.forecast import Forecast
from billing.reports.scenario_budgets import Ahead
from billing.watch.words import day_words, estimate
from billing.web.charts import HEIGHT, SLOT, Label, axis_text, axis_ticks, x_labels


@dataclass(frozen=True, slots=True)
class Line:
    """A threshold: its height in the picture, and its words."""

    y: int
    text: str
    css: str


@dataclass(frozen=True, slots=True)
class BurnRow:
    """A day: what it cost, what is used by its end; of a day to come what is expected by then, and what would
    be used in the scenario that is shown.
    """

    label: str
    spent: Decimal | None
    used: Decimal
    percent: int
    is_expected: bool
    at_least: bool
    supposed: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Burn:
    used: str
    """SVG path of what is used, from the period's start to now."""
    ahead: str
    supposed: str
    """What would happen, in a scenario."""
    band: str
    lines: tuple[Line, ...]
    rows: tuple[BurnRow, ...]
    y_labels: tuple[str, ...]
    x_labels: tuple[Label, ...]
    width: int
    words: str

    height = HEIGHT


def burn(
    standing: Standing,
    days: Mapping[date, Used],
    *,
    forecast: Forecast | None,
    today: date,
    supposed: Ahead | None = None,
) -> Burn:
    """Draw a period: each day is SLOT wide; what is used by its end stands at its right edge."""
    period, budget = standing.period, standing.budget
    past = [each for each in period.days if each <= today]
    so_far, used = ZERO, []
    for each in past:
        so_far = total((so_far, days[each].spent if each in days else ZERO))
        used.append(so_far)
    ahead = _ahead(used, forecast.path if forecast else ())
    instead = _ahead(used, supposed.path if supposed else ())
    highest = max(
        budget.amount * max(100, *budget.thresholds) / 100,
        so_far,
        forecast.high if forecast else ZERO,
        supposed.expected if supposed else ZERO,
    )
    ticks = axis_ticks(highest)
    top = ticks[-1]
    return Burn(
        used=_path([(0, ZERO), *((place + 1, each) for place, each in enumerate(used))], top=top),
        ahead=_path(ahead, top=top),
        supposed=_path(instead, top=top),
        band=_band(ahead, forecast, top=top),
        lines=tuple(
            Line(
                y=_y(budget.amount * each / 100, top=top),
                text=f"{each} %: {dollars(budget.amount * each / 100)}",
                css="full" if each >= 100 else "part",
            )
            for each in budget.thresholds
        ),
        rows=_rows(standing, days, used=used, forecast=forecast, supposed=supposed),
        y_labels=tuple(axis_text(tick, step=ticks[1]) for tick in reversed(ticks)),
        x_labels=x_labels(period.days),
        width=SLOT * len(period.days),
        words=burn_words(standing, forecast=forecast, today=today) + _supposed_words(supposed),
    )


def burn_words(standing: Standing, *, forecast: Forecast | None, today: date) -> str:
    """What the picture shows, for people who do not look at pictures."""
    least = "At least " if standing.used.unpriced_events else ""
    said = f"{least}{dollars(standing.spent)} of {dollars(standing.budget.amount)} used."
    if forecast is None:
        if standing.period.since <= today < standing.period.until:
            said += " No forecast before three days with spend."
        return said
    low, high = estimate(forecast.low), estimate(forecast.high)
    end = day_words(standing.period.last)
    said += f" Expected by {end}: {estimate(forecast.expected)}, likely between {low} and {high}."
    if forecast.exhausted_on:
        said += f" 100 % is expected on {day_words(forecast.exhausted_on)}."
    return said


def _supposed_words(supposed: Ahead | None) -> str:
    return f" In the scenario it would be {estimate(supposed.expected)}." if supposed else ""


def _rows(
    standing: Standing,
    days: Mapping[date, Used],
    *,
    used: Sequence[Decimal],
    forecast: Forecast | None,
    supposed: Ahead | None,
) -> tuple[BurnRow, ...]:
    amount, rows = standing.budget.amount, []
    nothing = Used(ZERO, 0)
    for each, so_far in zip(standing.period.days, used, strict=False):
        of_day = days.get(each, nothing)
        percent = int(so_far * 100 // amount)
        least = of_day.unpriced_events > 0
        rows.append(BurnRow(_label(each), of_day.spent, so_far, percent, False, least))
    instead = dict(supposed.path) if supposed else {}
    for each, expected in (forecast.path if forecast else ())[1:]:
        percent = int(expected * 100 // amount)
        rows.append(BurnRow(_label(each), None, expected, percent, True, False, instead.get(each)))
    return tuple(rows)


def _label(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _y(amount: Decimal, *, top: Decimal) -> int:
    return HEIGHT - int((amount * HEIGHT / top).to_integral_value())


def _path(points: Sequence[tuple[int, Decimal]], *, top: Decimal) -> str:
    drawn = [f"{place * SLOT} {_y(amount, top=top)}" for place, amount in points]
    return f"M{'L'.join(drawn)}" if len(drawn) > 1 else ""


def _ahead(
    used: Sequence[Decimal], path: Sequence[tuple[date, Decimal]]
) -> list[tuple[int, Decimal]]:
    """From what was used when today began: today is not over, so what it will have cost is expected too."""
    if not path:
        return []
    today = max(0, len(used) - 1)
    begins = used[today - 1] if today else ZERO
    days = enumerate(path, start=today + 1)
    return [(today, begins), *((place, each) for place, (_, each) in days)]


def _band(ahead: Sequence[tuple[int, Decimal]], forecast: Forecast | None, *, top: Decimal) -> str:
    """Around what is expected, widening day by day to low and high at the period's end."""
    if forecast is None or len(forecast.path) < 2:
        return ""
    last, end = len(ahead) - 1, _y(forecast.expected, top=top)
    over, under = end - _y(forecast.high, top=top), _y(forecast.low, top=top) - end
    middle = [(place * SLOT, _y(each, top=top), step) for step, (place, each) in enumerate(ahead)]
    edge = [f"{x} {y - over * step // last}" for x, y, step in middle]
    edge += [f"{x} {y + under * step // last}" for x, y, step in reversed(middle)]
    return f"M{'L'.join(edge)}z"
