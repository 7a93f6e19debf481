"""The supervisor: starts services in order, restarts what crashed, stops them together.

In:   services, each a name and a function that starts a child.   Out: sentences for the terminal.
Promise: a service that keeps crashing is tried again ever more slowly, and never given up.
"""

import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from costtrack.local.child import Child
from costtrack.local.errors import LocalError

LONGEST_PAUSE = 30.0  # seconds
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STEADY_AFTER = 60.0  # seconds alive, after which earlier crashes are forgotten


def say(sentence: str = "") -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


@dataclass(slots=True)
class Service:
    """One service and how it has been doing."""

    name: str
    start: Callable[[], Child]
    child: Child | None
    started_at: float
    crashes: int = 0
    next_try: float = 0

    def tend(self, now: float) -> None:
        """Notice a crash and start again when its pause is over."""
        if self.child and self.child.exit_code is None:
            return
        if self.child:
            words = self.child.last_words()
            self._plan_next_try(now, f"ended by itself (code {self.child.exit_code})", words=words)
            self.child = None
        elif now >= self.next_try:
            try:
                self.started_at = now
                self.child = self.start()
                say(f"{self.name} is started again.")
            except LocalError as error:
                self._plan_next_try(now, "cannot start", words=str(error))

    def _plan_next_try(self, now: float, what: str, *, words: str) -> None:
        self.crashes = 1 if now - self.started_at > STEADY_AFTER else self.crashes + 1
        pause = min(LONGEST_PAUSE, 2.0 ** (self.crashes - 1))
        self.next_try = now + pause
        say(f"{self.name} {what}. It is started again in {pause:.0f} s. Its last words:\n{words}")


class Supervisor:
    """Services that stop together when the block is left; nested blocks give an order."""

    def __init__(self) -> None:
        self._services: list[Service] = []

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *_: object) -> None:
        for each in STOP_SIGNALS:
            signal.signal(each, signal.SIG_IGN)  # a second Ctrl-C must not leave the stop half done
        children = [service.child for service in self._services if service.child]
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.wait()

    def start(self, name: str, start: Callable[[], Child]) -> Child:
        child = start()
        self._services.append(Service(name, start, child, started_at=time.monotonic()))
        return child

    def tend(self) -> None:
        now = time.monotonic()
        for service in self._services:
            service.tend(now)
