"""Rows of the explorer: what a question is answered with, as lines of a page and as lines of a file.

In:   a Question.   Out: an Answer with its Lines; the same lines as CSV.
Promises: page, file and API have the same figures to the last decimal; the lines add up to the total; what has
      no price is never an amount of nothing, but ≥ with a count.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from billing.money import EXACT, TOKEN_CLASSES, ZERO, plain
from billing.periods import DayRange, period_text, start_of
from billing.reports.components import COMPONENT
from billing.reports.filters import NOT_NAMED
from billing.reports.ranking import OTHER, leaders, with_other
from billing.reports.spend import TOKEN_CLASS, Measures, Row, SpendReport, add_up, spend
from billing.templatetags.figures import CLASS_NAMES
from billing.web.charts import Moment, period_label
from billing.web.names import model_names
from billing.web.question import Question

UNATTRIBUTED = "Unattributed"
Names = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """`bars` has a row per bar and value of `colours`, the first dimension where bars know it; `rows` are those
    of the table, `rows_before` theirs of the range before, empty where a row is a period."""

    colours: tuple[str, ...]
    bars: SpendReport
    before: SpendReport
    rows: list[Row]
    rows_before: list[Row]


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of a dimension. `query` narrows to it; '' where that says nothing."""

    value: str
    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Line:
    """`query` leads into the period: a month's days, a day's hours; an hour's leads to its events.
    `is_partial`: its change is of what has a price."""

    period: Moment | None
    label: str
    query: str
    cells: tuple[Cell, ...]
    spend: Measures
    before: Decimal
    is_partial: bool
    share: int

    @property
    def is_unpriced(self) -> bool:
        """Nothing of it has a price."""
        return bool(self.spend.unpriced_events and not self.spend.cost)


def answer(asked: Question, *, unit: str, before: DayRange) -> Answer:
    """Ask for the table, for bars of `unit`, and for the range before; no more often than is needed."""
    colours = () if unit == "hour" and COMPONENT in asked.group_by[:1] else asked.group_by[:1]
    bars = spend(asked.days, granularity=unit, group_by=colours, narrow=asked.filters)
    rows = bars.rows
    if rows and (colours != asked.group_by or asked.granularity not in {unit, "total"}):
        rows = spend(
            asked.days, granularity=asked.granularity, group_by=asked.group_by, narrow=asked.filters
        ).rows
    groups = asked.group_by if asked.granularity == "total" else ()
    earlier = spend(before, granularity="total", group_by=groups, narrow=asked.filters)
    if asked.granularity == "total":
        rows = [replace(row, period=None) for row in rows]
    keep = leaders(rows, group_by=asked.group_by, top=asked.top)
    return Answer(
        colours=colours,
        bars=bars,
        before=earlier,
        rows=with_other(rows, keep=keep),
        rows_before=with_other(earlier.rows, keep=keep) if groups == asked.group_by else [],
    )


def lines(found: Answer, *, asked: Question, names: Names, zone: str) -> list[Line]:
    """A line per row, and per row of the range before that has none now; by period, then largest first, each
    value of the first dimension with its parts together, the rest last."""
    rows: dict[tuple[object, ...], Row] = {
        (row.period, *row.keys.values()): row for row in found.rows
    }
    before: dict[tuple[object, ...], Row] = {
        (None, *row.keys.values()): row for row in found.rows_before
    }
    for key, row in before.items():
        rows.setdefault(key, replace(row, measures=add_up(())))
    whole = found.bars.total.cost
    weights = _weights(rows.values())
    return [
        _line(row, before.get(key), whole=whole, asked=asked, names=names, zone=zone)
        for key, row in sorted(rows.items(), key=lambda item: _place(item[1], weights))
    ]


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
    return (period, first == OTHER, weight, first, *parts, -row.measures.cost, *row.keys.values())


def _line(
    row: Row, before: Row | None, *, whole: Decimal, asked: Question, names: Names, zone: str
) -> Line:
    cells = tuple(
        Cell(value, name_of(dimension, value, names=names), _narrowed(asked, dimension, value))
        for dimension, value in row.keys.items()
    )
    return Line(
        period=row.period,
        label=_label(row.period, asked=asked, zone=zone),
        query=into(row.period, row.keys, asked=asked, zone=zone) if row.period else "",
        cells=cells,
        spend=row.measures,
        before=before.measures.cost if before else ZERO,
        is_partial=bool(
            row.measures.unpriced_events or (before and before.measures.unpriced_events)
        ),
        share=int(100 * row.measures.cost / whole) if whole > 0 else 0,
    )


