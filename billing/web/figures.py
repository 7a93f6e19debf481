"""Figures: a spend report as a chart with its title, its words and the choice of what colours mean.

In: rows of a report per period and series.   Out: a Figure for `parts/bars.html`.   Never: a query.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from billing.money import ZERO
from billing.reports.costs import CostRow
from billing.reports.measures import Row
from billing.templatetags.figures import CLASS_NAMES
from billing.web.charts import Chart, Moment, Point, stacked_bars
from billing.web.ranges import Asked, Choice
from billing.web.words import chart_summary

TITLES = {"hour": "Hourly spend", "day": "Daily spend", "month": "Monthly spend"}


@dataclass(frozen=True, slots=True)
class Figure:
    """`names_one`: show the legend even for a single series, whose name the title does not say. `table`: where
    the rows of a chart of many bars stand instead of beside it."""

    id: str
    title: str
    label: str
    words: str
    chart: Chart
    tabs: tuple[Choice, ...] = ()
    names_one: bool = True
    table: str = ""


def spend_figure(
    rows: Sequence[Row | CostRow],
    *,
    key: str,
    names: Mapping[str, str],
    asked: Asked,
    tabs: tuple[Choice, ...] = (),
) -> Figure:
    """Spend per hour, day or month, stacked by one key of the report's rows."""
    points = spend_points(rows, key=key, names=names, periods=periods_of(asked))
    chart = stacked_bars(points, unit=asked.unit)
    return Figure(
        id="spend",
        title=TITLES[asked.unit],
        label=asked.days.label,
        words=chart_summary(chart),
        chart=chart,
        tabs=tabs,
    )


def class_figure(rows: Sequence[Row], *, asked: Asked, tabs: tuple[Choice, ...] = ()) -> Figure:
    """Daily spend, stacked by token class: what the money is paid for."""
    split = [
        Row(row.period, {"class": name}, replace(row.measures, costs={name: cost}))
        for row in rows
        for name, cost in row.measures.costs.items()
        if cost or row.measures.unpriced_events
    ]
    return spend_figure(split, key="class", names=CLASS_NAMES, asked=asked, tabs=tabs)


def periods_of(asked: Asked) -> list[Moment]:
    """Where every bar begins: each day, each month that the range touches, each hour of a day."""
    days = asked.days.days
    if asked.unit == "month":
        return sorted({day.replace(day=1) for day in days})
    return hours_of(days[0], zone=asked.picker.zone) if asked.unit == "hour" else list(days)


def hours_of(day: date, *, zone: str) -> list[Moment]:
    """The hours of a day as its zone's clock shows them: 23 to 25, and whole in UTC."""
    here = ZoneInfo(zone)
    first, after = (
        datetime.combine(each, time(), tzinfo=here).astimezone(UTC)
        for each in (day, day + timedelta(days=1))
    )
    hour = first.replace(minute=0)
    hours: list[Moment] = []
    while hour < after:
        hours.append(hour.astimezone(here))
        hour += timedelta(hours=1)
    return hours


def spend_points(
    rows: Sequence[Row | CostRow],
    *,
    key: str,
    names: Mapping[str, str],
    periods: Sequence[Moment],
) -> list[Point]:
    """A point per period, also where nothing was spent; rows of one period and series are added."""
    amounts: dict[Moment | None, dict[str, Decimal]] = {
        moment_key(period): {} for period in periods
    }
    unpriced = {moment_key(row.period) for row in rows if row.measures.unpriced_events}
    for row in rows:
        name = names.get(row.keys[key], row.keys[key])
        bar = amounts[moment_key(row.period)]
        bar[name] = bar.get(name, ZERO) + row.measures.cost
    return [
        Point(on=on, amounts=amounts[moment_key(on)], at_least=moment_key(on) in unpriced)
        for on in periods
    ]


def moment_key(period: Moment | None) -> Moment | None:
    """Hours compare in UTC: a local hour that the clock repeats equals no other (PEP 495)."""
    return period.astimezone(UTC) if isinstance(period, datetime) else period
