"""Ingest over HTTP: events per second at several batch sizes, in turns with the yardsticks.

In:   a running web server, a company, how much.   Out: figures; the company then has events and a journal.
The loads take turns, round by round, so that a noisy minute falls on a figure and its yardstick alike.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from django.utils import timezone

from tests.benchmarks import raw
from tests.benchmarks.company import Company, full_events, requests, typical_events
from tests.benchmarks.keeping import stored_sizes
from tests.benchmarks.stack import Web

LOAD = Path(__file__).with_name("load.py")
CONNECTIONS = 4
MAIN = 500
ALONE = 300
"""Single events sent one after the other: how long one request takes when nobody else is there."""
PATIENCE = 75.0
"""Seconds after which no further round begins: a slow machine gets fewer rounds, not a longer wait."""
Events = Callable[..., Iterator[dict[str, object]]]


@dataclass(frozen=True, slots=True)
class Run:
    """One load: its rate, and the microseconds of processor time per event, by who used it."""

    rate: float
    milliseconds: list[float]
    web: float
    postgres: float
    client: float
    others: float | None
    """Cores that were busy with something else meanwhile."""


@dataclass(slots=True)
class Measured:
    """What the rounds have brought; loads by their name."""

    loads: dict[str, list[Run]] = field(default_factory=dict)
    copies: list[float] = field(default_factory=list)
    copies_in_batches: list[float] = field(default_factory=list)
    commits: list[float] = field(default_factory=list)
    bytes: dict[str, dict[str, int]] = field(default_factory=dict)
    """By kind of event: what ledger and identities grew by, and by how many events."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent: how many events in batches of how many, over how many connections."""

    name: str
    batch: int
    count: int
    connections: int = CONNECTIONS
    events: Events = typical_events


def loads(sizes: dict[int, int]) -> list[Load]:
    """`sizes`: batch size -> events per round."""
    return [
        Load("1, one at a time", 1, ALONE, connections=1),
        *(Load(str(batch), batch, count) for batch, count in sizes.items()),
        Load("500, every field", MAIN, sizes[MAIN] // 2, events=full_events),
    ]


def send(web: Web, company: Company, load: Load, *, run: str, folder: Path) -> Run:
    """Post new events in batches and refuse to measure anything but success."""
    count = load.count - load.count % load.batch
    made = load.events(count, run=run, now=timezone.now())
    spool = folder / "requests"
    with spool.open("wb") as file:
        for request in requests(made, batch=load.batch, key=company.keys["ingest"]):
            file.write(len(request).to_bytes(4, "big") + request)
    before = web.cpu()
    command = [sys.executable, "-I", "-S", LOAD, spool, str(web.port), str(load.connections)]
    said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    spent = web.spent_since(before)
    wanted = f'200 {{"accepted":{load.batch},"duplicates":0,"conflicts":0,"rejected":0,"unpriced":0'
    if set(said["answers"]) != {wanted}:
        raise SystemExit(f"Ingest did not go well: {said['answers']}")
    sent = max(said["cpu_seconds"], 0.0)
    ours = spent.web + spent.postgres + sent
    return Run(
        rate=count / said["seconds"],
        milliseconds=said["milliseconds"],
        web=spent.web / count * 1e6,
        postgres=spent.postgres / count * 1e6,
        client=sent / count * 1e6,
        others=None if spent.machine is None else (spent.machine - ours) / said["seconds"],
    )


def measure(
    web: Web,
    company: Company,
    *,
    sizes: dict[int, int],
    rounds: int,
    database_url: str,
    folder: Path,
) -> Measured:
    got = Measured()
    planned = loads(sizes)
    for number, load in enumerate(planned):
        warm = Load("warm", load.batch, min(load.count, 40 * load.batch))
        send(web, company, warm, run=f"w{number}x", folder=folder)
    with psycopg.connect(database_url, autocommit=True) as connection:
        raw.make_table(connection)
        deadline = time.monotonic() + PATIENCE
        for turn in range(rounds):
            if turn and time.monotonic() > deadline:
                break
            for number, load in enumerate(planned):
                before = stored_sizes(connection)
                one = send(web, company, load, run=f"r{turn}n{number}x", folder=folder)
                got.loads.setdefault(load.name, []).append(one)
                _add_growth(got, load, before, stored_sizes(connection))
                if load.name == str(MAIN):
                    _yardsticks(got, connection, company, load.count, url=database_url)
        connection.execute(f"DROP TABLE {raw.TABLE}")
    return got


def _add_growth(got: Measured, load: Load, before: dict[str, int], after: dict[str, int]) -> None:
    kind = "every field" if load.events is full_events else "typical event"
    sums = got.bytes.setdefault(kind, dict.fromkeys(after, 0))
    for name, value in after.items():
        sums[name] += value - before[name]


def _yardsticks(
    got: Measured, connection: psycopg.Connection, company: Company, count: int, *, url: str
) -> None:
    """On the rows that were stored last: the same ones, as they are in the ledger."""
    tenant_id = company.tenant.pk
    pieces = raw.ledger_rows(connection, tenant_id, count=count, batch=MAIN)
    whole = raw.ledger_rows(connection, tenant_id, count=count, batch=count)
    got.copies_in_batches.append(raw.copy_rate(connection, pieces, count=count))
    got.copies.append(raw.copy_rate(connection, whole, count=count))
    got.commits.append(raw.commit_rate(url, count=min(count, 3_000), connections=CONNECTIONS))
