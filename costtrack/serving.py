"""gunicorn's settings: lines in JSON, a folder in which its workers count together for /metrics, and a worker
that gives a thread to whole requests only.

In:   METRICS_TOKEN; PROMETHEUS_MULTIPROC_DIR for a folder of one's own, whose old counts are dropped.
Out:  PROMETHEUS_MULTIPROC_DIR in the environment of the workers. A worker that ends leaves its counts behind.
Promise: who sends slowly, half or nothing holds a connection for WHOLE_WITHIN, and nobody else up.
Never: an address or a text of a request in a line; an import of the application, which would stay in the
      memory of the process that only watches.
"""

import json
import logging
import os
import re
import shutil
import socket
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from select import POLLIN, poll
from selectors import EVENT_READ
from typing import Any

from gunicorn import http
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn, ThreadWorker

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_made: list[str] = []
ABOUT_REQUESTS = (
    "Invalid request",
    "Error handling",
    "Socket error",
    "HTTP/2",
    "Exception in post_request",
)


class JsonLine(logging.Formatter):
    """What gunicorn says of itself in full; of a request only that something was wrong with it."""

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        about_request = next((each for each in ABOUT_REQUESTS if text.startswith(each)), "")
        line = {
            "event": "gunicorn",
            "text": about_request or text,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        if record.exc_info and record.exc_info[0]:
            kind = record.exc_info[0].__qualname__
            line["exception"] = kind if about_request else self.formatException(record.exc_info)
        return json.dumps(line)


class JsonLines(Logger):  # type: ignore[misc]  # untyped
    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonLine())


logger_class = JsonLines

WHOLE_WITHIN = 20.0
"""Seconds from the first byte of a request to its last: 8 MB at 3.4 Mbit/s."""
ANSWERED_WITHIN = 120.0
"""Seconds that a request may hold a thread, above any statement's bound: who reads no answer is cut off."""
LONGEST_HEAD = 64 * 1024
LONGEST_BODY = 8 * 1024 * 1024 + 128 * 1024
"""A little more than the application takes: with so much of it here, it refuses without waiting for more."""
NO_HTTP = b"?\r\n\r\n"
HELD_AT_MOST = 64 * 1024 * 1024
"""Bytes of unfinished requests in one worker; beyond it the slowest sender is cut off."""
A_BITE = 256 * 1024
LINGER = 2  # milliseconds

_BEGINNING = re.compile(rb"[A-Za-z]{1,20}(?: |$)")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:[^\r\n]*", re.IGNORECASE)
_LAST_CHUNK = re.compile(rb"(?:^|\r\n)0+(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n")


