"""The load: prepared HTTP requests, sent over a few connections by a process that does little else.

In:   a file of whole requests, each behind its length (4 bytes); port, connections.
Out:  JSON on standard output: seconds in all, milliseconds per request, what was answered, own processor time.
Never: imports anything of the project; prepares or reads JSON while the clock runs.
"""

import json
import os
import socket
import sys
import threading
import time
from collections import Counter


def main(spool: str, port: str, connections: str) -> None:
    with open(spool, "rb") as file:  # noqa: PTH123  a plain script with few imports
        requests = split(file.read())
    turns = iter(requests)  # next() on a list's iterator is atomic
    barrier = threading.Barrier(int(connections) + 1)
    milliseconds: list[float] = []
    answers: list[bytes] = []

    def work() -> None:
        connection = Connection(int(port))
        barrier.wait()
        for request in turns:
            began = time.perf_counter()
            answers.append(connection.ask(request))
            milliseconds.append((time.perf_counter() - began) * 1000)

    threads = [threading.Thread(target=work) for _ in range(int(connections))]
    for thread in threads:
        thread.start()
    barrier.wait()
    used, began = os.times(), time.perf_counter()
    for thread in threads:
        thread.join()
    seconds, now = time.perf_counter() - began, os.times()
    facts = {
        "seconds": seconds,
        "milliseconds": milliseconds,
        "answers": Counter(summary(each) for each in answers),
        "cpu_seconds": now.user + now.system - used.user - used.system,
    }
    json.dump(facts, sys.stdout)


def split(data: bytes) -> list[bytes]:
    found, start = [], 0
    while start < len(data):
        size = int.from_bytes(data[start : start + 4], "big")
        found.append(data[start + 4 : start + 4 + size])
        start += 4 + size
    return found


class Connection:
    """One kept-alive connection; the server may close it between two requests."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket = self._open()

    def _open(self) -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def ask(self, request: bytes) -> bytes:
        """Send one request and return the whole answer."""
        self.socket.sendall(request)
        answer = self.socket.recv(65_536)
        while b"\r\n\r\n" not in answer:
            more = self.socket.recv(65_536)
            if not more:
                raise SystemExit(f"The server hung up: {answer[:300]!r}")
            answer += more
        head, _, _ = answer.partition(b"\r\n\r\n")
        missing = len(head) + 4 + length(head) - len(answer)
        parts = [answer]
        while missing > 0:
            parts.append(self.socket.recv(min(missing, 1_000_000)))
            missing -= len(parts[-1])
        if b"connection: close" in head.lower():
            self.socket.close()
            self.socket = self._open()
        return b"".join(parts)


def length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def summary(answer: bytes) -> str:
    """Status, and the counts that an answer to a batch begins with."""
    head, _, body = answer.partition(b"\r\n\r\n")
    counts = body.partition(b',"results"')[0][:200]
    return f"{head[9:12].decode()} {counts.decode()}"


if __name__ == "__main__":
    main(*sys.argv[1:])
