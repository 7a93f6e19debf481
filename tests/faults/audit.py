"""The audit: when everybody is done, the ledger, the totals and the books must be one.

In:   the stack, the read key, the books.   Out: a Finding, whose counts are all 0 when the promises held.
"""

import time
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from costtrack.local.errors import LocalError
from tests.faults.books import Books
from tests.faults.clients import Line
from tests.faults.readers import spend
from tests.faults.stack import Stack

LEDGER = "SELECT event_id FROM billing_usageevent"
KEYS = "SELECT count(*) FROM billing_eventkey"
VOIDS = "SELECT subject FROM tenants_auditentry WHERE action = 'event.voided'"
JOURNAL = "SELECT count(*) FROM billing_spendentry"
BUSY = """SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'
    AND pid <> pg_backend_pid() AND state <> 'idle'"""
DRAINED_WITHIN = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, in sentences and in three numbers."""

    acknowledged: int
    lost: int
    double: int
    wrong: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.double or self.wrong)

    def __str__(self) -> str:
        numbers = (
            f"{self.acknowledged:,} events acknowledged, {self.lost} lost, {self.double} double"
        )
        return f"{numbers}, {len(self.wrong)} wrong totals"


def audit(stack: Stack, *, key: str, books: Books, is_drained: bool = True) -> Finding:
    """Compare everything with everything; `is_drained`: the journal must also become empty by itself."""
    wrong = list(books.wrong)
    _wait_for_silence(stack)
    if is_drained:
        wrong += _drain(stack)
    ledger = Counter(each for (each,) in stack.sql(LEDGER))
    lost = (books.acknowledged - ledger.keys()) | (set(books.stored_again) & books.acknowledged)
    double = {each for each, times in ledger.items() if times > 1} | set(books.stored_again)
    if stack.sql(KEYS) != [(len(ledger),)]:
        wrong.append(f"{stack.sql(KEYS)} identities for {len(ledger)} events")
    wrong += _unknown(ledger, books=books)
    wrong += _voids(stack, books=books)
    counted = [each for each in ledger if each not in books.voided]
    cost = sum((books.sent.get(each, Decimal(0)) for each in counted), Decimal(0))
    wrong += _totals(stack, key=key, events=len(counted), cost=cost)
    wrong += _verified(stack)
    return Finding(len(books.acknowledged), len(lost), len(double), tuple(wrong))


def _wait_for_silence(stack: Stack) -> None:
    """A request whose client gave up may still be at work; nobody begins a new one."""
    for _ in range(3):
        time.sleep(0.1)
        stack.wait_until(lambda: stack.sql(BUSY) == [(0,)], "no session is busy")


def _drain(stack: Stack) -> list[str]:
    """The worker folds what is left, although bells were lost."""
    try:
        stack.wait_until(
            lambda: stack.sql(JOURNAL) == [(0,)], "the journal is folded", limit=DRAINED_WITHIN
        )
    except AssertionError as error:
        return [str(error)]
    return []


def _unknown(ledger: Counter[str], *, books: Books) -> list[str]:
    """Of what is in the ledger without an acknowledgement only whole batches, once sent, may be there."""
    unanswered = set(ledger) - books.acknowledged
    wrong = []
    for ids in books.abandoned:
        stored = unanswered.intersection(ids)
        if stored and len(stored) < len(ids):
            wrong.append(
                f"{len(stored)} of {len(ids)} events of a batch that was given up: {ids[0]}…"
            )
        unanswered -= stored
    if unanswered:
        wrong.append(f"{len(unanswered)} events that nobody knows, such as {min(unanswered)}")
    return wrong


def _voids(stack: Stack, *, books: Books) -> list[str]:
    entries = Counter(subject.rpartition("/")[2] for (subject,) in stack.sql(VOIDS))
    if entries != Counter(books.voided):
        return [f"{len(books.voided)} voids are known and {entries.total()} are in the audit log"]
    return []


def _totals(stack: Stack, *, key: str, events: int, cost: Decimal) -> list[str]:
    """Three ways to add up: in the database, in its days, in its hours."""
    wrong = []
    line = Line(stack.port, key)
    for granularity in ("total", "day", "hour"):
        answer = spend(line, granularity)
        if answer is None:
            wrong.append(f"/spend by {granularity} does not answer")
            continue
        for name, found in (("total", _sum([answer["total"]])), ("rows", _sum(answer["rows"]))):
            if found != (events, cost):
                wrong.append(f"/spend by {granularity}, {name}: {found}, not {(events, cost)}")
    line.close()
    return wrong


def _sum(rows: list[dict[str, Any]]) -> tuple[int, Decimal]:
    return (
        sum(row["events"] for row in rows),
        sum((Decimal(row["cost"]) for row in rows), Decimal(0)),
    )


def _verified(stack: Stack) -> list[str]:
    try:
        stack.manage("verify_spend")
    except LocalError as error:
        return [str(error)]
    return []
