"""Real servers in throwaway folders: the launcher around a stub project, as its own process."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from costtrack.local.account import Account
from costtrack.local.wheels import POSTGRES, VALKEY

ROOT = Path(__file__).resolve().parents[2]
SITE_PACKAGES = next(Path(each) for each in sys.path if each.endswith("site-packages"))
NOT_INHERITED = {
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "KEY_RING",
    "PUBLIC_URL",
    "STATE_DIR",
    "PORT",
    "HOST",
    "DEMO",
}
NOT_INHERITED |= {"DJANGO_SETTINGS_MODULE", "DATABASE_ROLE"}


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's own, and with a short path."""
    path = Path(tempfile.mkdtemp(prefix="ct-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as path:
        yield path


@pytest.fixture
def bare(folder: Path) -> Iterator["Project"]:
    """A project that has never been started."""
    project = Project(folder / "project")
    yield project
    project.end()


@pytest.fixture(scope="session")
def used_state() -> Iterator[Path]:
    """The state folder after a first use; a copy of it is quicker than initdb."""
    with open_folder() as path:
        project = Project(path / "project")
        project.ask("pass")
        yield project.state


@pytest.fixture
def project(bare: "Project", used_state: Path) -> "Project":
    """A project whose servers have been used before, now stopped."""
    bare.copy_state(used_state)
    return bare


@pytest.fixture(scope="module")
def served(used_state: Path) -> Iterator[tuple["Project", "Run"]]:
    """A project that is being served for the first time, shared by the tests that only look."""
    with open_folder() as path:
        project = Project(path / "project")
        project.copy_state(used_state)
        yield project, project.started()
        project.end()


@pytest.fixture
def whole(folder: Path) -> Iterator["Project"]:
    """The real project, never started."""
    project = Project.whole(folder / "state")
    yield project
    project.end()


@pytest.fixture
def ordinary(bare: "Project") -> "Project":
    """The project in the hands of a user who is not root, with a Python for this user."""
    nobody = pwd.getpwnam("nobody")
    account = Account("nobody", nobody.pw_uid, nobody.pw_gid)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [Path(sys.executable).resolve(), Path("/usr/bin") / version]
    usable = [each for each in candidates if each.exists() and account.can_reach(each)]
    if not usable or not account.can_reach(SITE_PACKAGES):
        pytest.skip("the user 'nobody' can start no Python with our packages here")
    bare.python, bare.user = str(usable[0]), nobody.pw_uid
    os.chown(bare.root, nobody.pw_uid, nobody.pw_gid)
    return bare


class Project:
    """A project with the launcher in it, and whatever was started from it."""

    def __init__(self, root: Path) -> None:
        """The stub project, copied to this folder."""
        shutil.copytree(Path(__file__).parent / "stub", root)
        shutil.copytree(ROOT / "costtrack" / "local", root / "costtrack" / "local")
        self._set_up(root, state=root / ".state")

    @classmethod
    def whole(cls, state: Path) -> "Project":
        """The real project where it lies, with a state folder of its own."""
        project = cls.__new__(cls)
        project._set_up(ROOT, state=state)
        project.variables["STATE_DIR"] = str(state)
        return project

    def _set_up(self, root: Path, *, state: Path) -> None:
        self.root = root
        self.state = state
        self.python = sys.executable
        self.user: int | None = None
        self.port = free_port()
        self.variables = {k: v for k, v in os.environ.items() if k not in NOT_INHERITED}
        self.variables |= {"PYTHONPATH": f"{root}:{SITE_PACKAGES}", "PORT": str(self.port)}
        self.variables["STARTED_FOR"] = str(state)  # how a process is known as ours
        self._runs: list[Run] = []

    def copy_state(self, state: Path) -> None:
        subprocess.run(["cp", "-a", state, self.state], check=True)  # keeps owners and modes

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def launch(self, *command: str) -> "Run":
        run = Run([*command], cwd=self.root, env=self.variables, user=self.user)
        self._runs.append(run)
        return run

    def start(self, *words: str) -> "Run":
        """Start `python -m costtrack.local WORDS` and leave it running."""
        return self.launch(self.python, "-m", "costtrack.local", *words)

    def start_orphans(self) -> list["subprocess.Popen[bytes]"]:
        """Both servers on this project's data, as if all that watched them had been killed."""
        servers = self.state / "servers"
        postgres, valkey = (next(SITE_PACKAGES.glob(each)) for each in (POSTGRES, VALKEY))
        account = servers.stat().st_uid if os.geteuid() == 0 else None
        options = {"cwd": "/", "user": account, "env": {}, "stderr": subprocess.DEVNULL}
        settings = [
            "--port",
            "0",
            "--dir",
            servers / "valkey",
            "--unixsocket",
            servers / "run/valkey.sock",
        ]
        orphans = [
            subprocess.Popen(
                [postgres, "-D", servers / "postgres", "-k", servers / "run"], **options
            ),
            subprocess.Popen([valkey, *settings, "--logfile", "/dev/null"], **options),
        ]
        wait_until((servers / "run/valkey.sock").exists, "orphaned Valkey")
        wait_until((servers / "run/.s.PGSQL.5432").exists, "orphaned PostgreSQL")
        return orphans

    def started(self) -> "Run":
        run = self.start("run")
        run.wait_for("Ctrl-C stops everything.", limit=120)  # the first start fills in a demo
        return run

    def ask(self, code: str, *words: str) -> str:
        """What a Python one-liner beside the servers prints."""
        return self.finished("exec", *words, "--", self.python, "-c", code)

    def outside(self, code: str) -> str:
        """What a Python one-liner in the project's folder prints, without the launcher's `exec`."""
        return subprocess.check_output(
            [self.python, "-c", code], cwd=self.root, env=self.variables, user=self.user, text=True
        ).strip()

    def finished(self, *words: str, code: int = 0) -> str:
        run = self.start(*words)
        ended, printed = run.end()
        assert ended == code, printed
        return printed.strip()

    def processes(self) -> dict[int, str]:
        """Processes that were started by this project or work on its state, with their words."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                with suppress(OSError):
                    words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    variables = (entry / "environ").read_bytes().decode(errors="replace")
                    is_ours = str(self.state) in words or f"STARTED_FOR={self.state}" in variables
                    if words and is_ours:
                        found[int(entry.name)] = words
        return found

    def wait_until_nothing_runs(self) -> None:
        wait_until(lambda: not self.processes(), "everything to end", limit=10)

    def end(self) -> None:
        for run in self._runs:
            run.kill()
        self.wait_until_nothing_runs()


class Run:
    """One running launcher and what it has printed so far."""

    def __init__(self, command: list[str], **options) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  closed with the object
        self.process = subprocess.Popen(
            command,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            **options,
        )

    def printed(self) -> str:
        return os.pread(self._output.fileno(), 1_000_000, 0).decode()

    def wait_for(self, sentence: str, *, limit: float = 60) -> None:
        def is_there() -> bool:
            assert self.process.poll() is None, self.printed()
            return sentence in self.printed()

        wait_until(is_there, sentence, limit=limit)

    def end(self) -> tuple[int, str]:
        return self.process.wait(60), self.printed()

    def interrupt(self) -> float:
        """Ctrl-C; returns the seconds until it has ended."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        return time.monotonic() - began

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


def wait_until(condition: Callable[[], bool], what: str, *, limit: float = 20) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"waited {limit} s for: {what}"
        time.sleep(0.02)
