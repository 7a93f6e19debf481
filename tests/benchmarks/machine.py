"""The machine: processor time and memory of processes, so that a noisy machine can be told from a slow program.

In:   process ids, read from /proc.   Out: seconds and bytes; nothing where there is no /proc (macOS).
"""

import os
import platform
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1


def describe() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return (
        f"{CORES} cores, {memory} GB, {platform.system()} {platform.machine()},"
        f" load {os.getloadavg()[0]:.1f} at the start, Python {platform.python_version()}"
    )


def busy_seconds() -> float | None:
    """Processor time that everything on this machine has used, stolen time included."""
    try:
        line = (PROC / "stat").read_text().splitlines()[0]
    except OSError:
        return None
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, line.split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS


def cpu_seconds(pids: Iterable[int]) -> dict[int, float]:
    """Processor time of each process that is (still) there."""
    found = {}
    for pid in pids:
        if fields := _stat(pid):
            found[pid] = (int(fields[11]) + int(fields[12])) / TICKS
    return found


def used(before: dict[int, float], after: dict[int, float]) -> float:
    """Processor time between two looks; a process that is new counts from its start."""
    return sum(seconds - before.get(pid, 0) for pid, seconds in after.items())


def parent_of(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def descendants(ancestor: int) -> list[int]:
    """The processes below one, itself left out."""
    parents = {int(entry.name): parent_of(int(entry.name)) for entry in PROC.glob("[0-9]*")}
    found, looking = [], [ancestor]
    while looking:
        above = looking.pop()
        below = [pid for pid, parent in parents.items() if parent == above]
        found += below
        looking += below
    return found


def command_of(pid: int) -> str:
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def memory_of(pid: int) -> int:
    """Bytes: the proportional share of shared pages where we may know it, else all resident ones."""
    try:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        pages = int((PROC / str(pid) / "statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat behind the name, which may hold spaces."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []
