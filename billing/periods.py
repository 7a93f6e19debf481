"""Periods: spans of a tenant's days, and how a query string names one.

In:   dates, and the query string of a page or an API call.   Out: `DayRange`, half-open; instants in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONGEST = 1_100
"""Days that one report may span: three years."""

PRESETS = {
    "today": "Today",
    "yesterday": "Yesterday",
    "7d": "7 days",
    "30d": "30 days",
    "month": "This month",
    "last-month": "Last month",
    "90d": "90 days",
    "week": "This week",
    "last-week": "Last week",
    "quarter": "This quarter",
}
MONDAY = 1
WEEK = timedelta(days=7)


class PeriodError(ValueError):
    """The range makes no sense. `field` names the parameter."""

    def __init__(self, detail: str, *, field: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


@dataclass(frozen=True, slots=True)
class DayRange:
    """Days from `since` up to and without `until`. `preset` is the name it was asked by, or ''."""

    since: date
    until: date
    preset: str = ""

    @property
    def days(self) -> list[date]:
        return [self.since + timedelta(days=n) for n in range((self.until - self.since).days)]

    @property
    def last(self) -> date:
        return self.until - timedelta(days=1)

    @property
    def label(self) -> str:
        """`Sun 22 Nov 2026`, `1–22 Nov 2026`, `28 Oct – 3 Nov 2026`."""
        first, last = self.since, self.last
        end = f"{last.day} {last:%b %Y}"
        if first == last:
            return f"{last:%a} {end}"
        if (first.year, first.month) == (last.year, last.month):
            return f"{first.day}–{end}"
        if first.year == last.year:
            return f"{first.day} {first:%b} – {end}"
        return f"{first.day} {first:%b %Y} – {end}"

    def previous(self) -> "DayRange":
        """What this range is compared with: as many days of the week, month or quarter before for one that has
        only begun, the whole one before for a whole one, else the same number of days before it."""
        length = self.until - self.since
        if self.preset == "month":
            start = (self.since - timedelta(days=1)).replace(day=1)
            return DayRange(start, min(start + length, self.since))
        if self.preset == "last-month":
            return DayRange((self.since - timedelta(days=1)).replace(day=1), self.since)
        if self.preset == "week":
            return DayRange(self.since - WEEK, self.until - WEEK)
        if self.preset == "quarter":
            start = quarter_of(self.since - timedelta(days=1))
            return DayRange(start, min(start + length, self.since))
        return DayRange(self.since - length, self.since)


def today_in(timezone: str, *, now: datetime) -> date:
    """The tenant's day at an instant."""
    return now.astimezone(ZoneInfo(timezone)).date()


def day_of(text: str) -> date | None:
    """The day that is written YYYY-MM-DD; Python reads other spellings too, such as 2026-W47-1."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.isoformat() == text else None


def start_of(day: date, *, timezone: str) -> datetime:
    """The instant at which a day begins in a zone, also where its midnight is skipped or comes twice."""
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)


def period_text(period: date | datetime | None) -> str | None:
    """A day or a month by its first day, an hour by its start in UTC, as answers and files say it."""
    if isinstance(period, datetime):
        return period.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return period.isoformat() if period else None


def quarter_of(day: date) -> date:
    """The first day of the calendar quarter that a day lies in."""
    return date(day.year, day.month - (day.month - 1) % 3, 1)


def preset_range(name: str, *, today: date, week_starts_on: int = MONDAY) -> DayRange:
    """The days of a preset, up to and with today. `week_starts_on`: the company's weekday, 1 Monday to 7
    Sunday."""
    tomorrow = today + timedelta(days=1)
    first_of_month = today.replace(day=1)
    first_of_week = today - timedelta(days=(today.isoweekday() - week_starts_on) % 7)
    spans = {
        "today": (today, tomorrow),
        "yesterday": (today - timedelta(days=1), today),
        "7d": (today - timedelta(days=6), tomorrow),
        "30d": (today - timedelta(days=29), tomorrow),
        "month": (first_of_month, tomorrow),
        "last-month": ((first_of_month - timedelta(days=1)).replace(day=1), first_of_month),
        "90d": (today - timedelta(days=89), tomorrow),
        "week": (first_of_week, tomorrow),
        "last-week": (first_of_week - WEEK, first_of_week),
        "quarter": (quarter_of(today), tomorrow),
    }
    since, until = spans[name]
    return DayRange(since, until, preset=name)


def range_from_query(
    query: Mapping[str, str], *, today: date, default: str = "month", week_starts_on: int = MONDAY
) -> DayRange:
    """`?range=7d` or `?since=2026-11-01&until=2026-12-01`; a lone `since` runs up to today.

    Errors: PeriodError for an unknown preset, a date that is none, an empty or too long span.
    """
    since, until = query.get("since", ""), query.get("until", "")
    if not since and not until:
        name = query.get("range", "") or default
        if name not in PRESETS:
            raise PeriodError(f"range is one of {', '.join(PRESETS)}.", field="range")
        return preset_range(name, today=today, week_starts_on=week_starts_on)
    if not since:
        raise PeriodError("since is required when until is given.", field="since")
    first = _date(since, field="since")
    after = _date(until, field="until") if until else today + timedelta(days=1)
    return checked_range(first, after)


def checked_range(since: date, until: date) -> DayRange:
    if until <= since:
        raise PeriodError("until must be after since; it is exclusive.", field="until")
    if (until - since).days > LONGEST:
        raise PeriodError(f"A range spans at most {LONGEST} days.", field="since")
    return DayRange(since, until)


def _date(text: str, *, field: str) -> date:
    found = day_of(text)
    if found is None or not date(2000, 1, 1) <= found <= date(2200, 1, 1):
        raise PeriodError(f"{field} must be a date such as 2026-11-01.", field=field)
    return found
