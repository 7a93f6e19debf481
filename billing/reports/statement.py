"""Statement: what one client spent in one month, per project and model, in the figures that it is shown.

In:   a client, with the names of its projects, and a month.   Out: a Statement, to be printed.
Promises: staff and client read the same figures, whoever asks; the lines add up to the total to the last
      decimal.   Never: a figure of another view than the client's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from billing.money import total
from billing.periods import DayRange
from billing.reports.measures import Measures, Row
from billing.reports.spend import spend
from tenants.models import Client, PriceView
from tenants.scoping import active_scope

FIRST = date(2020, 1, 1)
MONTHS = 36
"""How many the list goes back; older ones are at their address."""


@dataclass(frozen=True, slots=True)
class Line:
    """`amount` is None where the client is shown no money."""

    name: str
    events: int
    tokens: int
    amount: Decimal | None
    unpriced_events: int
    models: tuple["Line", ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    month: DayRange
    projects: tuple[Line, ...]
    models: tuple[Line, ...]
    whole: Line
    is_running: bool
    as_of: datetime


@dataclass(frozen=True, slots=True)
class MonthLine:
    month: date
    line: Line
    is_running: bool


def month_of(text: str, *, today: date) -> DayRange | None:
    """`2026-11`; None for what is no month, or has not begun."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    if first.isoformat() != f"{text}-01" or not FIRST <= first <= today:
        return None
    return DayRange(first, _after(first))


def statement(
    client: Client, month: DayRange, *, projects: Mapping[str, str], today: date
) -> Statement:
    found = spend(
        month,
        granularity="total",
        group_by=("project", "model"),
        client=client.slug,
        seen_by=client,
    )
    by_project: dict[str, list[Row]] = {}
    by_model: dict[str, list[Row]] = {}
    for row in found.rows:
        by_project.setdefault(row.keys["project"], []).append(row)
        by_model.setdefault(row.keys["model"], []).append(row)
    lines = [
        _sum(projects.get(slug) or slug, _lines(rows, client, key="model"), nested=True)
        for slug, rows in by_project.items()
    ]
    models = [_sum(name, _lines(rows, client, key="project")) for name, rows in by_model.items()]
    return Statement(
        month=month,
        projects=tuple(sorted(lines, key=_largest)),
        models=tuple(sorted(models, key=_largest)),
        whole=_sum("Total", _lines(found.rows, client, key="model")),
        is_running=today < month.until,
        as_of=found.as_of,
    )


def months(client: Client, *, today: date) -> list[MonthLine]:
    """The months with something in them, newest first."""
    first = today.replace(day=1)
    since = date(first.year - MONTHS // 12, first.month, 1) + timedelta(days=31)
    days = DayRange(since.replace(day=1), today + timedelta(days=1))
    found = spend(days, granularity="month", client=client.slug, seen_by=client)
    return [
        MonthLine(row.period, _line("", row.measures, client), row.period == first)
        for row in reversed(found.rows)
        if isinstance(row.period, date)
    ]


def _after(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _lines(rows: list[Row], client: Client, *, key: str) -> list[Line]:
    return [_line(row.keys[key], row.measures, client) for row in rows]


def _line(name: str, measures: Measures, client: Client) -> Line:
    tokens = sum(number for each, number in measures.tokens.items() if each != "web_search")
    return Line(name, measures.events, tokens, _shown(measures, client), measures.unpriced_events)


def _shown(measures: Measures, client: Client) -> Decimal | None:
    """The client's own figure. Its viewer's `cost` is that already; staff read cost and billed apart."""
    if client.price_view == PriceView.HIDDEN:
        return None
    is_billed = client.price_view == PriceView.BILLED and active_scope().client_id is None
    return measures.billed if is_billed else measures.cost


def _sum(name: str, lines: list[Line], *, nested: bool = False) -> Line:
    amounts = [each.amount for each in lines if each.amount is not None]
    return Line(
        name=name,
        events=sum(each.events for each in lines),
        tokens=sum(each.tokens for each in lines),
        amount=total(amounts) if len(amounts) == len(lines) else None,
        unpriced_events=sum(each.unpriced_events for each in lines),
        models=tuple(sorted(lines, key=_largest)) if nested else (),
    )


def _largest(line: Line) -> tuple[Decimal, int, str]:
    return (-(line.amount or Decimal(0)), -line.tokens, line.name)
