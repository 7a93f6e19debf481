"""Cycles: which period of a budget a day lies in.

In:   a day of the tenant and how the periods turn.   Out: `DayRange`, half-open, in days of the tenant's zone.
Promises: periods meet without a gap and without overlap; a day lies in exactly one. A period is days, never
hours, so a day of 23 or 25 hours, or another zone, moves no boundary.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from billing.periods import DayRange

PERIODS = ("day", "week", "month", "quarter", "fixed")
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cycle:
    """`starts_on`: the weekday of a week (1 Monday to 7 Sunday), the day of a month (1 to 31).

    A month without that day starts on its last one. `since` and `until` are set for `fixed` alone.
    """

    period: str
    starts_on: int = 1
    since: date | None = None
    until: date | None = None

    def around(self, day: date) -> DayRange:
        """The period that a day lies in; a fixed one whatever the day."""
        if self.period == "day":
            return DayRange(day, day + ONE_DAY)
        if self.period == "week":
            start = day - timedelta(days=(day.isoweekday() - self.starts_on) % 7)
            return DayRange(start, start + timedelta(days=7))
        if self.period == "month":
            return self._months(day, length=1, first_of=day.month)
        if self.period == "quarter":
            return self._months(day, length=3, first_of=day.month - (day.month - 1) % 3)
        if self.since is None or self.until is None:
            raise ValueError(f"no such period: {self.period}")
        return DayRange(self.since, self.until)

    def before(self, period: DayRange) -> DayRange:
        """The period before one; for fixed dates as many days before them."""
        if self.period == "fixed":
            return DayRange(period.since - (period.until - period.since), period.since)
        return self.around(period.since - ONE_DAY)

    def _months(self, day: date, *, length: int, first_of: int) -> DayRange:
        start = month_start(day.year, first_of, starts_on=self.starts_on)
        if day < start:
            start = month_start(start.year, start.month - length, starts_on=self.starts_on)
        until = month_start(start.year, start.month + length, starts_on=self.starts_on)
        return DayRange(start, until)


def month_start(year: int, month: int, *, starts_on: int) -> date:
    """When the month of a budget begins; `month` may lie outside 1 to 12."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, min(starts_on, monthrange(year, month)[1]))
