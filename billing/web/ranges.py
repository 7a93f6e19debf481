"""Ranges: the days a page shows, the days it compares them with, and the picker that changes them.

In:   the query string and the time now.   Out: Asked, with the RangePicker of `parts/range.html`.
Promises: every choice is a query string that keeps the page's other settings, so it can be shared; a
range that makes no sense is answered with words and status 422, on the page itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus

from django.http import HttpRequest, QueryDict

from billing.periods import (
    MONDAY,
    PRESETS,
    DayRange,
    PeriodError,
    range_from_query,
    today_in,
)
from tenants.access import Access

WORDS: Mapping[str, str] = {
    "today": "today",
    "yesterday": "yesterday",
    "7d": "in 7 days",
    "30d": "in 30 days",
    "month": "this month",
    "last-month": "last month",
    "90d": "in 90 days",
    "week": "this week",
    "last-week": "last week",
    "quarter": "this quarter",
}
"""Completes 'Spend …'."""
RARE = ("week", "last-week", "quarter")
"""Presets that stand in the menu, beside days of one's own."""
MOST_BARS = 120
"""Longer ranges are drawn by month."""


@dataclass(frozen=True, slots=True)
class Choice:
    label: str
    query: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class RangePicker:
    """`more`: choices of the menu. `kept`: settings of the page that a new range keeps. `error`: what was wrong
    with the range."""

    choices: tuple[Choice, ...]
    more: tuple[Choice, ...]
    days: DayRange
    zone: str
    kept: tuple[tuple[str, str], ...]
    error: str

    @property
    def of_menu(self) -> str:
        """What was chosen in the menu: the name of a preset or the days; ''."""
        if self.days.preset in RARE:
            return PRESETS[self.days.preset]
        return "" if self.days.preset else self.days.label


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for. `by_day`: what is kept by day; a single day has no hours."""

    days: DayRange
    before: DayRange
    today: date
    picker: RangePicker
    by_day: bool = False

    @property
    def words(self) -> str:
        return WORDS.get(self.days.preset, self.days.label)

    @property
    def unit(self) -> str:
        """What one bar stands for: hours of a single day, months of a long range, else days."""
        count = len(self.days.days)
        if count == 1:
            return "day" if self.by_day else "hour"
        return "month" if count > MOST_BARS else "day"

    @property
    def status(self) -> int:
        return HTTPStatus.UNPROCESSABLE_ENTITY if self.picker.error else HTTPStatus.OK


def asked_range(
    request: HttpRequest, *, zone: str, now: datetime, keep: tuple[str, ...] = ()
) -> Asked:
    """Read the range from the address. `keep` names the other settings of this page."""
    today = today_in(zone, now=now)
    error = ""
    try:
        days = range_from_query(request.GET, today=today, week_starts_on=week_start_of(request))
    except PeriodError as wrong:
        days, error = range_from_query(QueryDict(), today=today), wrong.detail
    kept = tuple((name, request.GET[name]) for name in keep if name in request.GET)
    choices = {
        name: Choice(
            label=label, query=query_with(kept, range=name), is_current=name == days.preset
        )
        for name, label in PRESETS.items()
    }
    picker = RangePicker(
        choices=tuple(each for name, each in choices.items() if name not in RARE),
        more=tuple(choices[name] for name in RARE),
        days=days,
        zone=zone,
        kept=kept,
        error=error,
    )
    return Asked(
        days=days,
        before=days.previous(),
        today=today,
        picker=picker,
    )


def week_start_of(request: HttpRequest) -> int:
    """The company's; a page of no company has weeks from Monday."""
    access = getattr(request, "access", None)
    return access.tenant.week_starts_on if isinstance(access, Access) else MONDAY


def kept_range(request: HttpRequest) -> tuple[tuple[str, str], ...]:
    """The range settings of an address, for links that change something else."""
    names = ("range", "since", "until")
    return tuple((name, request.GET[name]) for name in names if name in request.GET)


def tabs(
    names: Mapping[str, str], kept: tuple[tuple[str, str], ...], *, current: str
) -> tuple[Choice, ...]:
    """The choices of `?by=`, what the colours of a chart mean."""
    return tuple(
        Choice(label=label, query=query_with(kept, by=name), is_current=name == current)
        for name, label in names.items()
    )


def query_with(kept: tuple[tuple[str, str], ...], **settings: str) -> str:
    """A query string from kept settings and new ones, in a stable order."""
    query = QueryDict(mutable=True)
    query.update(dict(kept) | settings)
    return query.urlencode()
