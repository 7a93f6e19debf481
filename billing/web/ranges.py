"""Ranges: the days that a page shows, the days it compares them with, and the picker that changes them.

In:   the query string and today's date in the tenant's zone.   Out: Asked, RangePicker.
Promises: every choice is a query string that keeps the other settings of the page, so it can be shared.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest, QueryDict

from billing.periods import DayRange, range_from_query

PRESETS = (
    ("today", "Today", "today"),
    ("7d", "7 days", "in 7 days"),
    ("month", "This month", "this month"),
    ("last-month", "Last month", "last month"),
    ("90d", "90 days", "in 90 days"),
)
DEFAULT = "month"
MOST_BARS = 120
"""Longer ranges are drawn by month."""
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Choice:
    label: str
    query: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class RangePicker:
    """What `parts/range.html` shows. `kept`: settings of the page that a new range must not lose."""

    choices: tuple[Choice, ...]
    is_custom: bool
    label: str
    since: date
    until: date
    zone: str
    kept: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for. `words` completes 'Spend …'; `shown` ends with today at the latest."""

    days: DayRange
    shown: DayRange
    before: DayRange
    today: date
    words: str
    picker: RangePicker

    @property
    def monthly(self) -> bool:
        return len(self.shown.days) > MOST_BARS

    @property
    def granularity(self) -> str:
        return "month" if self.monthly else "day"


def asked_range(request: HttpRequest, *, zone: str, now: datetime, keep: tuple[str, ...] = ()) -> Asked:
    """Read the range from the address. `keep` names the other settings of this page."""
    today = now.astimezone(ZoneInfo(zone)).date()
    days = range_from_query(request.GET, today=today)
    shown = DayRange(days.since, max(days.since + ONE_DAY, min(days.until, today + ONE_DAY)))
    preset = current_preset(request.GET)
    kept = tuple((name, request.GET[name]) for name in keep if name in request.GET)
    picker = RangePicker(
        choices=tuple(
            Choice(label=label, query=query_with(kept, range=name), is_current=name == preset)
            for name, label, _ in PRESETS
        ),
        is_custom=not preset,
        label=days.label,
        since=days.since,
        until=days.until,
        zone=zone,
        kept=kept,
    )
    words = next((words for name, _, words in PRESETS if name == preset), days.label)
    return Asked(
        days=days, shown=shown, before=days_before(shown), today=today, words=words, picker=picker
    )


def current_preset(query: QueryDict) -> str:
    """The preset an address names; empty when it names days of its own."""
    if query.get("since") or query.get("until"):
        return ""
    name = query.get("range", DEFAULT)
    return name if name in {preset for preset, _, _ in PRESETS} else DEFAULT


def query_with(kept: tuple[tuple[str, str], ...], **settings: str) -> str:
    """A query string from kept settings and new ones, in a stable order."""
    query = QueryDict(mutable=True)
    query.update(dict(kept) | settings)
    return query.urlencode()


def days_before(days: DayRange) -> DayRange:
    """The range to compare with: a month's days with the same days a month before, else as many days."""
    length = days.until - days.since
    last = days.until - ONE_DAY
    if days.since.day == 1 and (last.year, last.month) == (days.since.year, days.since.month):
        first = (days.since - ONE_DAY).replace(day=1)
        return DayRange(first, min(first + length, days.since))
    return DayRange(days.since - length, days.since)
