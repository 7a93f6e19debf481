"""Partitions: the ledger's months, made ahead by the function that owns them (migration 0002)."""

from datetime import date, timedelta

from django.db import connection

MONTHS_AHEAD = 3


def make_partitions(*, today: date) -> int:
    """Make the missing partitions up to three months after this one; returns how many were made."""
    last = _months(today)[-1]
    with connection.cursor() as cursor:
        cursor.execute("SELECT make_event_partitions(%s)", [_next(last)])
        (made,) = cursor.fetchone()
    return int(made)


def month_names(today: date) -> dict[str, str]:
    """The months that must be there, this one and three ahead: `2026-11` -> name of its partition."""
    return {f"{month:%Y-%m}": f"billing_usageevent_{month:%Y_%m}" for month in _months(today)}


def _months(today: date) -> list[date]:
    months = [today.replace(day=1)]
    for _ in range(MONTHS_AHEAD):
        months.append(_next(months[-1]))
    return months


def _next(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)
