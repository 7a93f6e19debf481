"""The product as processes of its own: PostgreSQL, Valkey, gunicorn, a Celery worker and beat.

In:   nothing; the servers come from wheels, in a folder that is deleted afterwards.
Out:  an address and a database; whatever ends is started again at once, as a supervisor would.
Promise: everything ends with the block, and with us whatever ends us (costtrack.local.child).
"""

import http.client
import json
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from costtrack.local.child import Child, run_to_end
from costtrack.local.errors import LocalError
from costtrack.local.postgres import postgres_url, start_postgres
from costtrack.local.run import CELERY_BEAT, CELERY_WORKER, GUNICORN
from costtrack.local.state import PROJECT, State, hold, throwaway_state
from costtrack.local.valkey import start_valkey, valkey_url
from tests.faults import processes
from tests.faults.points import FROZEN
from tests.keyring import KEY_RING

NOT_INHERITED = {
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "KEY_RING",
    "PUBLIC_URL",
    "STATE_DIR",
    "DATABASE_ROLE",
    "EMAIL_URL",
}
LOOK_EVERY = 0.05  # seconds
FROZEN_FOR = 40.0  # seconds
AFTER_A_FAILED_START = 0.3  # seconds


class Service:
    """One of the five, which is started again whenever it has ended, unless it is held down."""

    def __init__(self, name: str, start: Callable[[], Child]) -> None:
        self.name = name
        self.starts = 0
        self._is_held_down = False
        self._lock = threading.Lock()
        self._start = start
        self._child: Child | None = None
        self._not_before = 0.0

    @property
    def watcher(self) -> int:
        """The process that watches the service and ends what is left of its group; 0 when none runs."""
        child = self._child
        return child._process.pid if child and child.exit_code is None else 0

    @property
    def pid(self) -> int:
        """The service's own first process; 0 while it is being started."""
        return next(iter(processes.children(self.watcher)), 0)

    def tend(self) -> None:
        with self._lock:
            if self.watcher or self._is_held_down or time.monotonic() < self._not_before:
                return
            self._not_before = time.monotonic() + AFTER_A_FAILED_START
            with suppress(LocalError):
                self._child = self._start()
                self.starts += 1

    def stop(self) -> None:
        if self._child:
            self._child.stop()

    @contextmanager
    def held_down(self) -> Iterator[None]:
        """Stopped, and not started again before the block ends."""
        with self._lock:
            self._is_held_down = True
            self.stop()
        try:
            yield
        finally:
            self._is_held_down = False


