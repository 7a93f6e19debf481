"""Figures: a spend report as a chart with its title, its words and the choice of what colours mean.

In: rows of a report per period and series.   Out: a Figure for `parts/bars.html`.   Never: a query.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from billing.money import ZERO
from billing.reports.spend import Row
from billing.templatetags.figures import CLASS_NAMES
from billing.web.charts import Chart, Point, stacked_bars
from billing.web.ranges import Asked, Choice
from billing.web.words import chart_summary


@dataclass(frozen=True, slots=True)
class Figure:
    """`names_one`: show the legend even for a single series, whose name the title does not say."""

    id: str
    title: str
    label: str
    words: str
    chart: Chart
    tabs: tuple[Choice, ...] = ()
    names_one: bool = True


def spend_figure(
    rows: Iterable[Row],
    *,
    key: str,
    names: Mapping[str, str],
    asked: Asked,
    tabs: tuple[Choice, ...] = (),
) -> Figure:
    """Daily (in long ranges monthly) spend, stacked by one key of the report's rows."""
    chart = stacked_bars(
        spend_points(rows, key=key, names=names, periods=periods_of(asked)), monthly=asked.monthly
    )
    return Figure(
        id="spend",
        title="Monthly spend" if asked.monthly else "Daily spend",
        label=asked.days.label,
        words=chart_summary(chart),
        chart=chart,
        tabs=tabs,
    )


def class_figure(rows: Iterable[Row], *, asked: Asked, tabs: tuple[Choice, ...] = ()) -> Figure:
    """Daily spend, stacked by token class: what the money is paid for."""
    split = [
        Row(row.period, {"class": name}, replace(row.measures, costs={name: cost}))
        for row in rows
        for name, cost in row.measures.costs.items()
        if cost or row.measures.unpriced_events
    ]
    return spend_figure(split, key="class", names=CLASS_NAMES, asked=asked, tabs=tabs)


def periods_of(asked: Asked) -> list[date]:
    """The first day of every bar: each day, or each month that the range touches."""
    days = asked.days.days
    return sorted({day.replace(day=1) for day in days}) if asked.monthly else days


def spend_points(
    rows: Iterable[Row], *, key: str, names: Mapping[str, str], periods: Sequence[date]
) -> list[Point]:
    """A point per period, also where nothing was spent; rows of one period and series are added."""
    amounts: dict[date, dict[str, Decimal]] = {period: {} for period in periods}
    unpriced: set[date] = set()
    for row in rows:
        on = _day(row.period)
        name = names.get(row.keys[key], row.keys[key])
        day = amounts[on]
        day[name] = day.get(name, ZERO) + row.measures.cost
        if row.measures.unpriced_events:
            unpriced.add(on)
    return [Point(on=on, amounts=day, at_least=on in unpriced) for on, day in amounts.items()]


def _day(period: date | datetime | None) -> date:
    if period is None:
        raise ValueError("a chart needs rows with a period")
    return period.date() if isinstance(period, datetime) else period
