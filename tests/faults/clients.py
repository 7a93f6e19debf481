"""Clients as they are in production: they keep connections alive, time out, and send again until they know.

In:   a port, keys, a seed.   Out: books of what they were told.
They also replay old batches, send what another sends at the same moment, mix old events with new ones, give
up, send an id with another time, take events back, and live with clocks that jump.
"""

import gzip
import http.client
import json
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.faults.books import MODELS, Batch, Books, Event

TIMEOUT = 5.0  # seconds that a client waits for an answer
GIVE_UP = 90.0  # seconds without an answer that are a broken promise by themselves
PAUSE = 0.1  # seconds between two requests, at most
SIZES = [1, 1, 1, 2, 5, 5, 20, 20, 50, 200]
JUMPS = [0, 0, 9, 5, -1, -90, -60 * 30]  # minutes; ten ahead would be refused


class Line:
    """A keep-alive connection with one key."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
        self._key = key

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Status and document. OSError, HTTPException or ValueError when no whole answer came."""
        all_headers = {"Content-Type": "application/json"} | (headers or {})
        all_headers["Authorization"] = f"Bearer {self._key}"
        try:
            self._connection.request(method, f"/api/v1/{path}", body, all_headers)
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            raise

    def close(self) -> None:
        self._connection.close()


class Client(threading.Thread):
    """One application that reports what it uses."""

    def __init__(
        self, name: str, *, port: int, keys: dict[str, str], books: Books, seed: object
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._ingest = Line(port, keys["ingest"])
        self._manage = Line(port, keys["manage"])
        self._books = books
        self._random = random.Random(f"{name} {seed}")  # noqa: S311  a plan, not a secret
        self._made = 0
        self._jump = timedelta(0)
        self._stopping = threading.Event()

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._act()
                time.sleep(self._random.uniform(0, PAUSE))
        except TimeoutError as error:
            self._books.note(str(error))
        except Exception as error:
            self._books.note(f"{self.name} broke: {error!r}")
            raise

    def finish(self) -> None:
        """Begin nothing new; what was begun is sent until it is acknowledged."""
        self._stopping.set()

    def send(self, batch: Batch, *, old: list[Event] | None = None) -> None:
        """Send a batch, and old events behind it, until there is an answer."""
        self._until_answered(lambda: self._send_once(batch, old=old or []), batch.ids[0])

    def new_batch(self, size: int, *, is_abandoned: bool = False) -> Batch:
        return self._books.open([self._event() for _ in range(size)], is_abandoned=is_abandoned)

    def fat_batch(self, size: int, *, noise: str) -> Batch:
        """Events with something in their usage that has to be kept."""
        events = [self._event() for _ in range(size)]
        for event in events:
            event["usage"]["noise"] = noise
        return self._books.open(events, is_private=True)

    def _act(self) -> None:
        if self._random.random() < 0.1:  # somebody sets the clock, for better or worse
            self._jump = timedelta(minutes=self._random.choice(JUMPS))
        size = self._random.choice(SIZES)
        recent = list(self._books.recent)
        acts: list[tuple[int, Callable[[], object]]] = [
            (60, lambda: self.send(self.new_batch(size))),
            (4, lambda: self._send_once(self.new_batch(size, is_abandoned=True), old=[])),
        ]
        if known := [each for each in recent if each.is_acknowledged]:
            old = self._random.choice(known)
            acts += [
                (10, lambda: self.send(old)),
                (10, lambda: self.send(self._random.choice(recent[-8:]))),
                (8, lambda: self.send(self.new_batch(size), old=old.events[:5])),
                (4, lambda: self._restamp(old.events[0])),
                (4, lambda: self._take_back(old.events[-1])),
            ]
        weights, choices = zip(*acts, strict=True)
        self._random.choices(choices, weights)[0]()

    def _event(self) -> Event:
        self._made += 1
        at = datetime.now(UTC) + self._jump - timedelta(seconds=self._random.uniform(0, 30))
        return {
            "id": f"{self.name}-{self._made}",
            "source": self._random.choice(["", "prod", "edge"]),
            "project": self._random.choice(["support-bot", "contract-agent"]),
            "occurred_at": at.isoformat(),
            "model": self._random.choice(list(MODELS)),
            "usage": {
                "input_tokens": self._random.randrange(5_000),
                "output_tokens": self._random.randrange(3_000),
                "cache_read_input_tokens": self._random.randrange(90_000),
            },
            "feature": self._random.choice(["chat", "search", ""]),
        }

    def _send_once(self, batch: Batch, *, old: list[Event]) -> bool:
        was_known = self._books.sending(batch)
        body, headers = json.dumps({"events": [*batch.events, *old]}).encode(), {}
        if self._random.random() < 0.3:
            body, headers = gzip.compress(body, 1), {"Content-Encoding": "gzip"}
        answer = self._asked(self._ingest, "events", body, headers)
        if answer:
            self._books.take(batch, answer["results"], old=old, was_known=was_known)
        return bool(answer)

    def _restamp(self, event: Event) -> None:
        """The same id with another time is a conflict and changes nothing."""
        moved = datetime.fromisoformat(event["occurred_at"]) - timedelta(minutes=7)
        body = json.dumps(event | {"occurred_at": moved.isoformat()}).encode()
        answer = self._asked(self._ingest, "events", body, {})
        if answer and answer["results"][0]["status"] != "conflict":
            self._books.note(f"{event['id']} with another time: {answer['results'][0]}")

    def _take_back(self, event: Event) -> None:
        """Void an event, and ask until it is known to be void."""
        words = {"source": event["source"], "id": event["id"], "reason": "a fault test"}
        body = json.dumps(words).encode()
        self._books.void_asked(event["id"])
        self._until_answered(
            lambda: self._asked(self._manage, "events/void", body, {}), f"the void of {event['id']}"
        )
        self._books.void_known(event["id"])

    def _until_answered(self, ask: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + GIVE_UP
        while not ask():
            if time.monotonic() > deadline:
                raise TimeoutError(f"no answer in {GIVE_UP:.0f} s about {what}")
            time.sleep(self._random.uniform(0.02, 0.4))

    def _asked(
        self, line: Line, path: str, body: bytes, headers: dict[str, str]
    ) -> dict[str, Any] | None:
        """The answer to a POST; None when it has to be sent again. A refusal (4xx) is a broken promise."""
        try:
            status, document = line.ask("POST", path, body, headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._books.count(type(error).__name__)
            return None
        self._books.count(str(status))
        if 400 <= status < 500:
            self._books.note(f"{path}: {status} {document}")
        return document if status == 200 else None
