"""PostgreSQL from a wheel: made once, started under watch, reached through a private unix socket.

In:   a State.   Out: a running server with the role and database that DATABASE_URL names.
Promise: fsync stays on; a half-made cluster is never used; no process is signalled that is not
      proven to be ours.
Never: listens on a network address.
"""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from costtrack.local.account import CLEAN_ENVIRONMENT, Account
from costtrack.local.child import Child
from costtrack.local.errors import LocalError
from costtrack.local.state import State
from costtrack.local.wheels import POSTGRES, find_binary

OWNER = "costtrack"
LOCALE = ["-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
# The owner of the tables is no superuser, who would pass row-level security. It makes the serving
# roles itself; since PostgreSQL 16 the right to SET ROLE to them has to be asked for. CREATEDB is
# for the test database.
ROLES_AND_DATABASE = f"""
CREATE ROLE {OWNER} LOGIN CREATEROLE CREATEDB
ALTER ROLE {OWNER} SET createrole_self_grant = 'set, inherit'
CREATE DATABASE {OWNER} OWNER {OWNER}
"""
SETTINGS = {
    "listen_addresses": "",
    "max_wal_size": "2GB",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "cluster_name": OWNER,
}
START_LIMIT = 120.0  # seconds; recovery after a power cut may read a lot of log


def postgres_url(state: State) -> str:
    return f"postgresql://{OWNER}@/{OWNER}?host={state.sockets}&port=5432"


def start_postgres(state: State) -> Child:
    """Start the server and return when it accepts connections."""
    binary = find_binary(POSTGRES, state=state)
    data = state.postgres
    if not data.exists():
        _make_cluster(data, binary=binary, account=state.account)
    _clear_the_way(data, account=state.account)
    pid_file = data / "postmaster.pid"
    before = _read(pid_file)
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    child = Child(
        "PostgreSQL",
        command=[binary, "-D", data, "-k", state.sockets, *settings],
        folder=state.root,
        log=state.logs / "postgres.log",
        environment=CLEAN_ENVIRONMENT,
        account=state.account,
        stop="SIGINT",  # a "fast" shutdown: sessions are ended, then a checkpoint
        grace=30,
    )
    child.wait_until(lambda: _is_ready(pid_file, before=before), limit=START_LIMIT)
    return child


def _make_cluster(data: Path, *, binary: Path, account: Account) -> None:
    """initdb, role and database beside the final place; the rename makes it real in one step.

    PostgreSQL's single-user mode needs no running server, so nobody ever connects as the superuser.
    """
    new = data.with_name("postgres.new")
    shutil.rmtree(new, ignore_errors=True)
    initdb = binary.with_name("initdb")
    account.run([initdb, "-D", new, "-U", "postgres", "-A", "trust", *LOCALE], folder=data.parent)
    single_user: list[str | Path] = [
        binary,
        "--single",
        "-D",
        new,
        "-c",
        "exit_on_error=on",
        "postgres",
    ]
    account.run(single_user, folder=data.parent, text=ROLES_AND_DATABASE)
    new.rename(data)


def _clear_the_way(data: Path, *, account: Account) -> None:
    """Make a start possible after kill -9 or a power cut.

    A pid file whose process is gone is PostgreSQL's own to judge: it also looks for surviving
    sessions. One whose process is a stranger would make it refuse, so that one goes. One whose
    process is our server, left without a watcher, is stopped first.
    """
    pid_file = data / "postmaster.pid"
    asked = False
    deadline = time.monotonic() + START_LIMIT
    while (pid := _first_number(pid_file)) and _is_alive(pid):
        if not _is_our_server(pid, data=data, account=account):
            pid_file.unlink(missing_ok=True)
            return
        if time.monotonic() > deadline:
            raise LocalError(f"An earlier PostgreSQL (process {pid}) on {data} does not stop.")
        if not asked:  # its watcher may have asked as well, which does no harm
            os.kill(pid, signal.SIGINT)
            asked = True
        time.sleep(0.05)


def _first_number(pid_file: Path) -> int:
    with suppress(ValueError, IndexError):
        return int(_read(pid_file).split()[0])
    return 0


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_text()
    return ""


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_our_server(pid: int, *, data: Path, account: Account) -> bool:
    """Proof: the process belongs to our account and was started on our data folder."""
    proc = Path(f"/proc/{pid}")
    try:
        if proc.parent.joinpath("self").exists():
            arguments = (proc / "cmdline").read_bytes().split(b"\0")
            return proc.stat().st_uid == account.uid and os.fsencode(data) in arguments
        listing = ["/bin/ps", "-o", "uid=,args=", "-p", str(pid)]
        uid, _, rest = subprocess.check_output(listing, text=True).strip().partition(" ")  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return False
    return uid == str(account.uid) and f" -D {data} " in rest


def _is_ready(pid_file: Path, *, before: str) -> bool:
    """Like pg_ctl: line 8 of the pid file says "ready"; a killed server's file does not count."""
    now = _read(pid_file)
    return now != before and [line.strip() for line in now.splitlines()][7:8] == ["ready"]
