"""`make run`: the servers, the migrations, the demo on the first run, then web, worker and beat.

In:   HOST, PORT, STATE_DIR, DATABASE_URL, REDIS_URL, DEMO.   Out: a running costtrack until Ctrl-C.
Promise: whatever ends this process, kill -9 included, ends everything that it started.
"""

import hashlib
import http.client
import os
import socket
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from costtrack.local.child import Child, run_to_end
from costtrack.local.errors import LocalError
from costtrack.local.servers import environment, given_urls, start_servers
from costtrack.local.state import KEYS, PROJECT, State, hold, open_state, state_dir
from costtrack.local.supervisor import Supervisor, say

EVERY_ADDRESS = {"0.0.0.0", "::"}  # noqa: S104  compared with, not bound to
GUNICORN = (
    "--config costtrack/serving.py --workers 2 --threads 4 --graceful-timeout 3 --no-control-socket"
)
CELERY_WORKER = (
    "--loglevel WARNING --concurrency 2 --without-gossip --without-mingle --without-heartbeat"
)
# in what migrate prints: the database was empty
FIRST_MIGRATION = "Applying tenants.0001_initial... OK"
CELERY_BEAT = "--loglevel WARNING --pidfile="
WEB_START_LIMIT = 60.0  # seconds
LOOK_EVERY = 0.25  # seconds


def run(*, with_parent: bool) -> int:
    """Serve until a stop signal; with_parent: or until our parent (make) is gone, even killed."""
    parent = os.getppid()
    host, port = os.environ.get("HOST") or "127.0.0.1", _port()
    address = f"http://{'127.0.0.1' if host in EVERY_ADDRESS else host}:{port}"
    state = open_state(state_dir())
    with hold(state.root) as held, Supervisor() as servers, Supervisor() as programs:
        try:
            held.publish({"address": address})
            _refuse_taken_port(host, port)
            say(f"Starting costtrack. Its data is in {state.root}")
            urls = start_servers(servers, state=state)
            variables = {"PUBLIC_URL": address, **environment(urls, state=state)}
            keys = {name: variables[name] for name in KEYS}
            held.publish({"address": address, "urls": {**urls, **keys}})
            migrated = _manage("migrate", "--no-input", state=state, variables=variables)
            start = partial(_start, programs, state=state, variables=variables)
            web = start("web", _web(host, port))
            demo = _demo_of_first_run(state, variables=variables, migrated=migrated)
            start("worker", _worker())
            start("beat", _beat(state))
            web.wait_until(lambda: _answers(host, port), limit=WEB_START_LIMIT)
            _tell(address, state=state, demo=demo)
            while not with_parent or os.getppid() == parent:
                time.sleep(LOOK_EVERY)
                servers.tend()
                programs.tend()
        except KeyboardInterrupt:
            pass
        say("\nStopping.")
    return 0


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise LocalError(f"PORT must be a number from 1 to 65535, not {text!r}.")


def _refuse_taken_port(host: str, port: int) -> None:
    """Say it before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise LocalError(
                f"{host}:{port} cannot be used: {error.strerror}. "
                f"Choose another port: PORT={port + 1} make run"
            ) from error


def _manage(*words: str, state: State, variables: Mapping[str, str]) -> str:
    return run_to_end(
        f"manage.py {words[0]}",
        command=[sys.executable, "manage.py", *words],
        folder=PROJECT,
        log=state.logs / f"{words[0]}.log",
        environment=variables,
    )


def _demo_of_first_run(state: State, *, variables: Mapping[str, str], migrated: str) -> str:
    """Seed the demo once per database; keep what it printed (logins, key) readable by us alone.

    A database that somebody gave us gets it only if it was empty, and never with DEMO=0.
    """
    note = _demo_note(state)
    is_ours_or_was_empty = "DATABASE_URL" not in given_urls() or FIRST_MIGRATION in migrated
    is_wanted = os.environ.get("DEMO") != "0" and is_ours_or_was_empty
    if note.exists() or not is_wanted:
        return ""
    say("Filling in a demo, this once: about half a minute.")
    told = _manage("seed_demo", state=state, variables=variables).strip()
    note.touch(mode=0o600)
    note.write_text(told + "\n")
    return told


def _demo_note(state: State) -> Path:
    database = given_urls().get("DATABASE_URL", "")
    suffix = f"-{hashlib.sha256(database.encode()).hexdigest()[:8]}" if database else ""
    return state.root / f"demo{suffix}.txt"


def _web(host: str, port: int) -> list[str]:
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return ["gunicorn", "costtrack.wsgi", "--bind", bind, *GUNICORN.split()]


def _worker() -> list[str]:
    return ["celery", "--app", "costtrack", "worker", *CELERY_WORKER.split()]


def _beat(state: State) -> list[str]:
    schedule = str(state.root / "beat-schedule")
    return ["celery", "--app", "costtrack", "beat", *CELERY_BEAT.split(), "--schedule", schedule]


def _start(
    programs: Supervisor,
    name: str,
    words: list[str],
    *,
    state: State,
    variables: Mapping[str, str],
) -> Child:
    make_child = partial(
        Child,
        name,
        command=[sys.executable, "-m", *words],
        folder=PROJECT,
        log=state.logs / f"{name}.log",
        environment=variables,
    )
    return programs.start(name, make_child)


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(
        "127.0.0.1" if host in EVERY_ADDRESS else host, port, timeout=5
    )
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _tell(address: str, *, state: State, demo: str) -> None:
    say(f"costtrack is ready: {address}")
    if demo:
        say(f"\n{demo}\n")
    if _demo_note(state).exists():
        say(f"Demo logins and key: {_demo_note(state)}")
    say(f"Logs: {state.logs}")
    say("Ctrl-C stops everything.")