class Stack:
    """The running product. `crash_at` holds a file per point at which the next comer dies."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.port = _free_port()
        self.database_url = postgres_url(state)
        self.crash_at = state.root / "crash-at"
        self.crash_at.mkdir()
        self.environment = {k: v for k, v in os.environ.items() if k not in NOT_INHERITED} | {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": valkey_url(state),
            "SECRET_KEY": "a key for the fault suite",
            "KEY_RING": KEY_RING,
            "FAULTS_DIR": str(self.crash_at),
        }
        celery = ["celery", "--app", "tests.faults.celery"]
        beat = ["beat", *CELERY_BEAT.split(), "--schedule", str(state.root / "beat-schedule")]
        web = [
            "gunicorn",
            "tests.faults.wsgi",
            "--bind",
            f"127.0.0.1:{self.port}",
            *GUNICORN.split(),
        ]
        self.postgres = Service("PostgreSQL", lambda: start_postgres(state))
        self.valkey = Service("Valkey", lambda: start_valkey(state))
        self.web = Service("web", lambda: self._program("web", web))
        self.worker = Service(
            "worker", lambda: self._program("worker", [*celery, "worker", *CELERY_WORKER.split()])
        )
        self.beat = Service("beat", lambda: self._program("beat", [*celery, *beat]))
        self._keeping = threading.Event()
        self._keepers: list[threading.Thread] = []

    @property
    def services(self) -> list[Service]:
        return [self.postgres, self.valkey, self.web, self.worker, self.beat]

    def start(self) -> None:
        """Servers, migrations, programs; the web does not answer yet."""
        for service in (self.postgres, self.valkey):
            service.tend()
        self.manage("migrate", "--no-input")
        for service in (self.web, self.worker, self.beat):
            service.tend()
        for service in self.services:
            self._keepers.append(threading.Thread(target=self._keep, args=[service], daemon=True))
            self._keepers[-1].start()

    def stop(self) -> None:
        self._keeping.set()
        for keeper in self._keepers:
            keeper.join()
        for service in (self.web, self.worker, self.beat):
            processes.kill(service.pid)  # nothing of theirs is wanted any more
        for service in self.services:
            service.stop()

    def manage(self, *words: str) -> str:
        """What a command of manage.py prints; LocalError when it fails."""
        return run_to_end(
            f"manage.py {words[0]}",
            command=[sys.executable, "manage.py", *words],
            folder=PROJECT,
            log=self.state.logs / f"{words[0]}.log",
            environment=self.environment,
        )

    def sql(self, statement: str, *parameters: object) -> list[tuple]:
        """Rows, as the owner of the tables, on a connection of their own."""
        with psycopg.connect(self.database_url, autocommit=True, connect_timeout=5) as connection:
            return connection.execute(statement, parameters).fetchall()

    def answers(self, path: str = "/readyz") -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def wait_until(self, condition: Callable[[], object], what: str, *, limit: float = 60) -> None:
        deadline = time.monotonic() + limit
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {limit:.0f} s until {what}; logs: {self.keep_logs()}")
            time.sleep(LOOK_EVERY)

    def keep_logs(self) -> Path:
        """Copy the logs to where they outlive us."""
        kept = Path(tempfile.mkdtemp(prefix="costtrack-faults-"))
        shutil.copytree(self.state.logs, kept, dirs_exist_ok=True)
        return kept

    def _keep(self, service: Service) -> None:
        while not self._keeping.wait(LOOK_EVERY):
            service.tend()
            self._end_frozen()

    def _end_frozen(self) -> None:
        """A frozen process stands for a machine that is gone; after a while somebody notices."""
        for note in self.crash_at.glob(f"{FROZEN}*"):
            with suppress(FileNotFoundError):
                if time.time() - note.stat().st_mtime > FROZEN_FOR:
                    note.unlink()
                    processes.kill(int(note.name.removeprefix(FROZEN)))

    def _program(self, name: str, words: list[str]) -> Child:
        return Child(
            name,
            command=[sys.executable, "-m", *words],
            folder=PROJECT,
            log=self.state.logs / f"{name}.log",
            environment=self.environment,
        )


@contextmanager
def running_stack() -> Iterator[Stack]:
    with throwaway_state() as state, hold(state.root) as held:
        held.publish({"address": "the fault suite"})
        stack = Stack(state)
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()


def new_tenant(stack: Stack) -> dict[str, str]:
    """A tenant with a client and two projects; returns its keys by scope."""
    words = ["Acme", "--slug", "acme", "--owner", "ana@acme.test", "--timezone", "Europe/Sofia"]
    keys = json.loads(stack.manage("create_tenant", *words, "--json"))["keys"]
    stack.wait_until(stack.answers, "the web answers")
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=10)
    headers = {"Authorization": f"Bearer {keys['manage']}", "Content-Type": "application/json"}
    for path, body in (
        ("clients", {"slug": "globex", "name": "Globex"}),
        ("projects", {"slug": "support-bot", "name": "Bot", "client": "globex"}),
        ("projects", {"slug": "contract-agent", "name": "Agent", "client": "globex"}),
    ):
        connection.request("POST", f"/api/v1/{path}", json.dumps(body), headers)
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status == 201, said
    return keys


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]