@dataclass(slots=True)
class Coming:
    """What has come of a request so far."""

    since: float
    data: bytearray = field(default_factory=bytearray)
    head: int = 0
    """Where the body begins; 0: its head is not whole yet."""
    needed: int | None = None
    """How long the whole is; None while the head is not whole, or of a body in chunks."""

    def is_whole(self) -> bool:
        """Whether the application can read all that it will read. What is no HTTP is refused at once."""
        if not self.head and not self._read_head():
            is_http = not self.data or _BEGINNING.match(self.data)
            if is_http and len(self.data) <= LONGEST_HEAD:
                return False
            self.data[:] = NO_HTTP
            return True
        if self.needed is not None:
            return len(self.data) >= self.needed
        end = _LAST_CHUNK.search(self.data, max(self.head, len(self.data) - A_BITE - 1024))
        return end is not None or len(self.data) > self.head + LONGEST_BODY

    def _read_head(self) -> bool:
        end = self.data.find(b"\r\n\r\n")
        if end < 0:
            return False
        self.head, head = end + 4, bytes(self.data[:end])
        length = _LENGTH.search(head)
        if not _CHUNKED.search(head):
            body = int(length[1][:12]) if length else 0
            self.needed = self.head + min(body, LONGEST_BODY)
        return True

    def drop_expectation(self) -> bool:
        """Whether the sender waits to be told to go on; asked once, since it is told so by us."""
        head, count = _EXPECT.subn(b"", bytes(self.data[: self.head]), count=1)
        if count:
            gone = self.head - len(head)
            self.data[: self.head] = head
            self.head -= gone
            self.needed = None if self.needed is None else self.needed - gone
        return bool(count)


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # untyped
    """Collects requests in the one thread that only waits, and gives a thread to a request that is whole.

    gthread gives a thread to a connection with its first byte and then waits for ever: eight slow senders, or
    connections that never send, were enough to silence a server of two workers with four threads.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.coming: dict[TConn, Coming] = {}
        self.at_work: dict[TConn, float] = {}

    def enqueue_req(self, conn: TConn) -> None:
        """Called when a connection was accepted, has bytes, or has bytes left of what was read ahead."""
        if self.cfg.is_ssl:
            super().enqueue_req(conn)
            return
        coming = self.coming.setdefault(conn, Coming(time.monotonic()))
        if conn.parser is not None:
            coming.data += conn.parser.unreader.take_buffered()
        if self._take_a_bite(conn, coming):
            self.poller.register(conn.sock, EVENT_READ, partial(self._has_bytes, conn))
            return
        del self.coming[conn]
        if conn.parser is None:
            conn.initialized, conn.parser = True, http.get_parser(self.cfg, conn.sock, conn.client)
        conn.parser.unreader.unread(bytes(coming.data))
        self.at_work[conn] = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """A request that is whole, in a thread of the pool; and those that follow it at once.

        Handing a connection back to the thread that waits, and from there to a thread, was half of all switches
        of a small request.
        """
        goes_on = super().handle(conn)
        while goes_on is True and self._is_followed(conn):
            goes_on = super().handle(conn)
        return goes_on

    def _is_followed(self, conn: TConn) -> bool:
        """Whether the next request is here, whole, within LINGER; not where others wait for a thread."""
        others_wait = len(self.at_work) > self.cfg.threads
        if self.cfg.is_ssl or not self.alive or others_wait:
            return False
        waiting = poll()
        waiting.register(conn.sock, POLLIN)
        coming = Coming(time.monotonic())
        coming.data += conn.parser.unreader.take_buffered()
        if not coming.data and not waiting.poll(LINGER):
            return False
        is_whole = not self._take_a_bite(conn, coming)
        conn.parser.unreader.unread(bytes(coming.data))
        self.at_work[conn] = coming.since
        return is_whole

    def finish_request(self, conn: TConn, done: Any) -> None:
        self.at_work.pop(conn, None)
        super().finish_request(conn, done)

    def murder_pending(self) -> None:
        """Once a second: cut off who takes too long to send or to read."""
        now = time.monotonic()
        held = sum(len(each.data) for each in self.coming.values())
        for conn, coming in [*self.coming.items()]:  # oldest first
            if now - coming.since > WHOLE_WITHIN or held > HELD_AT_MOST:
                held -= len(coming.data)
                self._cut_off(conn)
        for conn, since in self.at_work.items():
            if now - since > ANSWERED_WITHIN:
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RDWR)
        super().murder_pending()

    def _has_bytes(self, conn: TConn, sock: socket.socket) -> None:
        self.poller.unregister(sock)
        self.enqueue_req(conn)

    def _take_a_bite(self, conn: TConn, coming: Coming) -> bool:
        """Read what is there, and not for long; whether to wait for more."""
        conn.sock.setblocking(False)
        try:
            while not coming.is_whole():
                if coming.head and coming.drop_expectation():
                    conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
                bite = conn.sock.recv(A_BITE)
                if not bite:
                    return False  # gone: the parser finds out
                coming.data += bite
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False
        return False

    def _cut_off(self, conn: TConn) -> None:
        with suppress(OSError, KeyError, ValueError):
            self.poller.unregister(conn.sock)
        del self.coming[conn]
        self.nr_conns -= 1
        conn.close()


worker_class = PatientWorker
keepalive = 5


def on_starting(server: object) -> None:
    if not os.environ.get("METRICS_TOKEN"):
        os.environ.pop(FOLDER, None)
    elif given := os.environ.get(FOLDER):
        Path(given).mkdir(parents=True, exist_ok=True)
        for left_over in Path(given).glob("*.db"):
            left_over.unlink()
    else:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="costtrack-metrics-")
        _made.append(os.environ[FOLDER])


def on_exit(server: object) -> None:
    for folder in _made:
        shutil.rmtree(folder, ignore_errors=True)
