"""One command beside the servers: what `make test` and `make bench` run in.

In:   a command.   Out: its exit code.
Promise: it finds DATABASE_URL, REDIS_URL, SECRET_KEY and KEY_RING in its environment;
      servers that were started for it are stopped after it.
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import FrameType

from costtrack.local.errors import LocalError
from costtrack.local.servers import environment, given_urls, start_servers
from costtrack.local.state import (
    URLS,
    State,
    hold,
    open_state,
    server_urls,
    state_dir,
    throwaway_state,
)
from costtrack.local.supervisor import Supervisor


def exec_beside_servers(command: Sequence[str], *, is_fresh: bool) -> int:
    """Run beside the servers of the environment, fresh ones, or this folder's own."""
    if len(given_urls()) == len(URLS):
        return _run(command, variables=dict(os.environ))
    if is_fresh:
        with throwaway_state() as state:
            return _start_and_run(command, state=state)
    running = server_urls()
    if all(name in running for name in URLS):
        return _run(command, variables={**os.environ, **running})
    return _start_and_run(command, state=open_state(state_dir()))


def _start_and_run(command: Sequence[str], *, state: State) -> int:
    with hold(state.root) as held, Supervisor() as supervisor:
        urls = start_servers(supervisor, state=state)
        variables = environment(urls, state=state)
        held.publish({"address": f"for the command {command[0]}", "urls": urls})
        return _run(command, variables=variables)


def _run(command: Sequence[str], *, variables: Mapping[str, str]) -> int:
    """Run in our terminal: Ctrl-C reaches the command without us, other stop signals through us."""
    try:
        process = subprocess.Popen(command, env=variables)  # noqa: S603
    except OSError as error:
        raise LocalError(f"{command[0]} cannot be run: {error.strerror}.") from error

    def pass_on(number: int, _: FrameType | None) -> None:
        process.send_signal(number)

    signal.signal(signal.SIGINT, lambda *_: None)
    for each in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(each) != signal.SIG_IGN:
            signal.signal(each, pass_on)
    code = process.wait()
    return code if code >= 0 else 128 - code
