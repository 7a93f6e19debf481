"""Rows of the explorer: what a question is answered with, as lines of a page and of a file.

In:   a Question.   Out: an Answer with its Lines.
Promises: page, file and API have the same figures to the last decimal; the lines add up to the total; what has
      no price is a line of its own without an amount, and what lacks it stands behind ≥.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from billing.money import EXACT, ZERO
from billing.periods import DayRange, start_of
from billing.reports.apart import spend_apart
from billing.reports.buckets import TOKEN_CLASS
from billing.reports.components import COMPONENT
from billing.reports.costs import NOTHING, Ask, CostRow, Spent, cost_of, costs
from billing.reports.filters import NOT_NAMED, PRICED
from billing.reports.measures import Measures, Row, add_up
from billing.reports.ranking import OTHER, Leaders, leaders, with_other
from billing.templatetags.figures import CLASS_NAMES
from billing.web.charts import Moment, period_label
from billing.web.components import COMPONENT_NAMES
from billing.web.names import model_names
from billing.web.question import IS_PRICED, Question

UNATTRIBUTED, NO_PRICE = "Unattributed", "Unpriced"
Names = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """`bars` has a row per bar and value of `colours`, the first dimension where bars know it; `rows` are those
    of the table, `before` what theirs cost in the range before, nothing where a row is a period. `lacking`: the
    values that have events without a price; `today` is None where the range is without it."""

    colours: tuple[str, ...]
    bars: list[CostRow]
    rows: list[Row]
    total: Measures
    before: Mapping[tuple[str, ...], Spent]
    before_total: Spent
    lacking: frozenset[tuple[str, ...]]
    today: Spent | None
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of a dimension. `query` narrows to it; '' where that says nothing."""

    value: str
    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Line:
    """`query` leads into the period: a month's days, a day's hours; an hour's leads to its events.
    `is_apart`: the line of what has no price. `lacks_price`: its cost lacks some of it, and `is_partial` its
    change does. `events` is None where an event is in several lines."""

    period: Moment | None
    label: str
    query: str
    cells: tuple[Cell, ...]
    spend: Measures
    before: Decimal
    is_apart: bool
    lacks_price: bool
    is_partial: bool
    events: int | None

    @property
    def is_unpriced(self) -> bool:
        """Nothing of it has a price."""
        return self.lacks_price and not self.spend.cost


def answer(asked: Question, *, unit: str, before: DayRange, today: date) -> Answer:
    """Ask for the table; then, in one query, for bars of `unit`, for the range before, and for today."""
    table = spend_apart(
        asked.days, granularity=asked.granularity, group_by=asked.group_by, narrow=asked.filters
    )
    is_whole = asked.granularity == "total"
    colours = () if unit == "hour" and COMPONENT in asked.group_by[:1] else asked.group_by[:1]
    groups = asked.group_by if is_whole else ()
    narrow, now = asked.filters, DayRange(today, today + timedelta(days=1))
    bars, earlier, of_today = costs(
        Ask(asked.days, unit, colours, narrow),
        Ask(before, "total", groups, narrow),
        Ask(now, "total", (), narrow, in_full=TOKEN_CLASS not in narrow),
    )
    rows = table.report.rows
    keep = leaders(rows, group_by=asked.group_by, top=asked.top)
    rows = with_other(rows, keep=keep)
    return Answer(
        colours=colours,
        bars=bars,
        rows=[replace(row, period=None) for row in rows] if is_whole else rows,
        total=table.report.total,
        before=_before(earlier, keep=keep) if groups == asked.group_by else {},
        before_total=cost_of(row.measures for row in earlier),
        lacking=frozenset(_kept(place[1:], keep) for place in table.lacking),
        today=of_today[0].measures if of_today else NOTHING,
        as_of=table.report.as_of,
    )


def _kept(values: Iterable[object], keep: Leaders) -> tuple[str, ...]:
    pairs = zip(values, keep.values(), strict=True)
    return tuple(str(value) if value in kept else OTHER for value, kept in pairs)


def _before(rows: Iterable[CostRow], *, keep: Leaders) -> dict[tuple[str, ...], Spent]:
    """What the values of the table cost before, where they cost anything."""
    groups: dict[tuple[str, ...], list[Spent]] = {}
    for row in rows:
        groups.setdefault(_kept(row.keys.values(), keep), []).append(row.measures)
    sums = {key: cost_of(parts) for key, parts in groups.items()}
    return {key: spent for key, spent in sums.items() if spent.cost}


def lines(found: Answer, *, asked: Question, names: Names, zone: str) -> list[Line]:
    """A line per row, and per value of the range before that has none now; by period, then largest first, each
    value of the first dimension with its parts together, then the rest, and last what has no price."""
    rows = list(found.rows)
    there = {tuple(row.keys.values()) for row in rows if not row.is_unpriced}
    for key in [each for each in found.before if each not in there]:
        keys = dict(zip(asked.group_by, key, strict=True))
        rows.append(Row(None, keys, add_up(()), is_partial=key in found.lacking))
    weights = _weights(rows)
    rows.sort(key=lambda row: _place(row, weights))
    return [_line(row, found, asked=asked, names=names, zone=zone) for row in rows]


def _weights(rows: Iterable[Row]) -> dict[tuple[object, str], Decimal]:
    """What each value of the first dimension costs in its period."""
    weights: dict[tuple[object, str], Decimal] = {}
    for row in rows:
        key = (row.period, _first(row))
        weights[key] = EXACT.add(weights.get(key, ZERO), row.measures.cost)
    return weights


