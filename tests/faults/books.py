"""The books: what clients sent, and what they were told. At the end the ledger must agree (audit.py).

In:   batches, answers and voids, from many threads.   Out: every broken promise, as a sentence.
"""

import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Event = dict[str, Any]
Result = dict[str, Any]

MODELS = {  # dollars per million: input, output, cache read; written down apart from the product's own book
    "claude-sonnet-4-6": (Decimal(3), Decimal(15), Decimal("0.3")),
    "claude-haiku-4-5": (Decimal(1), Decimal(5), Decimal("0.1")),
}
MILLION = Decimal(1_000_000)
REMEMBERED = 500  # batches that may be sent again


def cost_of(event: Event) -> Decimal:
    """What an event of ours costs, by simple arithmetic."""
    usage = event["usage"]
    counts = (usage["input_tokens"], usage["output_tokens"], usage["cache_read_input_tokens"])
    rates = MODELS[event["model"]]
    return sum((n * rate for n, rate in zip(counts, rates, strict=True)), Decimal(0)) / MILLION


@dataclass
class Batch:
    """Events that are always sent together, and what their senders have been told."""

    events: list[Event]
    sends: int = 0
    is_acknowledged: bool = False
    was_accepted: bool = False
    ids: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.ids = [event["id"] for event in self.events]


class Books:
    """Thread-safe. Costs are known from the start, so every answer can be checked when it comes."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.recent: deque[Batch] = deque(maxlen=REMEMBERED)
        self.sent: dict[str, Decimal] = {}
        self.acknowledged: set[str] = set()
        self.abandoned: list[list[str]] = []
        self.voids_asked: set[str] = set()
        self.voided: set[str] = set()
        self.wrong: list[str] = []
        self.stored_again: list[str] = []
        self.answers: Counter[str] = Counter()
        self._acknowledged_cost = Decimal(0)
        self._voids_cost = Decimal(0)

    def open(
        self, events: list[Event], *, is_abandoned: bool = False, is_private: bool = False
    ) -> Batch:
        """A private batch is sent by nobody else and not again."""
        batch = Batch(events)
        with self.lock:
            self.sent |= {event["id"]: cost_of(event) for event in events}
            if is_abandoned:
                self.abandoned.append(batch.ids)
            elif not is_private:
                self.recent.append(batch)
        return batch

    def sending(self, batch: Batch) -> bool:
        """Call before each sending; whether the batch is acknowledged already."""
        with self.lock:
            batch.sends += 1
            return batch.is_acknowledged

    def take(
        self, batch: Batch, results: list[Result], *, old: list[Event], was_known: bool
    ) -> None:
        """Check one answer: new or known as a whole, nothing new twice, every cost right.

        `old` are acknowledged events that travelled behind the batch; `was_known` is what `sending` said.
        """
        with self.lock:
            if [each["id"] for each in results] != [*batch.ids, *(each["id"] for each in old)]:
                self.wrong.append(f"an answer about other events than {batch.ids[0]}…")
                return
            for result in results:
                self._check_cost(result)
            mine, others = results[: len(batch.ids)], results[len(batch.ids) :]
            self._check_whole(batch, {each["status"] for each in mine}, was_known=was_known)
            self.stored_again += [each["id"] for each in others if each["status"] != "duplicate"]
            self._acknowledge(batch)

    def _check_cost(self, result: Result) -> None:
        expected = self.sent[result["id"]]
        if result.get("cost") is None or Decimal(result["cost"]) != expected:
            self.wrong.append(f"{result}: should cost {expected}")

    def _check_whole(self, batch: Batch, told: set[str], *, was_known: bool) -> None:
        if told == {"accepted"}:
            if was_known or batch.was_accepted:
                self.stored_again += batch.ids
            batch.was_accepted = True
        elif told != {"duplicate"}:
            self.wrong.append(f"half a batch: {sorted(told)} for {batch.ids[0]}…")
        elif batch.sends == 1:
            self.wrong.append(f"a duplicate at the first sending: {batch.ids[0]}…")

    def _acknowledge(self, batch: Batch) -> None:
        if not batch.is_acknowledged:
            batch.is_acknowledged = True
            self.acknowledged.update(batch.ids)
            self._acknowledged_cost += sum((self.sent[each] for each in batch.ids), Decimal(0))

    def void_asked(self, event_id: str) -> None:
        """Call before the first try; from now on nobody knows whether the event counts."""
        with self.lock:
            if event_id not in self.voids_asked:
                self.voids_asked.add(event_id)
                self._voids_cost += self.sent[event_id]

    def void_known(self, event_id: str) -> None:
        with self.lock:
            self.voided.add(event_id)

    def note(self, sentence: str) -> None:
        with self.lock:
            self.wrong.append(sentence)

    def count(self, answer: str) -> None:
        with self.lock:
            self.answers[answer] += 1

    def acknowledged_so_far(self) -> tuple[int, Decimal]:
        """Events and dollars that a report asked for from now on must show, if nothing is taken back."""
        with self.lock:
            return len(self.acknowledged), self._acknowledged_cost

    def voids_so_far(self) -> tuple[int, Decimal]:
        """Events and dollars that may have been taken back."""
        with self.lock:
            return len(self.voids_asked), self._voids_cost
