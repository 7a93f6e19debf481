"""Processes as Linux shows them in /proc."""

import os
import signal
from contextlib import suppress
from pathlib import Path


def children(pid: int) -> list[int]:
    """The children of a process, oldest first."""
    if not pid:
        return []
    everybody = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return sorted(each for each in everybody if _facts(each)[1:2] == [str(pid)])


def kill(pid: int, how: signal.Signals = signal.SIGKILL) -> bool:
    """False when there is no such process (any more)."""
    if pid <= 1:
        return False
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return False
    return True


def _facts(pid: int) -> list[str]:
    """State, parent and more; nothing for a process that is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []
