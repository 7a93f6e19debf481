"""Condition: the parts that the work depends on, each as a word and an age.

In:   the time now.   Out: one Part for each, in the order in which to look at them.
Promise: quick, and never an error; a part that cannot be asked is `unknown`.
Vital are the parts without which this process would answer wrongly or not at all: then /readyz is 503. The loss
of any other leaves what is answered right, and taking processes out of service would add to it: an alarm.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from redis.exceptions import RedisError

from billing.reports.operations import Pulse, pulse
from costtrack.checks import database_walls
from tenants.redis import client

VITAL = ("database", "migrations", "walls")
OLD_ENTRY = timedelta(minutes=10)
OVERDUE_DELIVERY = timedelta(minutes=5)
OLD_MAIL = timedelta(minutes=15)
NO_SWEEP = timedelta(minutes=5)
NO_PROOF = timedelta(hours=48)

OF_PULSE = ("journal", "deliveries", "partitions", "beat", "verify")
FINE = {"ok", "none yet"}


@dataclass(frozen=True, slots=True)
class Part:
    """`state` is a word; `age` says since when, or how old what it speaks of is; `detail` is for operators."""

    name: str
    state: str
    age: timedelta | None = None
    detail: str = ""

    @property
    def is_alarm(self) -> bool:
        return self.state not in FINE

    @property
    def is_vital(self) -> bool:
        return self.name in VITAL


def condition(*, now: datetime) -> list[Part]:
    """Every part there is. Where the database is down the rest of it is unknown, and nothing waits for it."""
    database = _asked("database", _database)
    if database.is_alarm:
        unknown = ("migrations", "walls", *OF_PULSE)
        return [database, *(Part(name, "unknown") for name in unknown), _broker()]
    return [
        database,
        _asked("migrations", _migrations),
        _asked("walls", _walls),
        *_pulse(now),
        _broker(),
    ]


def is_ready(parts: list[Part]) -> bool:
    return not any(part.is_alarm for part in parts if part.is_vital)


def _asked(name: str, probe: Callable[[], Part]) -> Part:
    try:
        return probe()
    except (DatabaseError, OSError) as error:
        return Part(name, "down" if name == "database" else "unknown", detail=type(error).__name__)


def _database() -> Part:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Part("database", "ok")


def _migrations() -> Part:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        pending = _migrations_on_disk() - set(cursor.fetchall())
    if not pending:
        return Part("migrations", "ok")
    return Part("migrations", "pending", detail=", ".join(sorted(map(".".join, pending))))


@cache
def _migrations_on_disk() -> frozenset[tuple[str, str]]:
    """Of the code that this process runs: read once."""
    found = MigrationLoader(None).disk_migrations or {}
    return frozenset(key for key, migration in found.items() if not migration.replaces)


def _walls() -> Part:
    problems = database_walls(databases=["default"])
    return Part("walls", "open" if problems else "ok", detail=" ".join(p.msg for p in problems))


def _pulse(now: datetime) -> list[Part]:
    try:
        found = pulse(now=now)
    except (DatabaseError, OSError) as error:
        return [Part(name, "unknown", detail=type(error).__name__) for name in OF_PULSE]
    missing = ", ".join(found.missing_months)
    return [
        _aged("journal", found.oldest_entry_at, now=now, limit=OLD_ENTRY, empty="ok"),
        _deliveries(found, now=now),
        Part("partitions", "missing" if missing else "ok", detail=missing),
        _aged("beat", found.swept_at, now=now, limit=NO_SWEEP),
        _verify(found, now=now),
    ]


def _deliveries(found: Pulse, *, now: datetime) -> Part:
    """Late: nobody sends. Stuck: workers send, and the mail server takes nothing."""
    part = _aged("deliveries", found.due_at, now=now, limit=OVERDUE_DELIVERY, empty="ok")
    if not part.is_alarm and found.mail_at and now - found.mail_at > OLD_MAIL:
        return Part("deliveries", "stuck", now - found.mail_at, detail="mail")
    return part


def _verify(found: Pulse, *, now: datetime) -> Part:
    part = _aged("verify", found.proved_at, now=now, limit=NO_PROOF)
    if found.wrong_days:
        s = "" if found.wrong_days == 1 else "s"
        return Part("verify", "differs", part.age, detail=f"{found.wrong_days} day{s}")
    return part


def _aged(
    name: str, at: datetime | None, *, now: datetime, limit: timedelta, empty: str = "none yet"
) -> Part:
    if at is None:
        return Part(name, empty)
    age = max(now - at, timedelta())
    return Part(name, "late" if age > limit else "ok", age)


def _broker() -> Part:
    try:
        client().ping()
    except (RedisError, OSError) as error:
        return Part("broker", "down", detail=type(error).__name__)
    return Part("broker", "ok")
