"""Beside: a range and what it is compared with, in one query.

In:   two spans of days, the earlier one first to end.   Out: a spend report for each, rows by day.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from billing.periods import DayRange
from billing.reports.measures import SpendReport, add_up
from billing.reports.spend import spend
from tenants.models import Client


def spend_beside(
    days: DayRange,
    before: DayRange,
    *,
    group_by: Sequence[str],
    client: str = "",
    seen_by: Client | None = None,
) -> tuple[SpendReport, SpendReport]:
    """Both as `spend` gives them. What lies between the spans is read and left out."""
    both = DayRange(before.since, days.until)
    found = spend(both, group_by=group_by, client=client, seen_by=seen_by)
    return part_of(found, days), part_of(found, before)


def part_of(report: SpendReport, days: DayRange) -> SpendReport:
    """The rows of some days, with their total; the report's rows are by day."""
    rows = [row for row in report.rows if days.since <= _day(row.period) < days.until]
    total = add_up(row.measures for row in rows)
    shows = report.total.shows_money
    return SpendReport(rows=rows, total=replace(total, shows_money=shows), as_of=report.as_of)


def _day(period: object) -> date:
    if not isinstance(period, date):
        raise TypeError("rows by day only")
    return period
