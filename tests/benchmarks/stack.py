"""The product's processes, started as `make run` starts them, on a free port and with a log to read.

In:   the environment of the benchmark.   Out: running processes, their log lines, their processor time.
Promise: they end with the block, and with us whatever ends us.
"""

import json
import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import psycopg

from costtrack.local.child import Child
from costtrack.local.run import CELERY_BEAT, CELERY_WORKER, GUNICORN
from tests.benchmarks import machine
from tests.benchmarks.database import PROJECT

START_LIMIT = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Cpu:
    """Processor time up to a moment: per process of ours, of our PostgreSQL sessions, of the machine."""

    web: dict[int, float]
    postgres: dict[int, float]
    machine: float | None


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of processor time between two moments."""

    web: float
    postgres: float
    machine: float | None


class Web:
    """The web server: gunicorn with two workers of four threads."""

    def __init__(self, child: Child, *, port: int, database_url: str) -> None:
        self.child = child
        self.port = port
        self._database_url = database_url
        self.pids = processes("gunicorn")

    def answers(self) -> bool:
        try:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/livez")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def cpu(self) -> Cpu:
        self.pids = self.pids or processes("gunicorn")
        return Cpu(
            web=machine.cpu_seconds(self.pids),
            postgres=machine.cpu_seconds(self.sessions()),
            machine=machine.busy_seconds(),
        )

    def sessions(self) -> list[int]:
        """The PostgreSQL processes of this database, when its server is on this machine."""
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchall()
        return [pid for (pid,) in found if "postgres" in machine.command_of(pid)]

    def spent_since(self, before: Cpu) -> Spent:
        after = self.cpu()
        return Spent(
            web=machine.used(before.web, after.web),
            postgres=machine.used(before.postgres, after.postgres),
            machine=None
            if before.machine is None or after.machine is None
            else after.machine - before.machine,
        )

    def server_milliseconds(self) -> dict[str, float]:
        """What the request log says: request id -> time inside the application."""
        found = {}
        for line in self.child.output().splitlines():
            if '"microseconds"' in line:
                entry = json.loads(line)
                found[entry["request"]] = entry["microseconds"] / 1000
        return found


@contextmanager
def web_server(folder: Path, *, database_url: str) -> Iterator[Web]:
    port = _free_port()
    words = ["gunicorn", "costtrack.wsgi", "--bind", f"127.0.0.1:{port}", *GUNICORN.split()]
    child = _start("web", words, folder=folder)
    try:
        web = Web(child, port=port, database_url=database_url)
        child.wait_until(web.answers, limit=START_LIMIT)
        web.pids = processes("gunicorn")
        yield web
    finally:
        child.stop()


@contextmanager
def workers(folder: Path) -> Iterator[None]:
    """Celery's worker and beat beside the web server."""
    celery = ["celery", "--app", "costtrack"]
    schedule = ["--schedule", str(folder / "beat-schedule")]
    with ExitStack() as running:
        for name, words in (
            ("worker", [*celery, "worker", *CELERY_WORKER.split()]),
            ("beat", [*celery, "beat", *CELERY_BEAT.split(), *schedule]),
        ):
            running.callback(_start(name, words, folder=folder).stop)
        deadline = time.monotonic() + START_LIMIT
        while (
            len(processes("celery")) < 4 and time.monotonic() < deadline
        ):  # parent, 2 children, beat
            time.sleep(0.1)
        yield


def processes(word: str) -> list[int]:
    """Those of our processes that run this program, without the watchers that started them."""
    below = ((pid, machine.command_of(pid)) for pid in machine.descendants(os.getpid()))
    return [pid for pid, command in below if word in command and "watch.py" not in command]


def _start(name: str, words: Sequence[str], *, folder: Path) -> Child:
    return Child(
        name,
        command=[sys.executable, "-m", *words],
        folder=PROJECT,
        log=folder / f"{name}.log",
        environment=os.environ,
    )


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])