def name_of(dimension: str, value: str, *, names: Names) -> str:
    if value == OTHER:
        return "Other"
    if not value:
        return UNATTRIBUTED
    return names.get(dimension, {}).get(value) or value


def names_of(rows: Collection[Row], *, booked: Names) -> Names:
    """What people call the values: `booked` are the names of clients and projects."""
    models = {row.keys["model"] for row in rows if "model" in row.keys}
    parts = {row.keys[COMPONENT] for row in rows if COMPONENT in row.keys}
    return {
        **booked,
        "model": model_names(models - {"", OTHER}),
        TOKEN_CLASS: CLASS_NAMES,
        COMPONENT: {part: part.replace("_", " ").capitalize() for part in parts},
    }


def _narrowed(asked: Question, dimension: str, value: str) -> str:
    if (
        value == OTHER
        or dimension == COMPONENT
        or asked.filters.get(dimension) == (value or NOT_NAMED)
    ):
        return ""
    return asked.only({dimension: value or NOT_NAMED}).query


def _label(period: Moment | None, *, asked: Question, zone: str) -> str:
    if isinstance(period, datetime):
        here = period.astimezone(ZoneInfo(zone))
        return f"{here.day} {here:%b}, {here:%H:%M}"
    return period_label(period, unit=asked.granularity) if period else ""


def into(period: Moment, values: Mapping[str, str], *, asked: Question, zone: str) -> str:
    """The days of a month, the hours of a day, the events of an hour that have these values."""
    if isinstance(period, datetime):
        return _events_of(period, values, asked=asked, zone=zone)
    if asked.granularity == "month":
        first = period.replace(day=1)
        after = (first + timedelta(days=31)).replace(day=1)
        since, until = max(first, asked.days.since), min(after, asked.days.until)
        return asked.of(since, until, granularity="day").query
    return asked.of(period, period + timedelta(days=1), granularity="hour").query


def _events_of(hour: datetime, values: Mapping[str, str], *, asked: Question, zone: str) -> str:
    """An hour that two days share is cut at the midnight at which the range begins or ends."""
    if OTHER in values.values():
        return ""
    since = max(hour, start_of(asked.days.since, timezone=zone))
    until = min(hour + timedelta(hours=1), start_of(asked.days.until, timezone=zone))
    named = {name: value or NOT_NAMED for name, value in values.items()}
    filters = {**asked.filters, **named}
    for name in (TOKEN_CLASS, COMPONENT):
        filters.pop(name, None)
    return urlencode({"since": instant(since), "until": instant(until), **filters})


def instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


# --- As a file ---------------------------------------------------------------------------------------


def csv_header(asked: Question) -> list[str]:
    named = [column for name in asked.group_by for column in (name, f"{name}_name")]
    compared = ["cost_before"] if asked.granularity == "total" else []
    return [
        *(["since", "until"] if asked.granularity == "total" else ["period"]),
        *named,
        "events",
        "unpriced_events",
        "cost_is",
        "cost",
        *compared,
        "cost_uncached",
        "saving",
        "cache_hit_rate",
        *(f"tokens_{name}" for name in TOKEN_CLASSES),
    ]


def csv_row(line: Line, *, asked: Question) -> list[object]:
    """Where nothing has a price the amounts are left open; `cost_is` says >= where some of it has none."""
    spend, days = line.spend, asked.days
    at = [days.since.isoformat(), days.until.isoformat()]
    whole_calls = TOKEN_CLASS not in asked.group_by and TOKEN_CLASS not in asked.filters
    money = [spend.cost_uncached, spend.saving] if whole_calls else [None, None]
    return [
        *(at if asked.granularity == "total" else [period_text(line.period)]),
        *(text for cell in line.cells for text in (cell.value, cell.name)),
        spend.events,
        spend.unpriced_events,
        ">=" if spend.unpriced_events else "",
        _exact(None if line.is_unpriced else spend.cost),
        *([_exact(line.before)] if asked.granularity == "total" else []),
        *(_exact(None if line.is_unpriced else each) for each in money),
        _exact(spend.cache_hit_rate if whole_calls else None),
        *spend.tokens.values(),
    ]


def _exact(amount: Decimal | None) -> Decimal | str:
    return "" if amount is None else Decimal(plain(amount))
