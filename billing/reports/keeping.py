"""Keeping: what a setting of the retention would let go, before somebody chooses it."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Max, Sum

from billing.flow.retention import kept_since
from billing.models import DailySpend, Horizon


@dataclass(frozen=True, slots=True)
class WouldGo:
    """By the rollups, so by days of the tenant: at the edge of a month it is off by some hours."""

    months: int
    kept_since: date
    events: int
    last: date | None
    """The newest day that would go."""


def would_go(months: int, *, now: datetime) -> WouldGo:
    """Events of the active tenant that would be let go with the next nights, as far as they are still there."""
    since, horizon = kept_since(months, now=now), Horizon.objects.first()
    days = DailySpend.objects.filter(day__lt=since)
    if horizon:
        days = days.filter(day__gte=horizon.first_day)
    found = days.aggregate(events=Sum("events"), last=Max("day"))
    return WouldGo(months, since, int(found["events"] or 0), found["last"])
