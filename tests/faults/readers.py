"""Somebody who looks at the spend all the time: what was acknowledged is in it, folded or not."""

import http.client
import threading
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.faults.books import Books
from tests.faults.clients import Line

LOOK_EVERY = 0.3  # seconds
LAST_TRIES = 30


def spend(line: Line, granularity: str) -> dict[str, Any] | None:
    """GET /spend over everything that clients may have sent; None when there is no good answer."""
    today = datetime.now(UTC).date()
    since, until = today - timedelta(days=40), today + timedelta(days=3)
    path = f"spend?since={since}&until={until}&granularity={granularity}"
    try:
        status, document = line.ask("GET", path)
    except (OSError, http.client.HTTPException, ValueError):
        return None
    return document if status == 200 else None


class Reader(threading.Thread):
    """Asks for the total again and again and compares it with what the books are sure of."""

    def __init__(self, *, port: int, key: str, books: Books) -> None:
        super().__init__(name="reader", daemon=True)
        self.looks = 0
        self._line = Line(port, key)
        self._books = books
        self._stopping = threading.Event()

    def finish(self) -> None:
        """Call when all is well again: it looks once more."""
        self._stopping.set()

    def run(self) -> None:
        while not self._stopping.wait(LOOK_EVERY):
            self._look()
        for _ in range(LAST_TRIES):
            if self._look():
                return
            time.sleep(LOOK_EVERY)

    def _look(self) -> bool:
        events, cost = self._books.acknowledged_so_far()
        answer = spend(self._line, "total")
        voids, taken_back = self._books.voids_so_far()
        if not answer:
            return False
        self.looks += 1
        total = answer["total"]
        if total["events"] < events - voids or Decimal(total["cost"]) < cost - taken_back:
            self._books.note(
                f"/spend shows {total['events']} events and {total['cost']}, less than the"
                f" {events} and {cost} acknowledged before, {voids} and {taken_back} taken back"
            )
        return True
