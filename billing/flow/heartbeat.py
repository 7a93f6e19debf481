"""Heartbeat: a task that runs by the clock says that it has run to its end.

In: the task's name.   Out: one row of Heartbeat, kept in PostgreSQL since Redis may forget it.
"""

from datetime import datetime

from django.db import connection

BEAT = """
INSERT INTO billing_heartbeat (name, at) VALUES (%(name)s, %(at)s)
ON CONFLICT (name) DO UPDATE SET at = excluded.at
"""


def beat(name: str, *, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(BEAT, {"name": name, "at": now})
