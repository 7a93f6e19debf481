"""/system/: how the machine is, for those who keep it running (`is_staff`); for others it is not there.

In:   nothing.   Out: states with what to do, what waits, proofs, prices, partitions and versions.
Never: anybody's spend, or the name of a tenant.
"""

import platform
from dataclasses import dataclass
from datetime import datetime, timedelta

import django
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from billing.reports.drift import drift
from billing.reports.operations import LISTED, last_proofs, partitions, undelivered, waiting
from costtrack import __version__
from costtrack.condition import Part, condition, is_ready
from tenants.redis import client

WHAT_TO_DO = {
    "database": "Start PostgreSQL, or mend DATABASE_URL. Nothing is served meanwhile, and senders try again.",
    "migrations": "Run manage.py migrate with the code that is served here.",
    "walls": "Run manage.py check --database default, which names the tables, then manage.py migrate.",
    "journal": "Look whether a worker runs and what it logs. Every figure is right meanwhile, only slower.",
    "deliveries": "Late: look whether a worker runs. Stuck: look at EMAIL_URL and the mail server.",
    "partitions": "Run manage.py make_partitions. Events of a missing month are refused, none is lost.",
    "beat": "Look whether one beat and a worker run. What is due waits for them.",
    "verify": "Run manage.py verify_spend; where it names days, manage.py rebuild_spend --tenant SLUG.",
    "broker": "Start Redis. Ingest and pages go on without it; folds wait for it.",
}
WORDS = {
    "database": "PostgreSQL answers",
    "migrations": "the schema is that of this code",
    "walls": "tenants are kept apart by the database",
    "journal": "the oldest entry that waits to be folded",
    "deliveries": "messages leave when they are due",
    "partitions": "the ledger has this month and three more",
    "beat": "the last sweep, by beat, broker and worker together",
    "verify": "every company was proved since",
    "broker": "Redis answers",
}


@dataclass(frozen=True, slots=True)
class StateRow:
    name: str
    words: str
    state: str
    tone: str
    age: str
    detail: str
    todo: str


@login_not_required
@require_safe
def system(request: HttpRequest) -> HttpResponse:
    if not getattr(request.user, "is_staff", False):
        raise Http404
    now = timezone.now()
    parts = condition(now=now)
    context = {
        "now": now,
        "is_ready": is_ready(parts),
        "states": [_row(part) for part in parts],
        "versions": _versions(),
        "waiting": [(each, in_words(now - each.oldest_at)) for each in waiting()],
        "undelivered": [(each, in_words(now - each.oldest_at)) for each in undelivered()],
        "proofs": [(each, in_words(now - each.at)) for each in last_proofs()],
        "partitions": [
            each for each in partitions() if not each.is_empty or _is_near(each.month, now)
        ],
        "listed": LISTED,
        "drift": drift(),
    }
    return render(request, "system.html", context)


def in_words(age: timedelta) -> str:
    """The largest unit that fits: `12 s`, `4 min`, `3 h`, `5 days`."""
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size or (size == 60 and seconds >= size):
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _row(part: Part) -> StateRow:
    return StateRow(
        name=part.name,
        words=WORDS[part.name],
        state=part.state,
        tone=_tone(part),
        age="" if part.age is None else in_words(part.age),
        detail=part.detail,
        todo=WHAT_TO_DO[part.name] if part.is_alarm else "",
    )


def _tone(part: Part) -> str:
    if part.is_alarm:
        return "bad" if part.is_vital else "warn"
    return "good" if part.state == "ok" else ""


def _is_near(month: str, now: datetime) -> bool:
    return month >= f"{now - timedelta(days=62):%Y-%m}"


def _versions() -> dict[str, str]:
    found = {"costtrack": __version__, "Python": platform.python_version()}
    found["Django"] = django.get_version()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            found["PostgreSQL"] = cursor.fetchone()[0].split()[0]
    except DatabaseError:
        found["PostgreSQL"] = "away"
    try:
        server = client().info("server")
        name = str(server.get("server_name", "redis")).capitalize()
        found[name] = str(server.get(f"{name.lower()}_version", server["redis_version"]))
    except (RedisError, OSError):
        found["Redis"] = "away"
    return found
