"""The events of an hour: where the explorer ends and each event says why it costs what it costs."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from billing.periods import DayRange
from billing.reports.buckets import TOKEN_CLASS
from billing.reports.components import COMPONENT
from billing.reports.events import CursorError, events
from billing.reports.filters import PRICED
from billing.web.explore_page import booked_names, chips
from billing.web.question import FILTERS, IS_PRICED, Question
from billing.web.ranges import query_with
from tenants.access import STAFF, page
from tenants.web.requests import PageRequest

PER_PAGE = 50
LONGEST = timedelta(hours=25)
"""A day on which the clock goes back."""


@page(STAFF)
@require_safe
def explore_events(request: PageRequest) -> HttpResponse:
    """The events of an hour or a day, newest first; each leads to why it costs what it costs."""
    since, until = instant_of(request, "since"), instant_of(request, "until")
    if since is None or until is None or not since < until <= since + LONGEST:
        raise Http404("no such hour")
    filters = {name: request.GET[name] for name in FILTERS if request.GET.get(name)}
    for name in (TOKEN_CLASS, COMPONENT):
        filters.pop(name, None)
    cursor = request.GET.get("cursor", "")
    kept = {"since": request.GET["since"], "until": request.GET["until"], **filters}
    first = query_with(tuple(kept.items()))
    try:
        listed = events(since=since, until=until, cursor=cursor, limit=PER_PAGE, **filters)
    except CursorError:
        return redirect(f"{request.path}?{first}")
    older = query_with(tuple(kept.items()), cursor=listed.next_cursor) if listed.next_cursor else ""
    day = day_of(since, zone=request.access.tenant.timezone)
    hours = Question(day, granularity="hour", group_by=(), filters=filters)
    context = {
        "section": "explore",
        "since": since,
        "until": until,
        "events": listed.events,
        "chips": chips(hours, names={**booked_names(), PRICED: IS_PRICED}),
        "is_first": not cursor,
        "first": first,
        "older": older,
        "hours": hours,
    }
    return render(request, "billing/explore_events.html", context)


def instant_of(request: PageRequest, name: str) -> datetime | None:
    try:
        found = parse_datetime(request.GET.get(name, ""))
    except ValueError:
        return None
    return found if found and found.tzinfo else None


def day_of(instant: datetime, *, zone: str) -> DayRange:
    day = instant.astimezone(ZoneInfo(zone)).date()
    return DayRange(day, day + timedelta(days=1))
