"""A full disk, as PostgreSQL sees it: the kernel refuses to let its files grow beyond a size.

In:   a running server.   Out: during the block every write beyond that size fails, in old and new sessions.
A limit on the processes (RLIMIT_FSIZE) stands in for a small tablespace, since mounting one takes rights that
people and CI rarely have. PostgreSQL meets EFBIG where a disk would say ENOSPC, at the same calls; only the
SQLSTATE differs, so the API answers 500 instead of 503.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from costtrack.local.errors import LocalError
from tests.faults import processes
from tests.faults.stack import Stack

LOG_SEGMENT = 16 * 1024 * 1024
"""The size of a file of the write-ahead log: tables that are as large stop growing, the log goes on."""
LESS = 1024 * 1024
"""The log cannot be written either, which ends PostgreSQL."""


@contextmanager
def files_up_to(size: int, stack: Stack) -> Iterator[None]:
    _limit(str(size), stack)
    try:
        yield
    finally:
        _limit("unlimited", stack)


def _limit(size: str, stack: Stack) -> None:
    """As the servers' own account: even root may lack the right to limit others (containers)."""
    postmaster = stack.postgres.pid
    for pid in (postmaster, *processes.children(postmaster)):
        with suppress(LocalError):  # it may have ended meanwhile
            command = ["prlimit", f"--pid={pid}", f"--fsize={size}:"]
            stack.state.account.run(command, folder=stack.state.servers)
