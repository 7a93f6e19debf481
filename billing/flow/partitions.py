"""Partitions: the ledger's months, made ahead by the function that owns them (migration 0002)."""

from datetime import date, timedelta

from django.db import connection

MONTHS_AHEAD = 3


def make_partitions(*, today: date) -> int:
    """Make the missing partitions up to three months after this one; returns how many were made."""
    month = today.replace(day=1)
    for _ in range(MONTHS_AHEAD + 1):
        month = (month + timedelta(days=32)).replace(day=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT make_event_partitions(%s)", [month])
        (made,) = cursor.fetchone()
    return int(made)
