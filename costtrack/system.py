"""/system/: how the machine is, for operators (costtrack/operate.py); for others it is not there.

In:   nothing.   Out: states with what to do, what waits, proofs, prices, partitions and versions.
Never: anybody's spend, or the name of a tenant.
"""

import platform
from dataclasses import dataclass
from datetime import datetime, timedelta

import django
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from billing.reports.drift import drift
from billing.reports.operations import LISTED, last_proofs, partitions, undelivered, waiting
from costtrack import __version__
from costtrack.condition import Part, condition, is_ready
from costtrack.operate import operators_only
from tenants.redis import client
from tenants.web.ages import in_words

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


@require_safe
@operators_only
def system(request: HttpRequest) -> HttpResponse:
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