def _first(row: Row) -> str:
    return next(iter(row.keys.values()), "")


def _place(row: Row, weights: Mapping[tuple[object, str], Decimal]) -> tuple[object, ...]:
    first = _first(row)
    period = row.period.isoformat() if row.period else ""
    parts = [value == OTHER for value in list(row.keys.values())[1:]]
    weight = -weights[row.period, first]
    rest = (*parts, -row.measures.cost, *row.keys.values())
    return (period, row.is_unpriced, first == OTHER, weight, first, *rest)


def _line(row: Row, found: Answer, *, asked: Question, names: Names, zone: str) -> Line:
    before = None if row.is_unpriced else found.before.get(tuple(row.keys.values()))
    return Line(
        period=row.period,
        label=_label(row.period, asked=asked, zone=zone),
        query=_into_row(row, asked=asked, zone=zone),
        cells=_cells(row, asked=asked, names=names),
        spend=row.measures,
        before=before.cost if before else ZERO,
        is_apart=row.is_unpriced,
        lacks_price=bool(row.is_partial or row.measures.unpriced_events),
        is_partial=bool(
            row.is_partial or row.measures.unpriced_events or (before and before.unpriced_events)
        ),
        events=_events(row, asked=asked),
    )


def _cells(row: Row, *, asked: Question, names: Names) -> tuple[Cell, ...]:
    if row.is_unpriced:
        query = asked.only({PRICED: "no"}).query
        return tuple(
            Cell(value, NO_PRICE, "" if place else query)
            for place, value in enumerate(row.keys.values())
        )
    return tuple(
        Cell(value, name_of(dimension, value, names=names), _narrowed(asked, dimension, value))
        for dimension, value in row.keys.items()
    )


def _events(row: Row, *, asked: Question) -> int | None:
    """An event has tokens of many classes, and several components: it is counted with one of these."""
    events = row.measures.events
    if row.is_unpriced and TOKEN_CLASS not in asked.filters:
        return events
    if TOKEN_CLASS in (*asked.group_by, *asked.filters):
        return None
    return None if COMPONENT in asked.group_by and not events else events


def _into_row(row: Row, *, asked: Question, zone: str) -> str:
    if row.period is None:
        return ""
    if row.is_unpriced:
        return into(row.period, {PRICED: "no"}, asked=asked, zone=zone)
    return into(row.period, row.keys, asked=asked, zone=zone)


def name_of(dimension: str, value: str, *, names: Names) -> str:
    if value == OTHER:
        return "Other"
    if not value:
        return UNATTRIBUTED
    return names.get(dimension, {}).get(value) or value


def names_of(found: Answer, *, asked: Question, booked: Names) -> Names:
    """What people call the values: `booked` are the names of clients and projects."""
    models: set[str] = set()
    if "model" in asked.group_by:
        place = asked.group_by.index("model")
        models = {row.keys["model"] for row in found.rows} | {key[place] for key in found.before}
        models |= {row.keys["model"] for row in found.bars if "model" in row.keys}
    return {
        **booked,
        "model": model_names(models - {"", OTHER}),
        TOKEN_CLASS: CLASS_NAMES,
        COMPONENT: COMPONENT_NAMES,
        PRICED: IS_PRICED,
    }


def _narrowed(asked: Question, dimension: str, value: str) -> str:
    if value == OTHER or asked.filters.get(dimension) == (value or NOT_NAMED):
        return ""
    return asked.only({dimension: value or NOT_NAMED}).query


def _label(period: Moment | None, *, asked: Question, zone: str) -> str:
    if isinstance(period, datetime):
        here = period.astimezone(ZoneInfo(zone))
        return f"{here.day} {here:%b}, {here:%H:%M}"
    return period_label(period, unit=asked.granularity) if period else ""


def leads_to_events(asked: Question) -> bool:
    """Whether what is inside a period of the question is its events; of components, hours are not kept."""
    return asked.granularity == "hour" or (asked.granularity == "day" and asked.is_of_days)


def into(period: Moment, values: Mapping[str, str], *, asked: Question, zone: str) -> str:
    """The days of a month, the hours of a day, the events of an hour that have these values."""
    if isinstance(period, datetime):
        return _events_of(period, period + timedelta(hours=1), values, asked=asked, zone=zone)
    if asked.granularity == "day" and asked.is_of_days:
        begin, end = (start_of(period + timedelta(days=n), timezone=zone) for n in (0, 1))
        return _events_of(begin, end, values, asked=asked, zone=zone)
    if asked.granularity == "month":
        first = period.replace(day=1)
        after = (first + timedelta(days=31)).replace(day=1)
        since, until = max(first, asked.days.since), min(after, asked.days.until)
        return asked.of(since, until, granularity="day").query
    return asked.of(period, period + timedelta(days=1), granularity="hour").query


def _events_of(
    first: datetime, after: datetime, values: Mapping[str, str], *, asked: Question, zone: str
) -> str:
    """An hour that two days share is cut at the midnight at which the range begins or ends."""
    if OTHER in values.values():
        return ""
    since = max(first, start_of(asked.days.since, timezone=zone))
    until = min(after, start_of(asked.days.until, timezone=zone))
    named = {name: value or NOT_NAMED for name, value in values.items()}
    filters = {**asked.filters, **named}
    for name in (TOKEN_CLASS, COMPONENT):
        filters.pop(name, None)
    return urlencode({"since": instant(since), "until": instant(until), **filters})


def instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
