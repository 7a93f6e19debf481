"""One run: clients and a reader at work while faults happen, then silence and the audit.

In:   a stack, a tenant's keys, a plan.   Out: what happened, one line per fault, and a Finding.
"""

import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.faults.audit import Finding, audit
from tests.faults.books import Books
from tests.faults.clients import GIVE_UP, Client
from tests.faults.faults import FAULTS
from tests.faults.readers import Reader
from tests.faults.stack import Stack, new_tenant

CLIENTS = 4
PAUSE = (0.05, 0.6)  # seconds of work between two faults


@dataclass
class Site:
    """A stack, its one tenant, and the books of all that was ever sent to it."""

    stack: Stack
    seed: int
    keys: dict[str, str] = field(default_factory=dict)
    books: Books = field(default_factory=Books)
    rounds: int = 0

    def __post_init__(self) -> None:
        self.keys = new_tenant(self.stack)

    def client(self, name: str) -> Client:
        return Client(name, port=self.stack.port, keys=self.keys, books=self.books, seed=self.seed)

    @contextmanager
    def traffic(self) -> Iterator[None]:
        """Clients at work during the block; afterwards all they sent has been acknowledged."""
        self.rounds += 1
        clients = [self.client(f"c{self.rounds}.{number}") for number in range(CLIENTS)]
        reader = Reader(port=self.stack.port, key=self.keys["read"], books=self.books)
        for thread in (*clients, reader):
            thread.start()
        try:
            yield
        finally:
            for client in clients:
                client.finish()
            for client in clients:
                client.join(GIVE_UP + 10)
            reader.finish()
            reader.join()
        assert reader.looks, "nobody could look at the spend"

    def audit(self, *, is_drained: bool = True) -> Finding:
        """A stack that does not come back is a finding too."""
        try:
            self.stack.wait_until(self.stack.answers, "the web is ready")
            return audit(self.stack, key=self.keys["read"], books=self.books, is_drained=is_drained)
        except AssertionError as error:
            return Finding(len(self.books.acknowledged), 0, 0, (*self.books.wrong, str(error)))


def strike(site: Site, plan: Iterable[str], *, seed: int) -> Iterator[tuple[str, bool, float]]:
    """Do the faults of a plan under traffic; yields each with its success and its seconds."""
    chance = random.Random(seed)  # noqa: S311  a plan, not a secret
    with site.traffic():
        time.sleep(PAUSE[1])
        for name in plan:
            began = time.monotonic()
            was_done = FAULTS[name](site.stack, chance)
            yield name, was_done, time.monotonic() - began
            time.sleep(chance.uniform(*PAUSE))
