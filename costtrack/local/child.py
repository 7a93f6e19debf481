"""A child process that lives no longer than we do.

In:   a command, its log file, how it wishes to be stopped.   Out: a running child.
Promise: closing its pipe stops it, and the kernel closes the pipe when we die (see watch.py).
"""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from costtrack.local.account import Account
from costtrack.local.errors import LocalError

WATCH = Path(__file__).with_name("watch.py")
LOG_LIMIT = 5_000_000  # bytes; an older log is kept once, as name.log.old


class Child:
    """One watched process; nothing of it shares our terminal, so Ctrl-C reaches us alone."""

    def __init__(
        self,
        name: str,
        *,
        command: Sequence[str | Path],
        folder: Path,
        log: Path,
        environment: Mapping[str, str],
        account: Account | None = None,
        stop: str = "SIGTERM",
        grace: float = 5,
    ) -> None:
        self.name = name
        self.log = log
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.old"))
        owner = f"{account.uid}:{account.gid}" if account and account.is_dropped else "-"
        watcher: list[str | Path] = [sys.executable, "-I", "-S", WATCH, stop, str(grace), owner]
        with log.open("ab") as output:
            self._log_start = output.tell()
            self._process = subprocess.Popen(  # noqa: S603
                [*watcher, *command],
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def wait(self) -> int:
        return self._process.wait()

    def wait_until(self, is_ready: Callable[[], bool], *, limit: float) -> None:
        """Return once it is ready; LocalError when it ends before or needs more seconds."""
        deadline = time.monotonic() + limit
        try:
            while not is_ready():
                if self.exit_code is not None:
                    raise LocalError(
                        f"{self.name} does not start:\n{self.last_words()}\n(log: {self.log})"
                    )
                if time.monotonic() > deadline:
                    raise LocalError(
                        f"{self.name} is not ready after {limit:.0f} s (log: {self.log})."
                    )
                time.sleep(0.01)
        except BaseException:
            self.stop()
            raise

    def ask_to_stop(self) -> None:
        if self._process.stdin:
            self._process.stdin.close()

    def stop(self) -> None:
        self.ask_to_stop()
        self.wait()

    def output(self) -> str:
        """What this child printed since its start."""
        with self.log.open("rb") as file:
            file.seek(self._log_start)
            return file.read().decode(errors="replace")

    def last_words(self, *, lines: int = 8) -> str:
        return "\n".join("    " + line for line in self.output().splitlines()[-lines:])


def run_to_end(
    name: str,
    *,
    command: Sequence[str | Path],
    folder: Path,
    log: Path,
    environment: Mapping[str, str],
) -> str:
    """Run a short command under watch and return what it printed, or raise LocalError with it."""
    child = Child(name, command=command, folder=folder, log=log, environment=environment)
    try:
        code = child.wait()
    except BaseException:
        child.stop()
        raise
    if code:
        raise LocalError(f"{name} failed:\n{child.last_words(lines=20)}\n(whole log: {log})")
    return child.output()
