"""What stays: seconds to fold new events into the rollups, bytes on disk, memory of the processes."""

import resource
import time
from collections.abc import Sequence
from datetime import timedelta

import psycopg
import redis
from django.conf import settings
from django.db import connection
from django.utils import timezone

from billing.flow.fold import fold
from billing.insights.night import AGAIN_AFTER, look
from tenants.scoping import tenant_scope
from tests.benchmarks import machine
from tests.benchmarks.company import Company
from tests.benchmarks.figures import Figure, number
from tests.benchmarks.stack import Web, processes

MEGABYTE = 1_000_000
MOST_MEMORY = 600
"""Megabytes of the whole local stack, idle."""
NIGHT, NIGHT_MEMORY = 60, 300
"""Seconds and megabytes in which the night's look handles a million events."""
A_STRETCH = timedelta(seconds=20)


def fold_figure(company: Company, *, name: str) -> Figure:
    """Fold all of the company's journal; seconds per 100,000 events."""
    with tenant_scope(company.tenant.pk):
        events, entries = _journal(company)
    began = time.perf_counter()
    while True:
        with tenant_scope(company.tenant.pk):
            if not fold().entries:
                break
    seconds = time.perf_counter() - began
    return Figure(
        "fold",
        name,
        seconds / events * 100_000,
        "s per 100,000 events",
        beside=f"{number(events)} events in {number(entries)} journal rows,"
        f" {number(seconds / entries * 1e6)} µs a row",
    )


def night_figures(company: Company, *, events: str) -> list[Figure]:
    """What nights do in three months, in one: every day of a history looked at anew, by this process."""
    began = time.perf_counter()
    days = 0
    while True:
        with tenant_scope(company.tenant.pk):
            looked = look(now=timezone.now() + AGAIN_AFTER, within=A_STRETCH)
        days += looked.days
        if not looked.left:
            break
    seconds = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE
    beside = f"{days} days; this process has used {number(memory)} MB at most"
    return [
        Figure("insights", f"a night over {events}", seconds, "s", at_most=NIGHT, beside=beside),
        Figure("insights", "memory of that process", memory, "MB", at_most=NIGHT_MEMORY),
    ]


def _journal(company: Company) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(events)::bigint, count(*) FROM billing_spendentry WHERE tenant_id = %s",
            [company.tenant.pk],
        )
        return cursor.fetchone()


def stored_sizes(database: psycopg.Connection) -> dict[str, int]:
    """Bytes of ledger and identities, indexes and all, and the number of events."""
    ledger, keys, events = database.execute(
        """SELECT sum(pg_total_relation_size(inhrelid))::bigint,
            (SELECT pg_total_relation_size('billing_eventkey')),
            (SELECT count(*) FROM billing_eventkey)
        FROM pg_inherits WHERE inhparent = 'billing_usageevent'::regclass"""
    ).fetchone()
    return {"ledger": ledger, "keys": keys, "events": events}


def memory_figures(web: Web) -> list[Figure]:
    """Every process of the stack, grouped by program; shared pages are shared out."""
    groups = {
        "web": processes("gunicorn"),
        "worker and beat": processes("celery"),
        "PostgreSQL": _postgres(web),
        "Redis": _redis(),
    }
    each = {
        name: [machine.memory_of(pid) / MEGABYTE for pid in pids] for name, pids in groups.items()
    }
    whole = sum(map(sum, each.values()))
    return [
        Figure("memory", "the whole stack, idle", whole, "MB", at_most=MOST_MEMORY),
        *(
            Figure("memory", name, sum(sizes), "MB", beside=f"processes: {_listed(sizes)}")
            for name, sizes in each.items()
        ),
    ]


def _listed(sizes: Sequence[float]) -> str:
    return ", ".join(map(number, sorted(sizes, reverse=True)))


def _postgres(web: Web) -> list[int]:
    """The server and everything below it, when it is on this machine."""
    sessions = web.sessions()
    if not sessions:
        return []
    server = machine.parent_of(sessions[0])
    return [server, *machine.descendants(server)]


def _redis() -> list[int]:
    """The server, when the process of the id that it names is one on this machine."""
    pid = int(redis.Redis.from_url(settings.REDIS_URL).info("server")["process_id"])
    return [pid] if any(word in machine.command_of(pid) for word in ("redis", "valkey")) else []
