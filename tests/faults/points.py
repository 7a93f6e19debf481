"""Named points at which a process of the product kills itself, put into it from outside.

In:   a file with the point's name in the folder FAULTS_DIR, with the name of a signal in it.
Out:  the first process that comes past takes the file away and sends itself the signal: SIGKILL is a power
      cut, SIGSTOP a machine that is gone while its connections stay open.
Promise: the product has no hook; a function that was renamed stops the start, so no point goes blind.
"""

import os
import signal
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from django.db.backends.postgresql.base import DatabaseWrapper

WEB = (
    "bell_hung",
    "before_store",
    "after_commit",
    "before_answer",
    "in_void",
)
WORKER = ("in_sweep", "bell_taken", "after_fold", "fold_before_commit", "fold_after_commit")

FROZEN = "frozen-"
"""With the process id behind it: the file that a process leaves when it freezes."""

_writes = threading.local()


def come_past(point: str) -> None:
    """Die here if somebody asked for it; removing the file decides between processes."""
    armed = Path(os.environ["FAULTS_DIR"], point)
    try:
        how = armed.read_text()
        armed.unlink()
    except FileNotFoundError:
        return
    if how == "SIGSTOP":
        armed.with_name(f"{FROZEN}{os.getpid()}").touch()
    os.kill(os.getpid(), signal.Signals[how])


def watch_web(*, ingest: Any, intake: Any, doorbell: Any, void: Any) -> None:
    """Put the points of WEB into the modules of the way of an event."""
    _surround(intake, "take_in", before="before_store", after="after_commit")
    _surround(doorbell.current_app, "send_task", before="bell_hung")
    _surround(ingest, "answer", before="before_answer")
    _surround(void, "record", before="in_void")


def watch_worker(*, tasks: Any) -> None:
    """Put the points of WORKER into the tasks."""
    _surround(tasks, "take_down", after="bell_taken")
    _surround(tasks, "fold_journal", after="after_fold", commits="fold_{}_commit")
    _surround(tasks, "ring", before="in_sweep")
    _watch_commits()


def _surround(
    owner: Any, name: str, *, before: str = "", after: str = "", commits: str = ""
) -> None:
    """`commits` names the points around the commit that follows in the same thread."""
    original: Callable[..., Any] = getattr(owner, name)

    @wraps(original)
    def surrounded(*args: Any, **kwargs: Any) -> Any:
        if before:
            come_past(before)
        result = original(*args, **kwargs)
        if after:
            come_past(after)
        if commits:
            _writes.points = commits
        return result

    setattr(owner, name, surrounded)


def _watch_commits() -> None:
    original = DatabaseWrapper._commit

    def commit(self: DatabaseWrapper) -> None:
        points, _writes.points = getattr(_writes, "points", ""), ""
        if points:
            come_past(points.format("before"))
        original(self)
        if points:
            come_past(points.format("after"))

    DatabaseWrapper._commit = commit
