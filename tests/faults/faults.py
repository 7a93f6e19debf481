"""The faults, by name: each does its harm to a running stack and says whether it was done.

In:   a stack, a source of chance.   Out: True when something was killed, wiped or held.
The stack starts again what ended; a fault never waits for that, so that faults also meet.
"""

import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import psycopg
import redis

from tests.faults import points, processes
from tests.faults.disk import LESS, files_up_to
from tests.faults.stack import Service, Stack

Fault = Callable[[Stack, random.Random], bool]

APPEARS_WITHIN = 8.0  # seconds until a victim that is being started is there
COMES_PAST_WITHIN = 8.0  # seconds until somebody reaches an armed point
STOPS_WITHIN = 5.0  # seconds
ORPHANED_FOR = 1.0  # seconds
SESSIONS = """SELECT pid FROM pg_stat_activity WHERE datname = current_database()
    AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""


def at_point(point: str, how: signal.Signals, stack: Stack, _: random.Random) -> bool:
    """Whoever comes past next dies, or freezes, there."""
    armed = stack.crash_at / point
    new = armed.with_suffix(".new")
    new.write_text(how.name)
    new.replace(armed)
    if _appears(lambda: not armed.exists(), within=COMES_PAST_WITHIN):
        return True
    armed.unlink(missing_ok=True)
    return False


def first_process(name: str, stack: Stack, _: random.Random) -> bool:
    """kill -9 of a master or parent; what it started ends with it, as in a container."""
    service: Service = getattr(stack, name)
    return _appears(lambda: processes.kill(service.pid))


def leave_orphans(name: str, stack: Stack, _: random.Random) -> bool:
    """kill -9 of a master or parent whose children live on for a while."""
    service: Service = getattr(stack, name)
    if not _appears(lambda: processes.children(service.pid)):
        return False
    watcher, pid = service.watcher, service.pid
    processes.kill(watcher, signal.SIGSTOP)  # else it would end the group at once
    try:
        was_killed = processes.kill(pid)
        time.sleep(ORPHANED_FOR)
    finally:
        processes.kill(watcher, signal.SIGCONT)
    return was_killed


def one_child(name: str, stack: Stack, chance: random.Random) -> bool:
    """kill -9 of one of the processes that do the work."""
    service: Service = getattr(stack, name)

    def kill_one() -> bool:
        pids = processes.children(service.pid)
        return bool(pids) and processes.kill(chance.choice(pids))

    return _appears(kill_one)


def end_session(stack: Stack, chance: random.Random) -> bool:
    """One session of the product is ended by PostgreSQL, with whatever it was doing."""
    return _appears(lambda: _on_a_session(stack, chance, how="SELECT pg_terminate_backend(%s)"))


def kill_session(stack: Stack, chance: random.Random) -> bool:
    """kill -9 of one backend, which makes PostgreSQL end all of them and recover from its log."""
    return _appears(lambda: _on_a_session(stack, chance, how=""))


def restart_postgres(stack: Stack, _: random.Random) -> bool:
    """A fast shutdown, as an administrator does it; an immediate one when it takes too long.

    PostgreSQL 18.4 hangs for ever when it is asked in the middle of its recovery.
    """
    if not _appears(lambda: processes.kill(stack.postgres.pid, signal.SIGINT)):
        return False
    stopping = stack.postgres.watcher
    if not _appears(lambda: stack.postgres.watcher != stopping, within=STOPS_WITHIN):
        processes.kill(stack.postgres.pid, signal.SIGQUIT)
    return True


def wipe_valkey(stack: Stack, _: random.Random) -> bool:
    """Every queued message, bell and cached value is gone."""

    def wipe() -> bool:
        with suppress(redis.RedisError, OSError):
            return bool(redis.from_url(stack.environment["REDIS_URL"], socket_timeout=2).flushall())
        return False

    return _appears(wipe)


def hang(name: str, seconds: float, stack: Stack, _: random.Random) -> bool:
    """Stopped, not ended: connections stay open and nobody answers."""
    service: Service = getattr(stack, name)
    if not _appears(lambda: service.pid):
        return False
    pid = service.pid
    was_stopped = processes.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    processes.kill(pid, signal.SIGCONT)
    return was_stopped


def fill_the_disk(stack: Stack, _: random.Random) -> bool:
    """The log finds no room for a second; PostgreSQL goes down and comes back when there is room again."""
    if not _appears(lambda: stack.postgres.pid):
        return False
    with files_up_to(LESS, stack):
        time.sleep(1)
    return True


def _on_a_session(stack: Stack, chance: random.Random, *, how: str) -> bool:
    """Rather a session that is at work: there something can go wrong."""
    with suppress(psycopg.Error):
        busy = stack.sql(f"{SESSIONS} AND state <> 'idle'")
        found = busy or stack.sql(SESSIONS)
        if found:
            (pid,) = chance.choice(found)
            return bool(stack.sql(how, pid)) if how else processes.kill(pid)
    return False


def _appears(condition: Callable[[], object], *, within: float = APPEARS_WITHIN) -> bool:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


FAULTS: dict[str, Fault] = {
    **{f"web dies {point}": partial(at_point, point, signal.SIGKILL) for point in points.WEB},
    **{f"worker dies {point}": partial(at_point, point, signal.SIGKILL) for point in points.WORKER},
    "a web process freezes in a transaction": partial(at_point, "in_void", signal.SIGSTOP),
    "a worker freezes in a transaction": partial(at_point, "after_fold", signal.SIGSTOP),
    "kill -9 of a web process": partial(one_child, "web"),
    "kill -9 of the web master": partial(first_process, "web"),
    "kill -9 of the web master alone": partial(leave_orphans, "web"),
    "kill -9 of a worker's child": partial(one_child, "worker"),
    "kill -9 of the worker": partial(first_process, "worker"),
    "kill -9 of the worker alone": partial(leave_orphans, "worker"),
    "kill -9 of beat": partial(first_process, "beat"),
    "a PostgreSQL session is ended": end_session,
    "kill -9 of a PostgreSQL session": kill_session,
    "PostgreSQL is restarted": restart_postgres,
    "kill -9 of PostgreSQL": partial(first_process, "postgres"),
    "no room for PostgreSQL's log": fill_the_disk,
    "kill -9 of Valkey": partial(first_process, "valkey"),
    "Valkey is wiped": wipe_valkey,
    "Valkey hangs for 2 s": partial(hang, "valkey", 2.0),
}
