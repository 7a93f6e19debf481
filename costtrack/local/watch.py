"""Run one command and end it when whoever started us is gone.

In:   argv: stop signal, seconds of grace, "uid:gid" or "-", command…
      standard input: a pipe that the starter holds open.
Out:  the command's exit code.
Promise: when the pipe closes (a wish to stop, a crash, kill -9: all the same) the command gets its
      stop signal, after the grace SIGQUIT, in the end SIGKILL; nothing of its process group stays.
Never: imports anything of the project; as a plain script it is there in milliseconds.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

PR_SET_PDEATHSIG = 1
LAST_WARNING = 3.0


def main(stop_name: str, grace: str, owner: str, *command: str) -> int:
    stop = signal.Signals[stop_name]
    wake = _wake_on_signals()
    uid, gid = (None, None) if owner == "-" else map(int, owner.split(":"))
    child = subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        process_group=0,
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
        preexec_fn=_die_with_parent(stop),  # safe: this process has one thread
    )
    _wait_for_end_or_wish(child, wake)
    for warning, seconds in ((stop, float(grace)), (signal.SIGQUIT, LAST_WARNING)):
        if child.poll() is None:
            child.send_signal(warning)
            with suppress(subprocess.TimeoutExpired):
                child.wait(seconds)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)  # whoever of the group is left
    code = child.wait()
    return code if code >= 0 else 128 - code


def _wake_on_signals() -> int:
    """A pipe that gets a byte per signal: no signal falls between a look and the sleep."""
    wake, poke = os.pipe()
    os.set_blocking(poke, False)
    signal.set_wakeup_fd(poke)
    for each in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, lambda *_: None)
    return wake


def _wait_for_end_or_wish(child: "subprocess.Popen[bytes]", wake: int) -> None:
    while child.poll() is None:
        ready, _, _ = select.select([sys.stdin, wake], [], [])
        if sys.stdin in ready:
            return
        if any(number != signal.SIGCHLD for number in os.read(wake, 64)):
            return


def _die_with_parent(stop: signal.Signals) -> Callable[[], object] | None:
    """On Linux the kernel stops the command even when this watcher itself is killed."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, int(stop), 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
