"""Ingest, told: the rates with their limits, the ratios to the yardsticks, who used the processor."""

import statistics
from collections.abc import Iterator, Sequence

from tests.benchmarks import machine
from tests.benchmarks.figures import Figure, median_figure, number, percentile
from tests.benchmarks.ingest import CONNECTIONS, MAIN, Measured, Run

RATIOS = {"500": 0.30, "1": 0.15}
"""What HTTP must make of the yardstick: of binary COPY at batch 500, of single-row commits at batch 1."""
MOST_BYTES = 450
"""Per typical event: ledger, identities and their indexes."""


def ingest_figures(got: Measured) -> Iterator[Figure]:
    for name, runs in got.loads.items():
        yield median_figure(
            "ingest",
            f"HTTP, batch {name}",
            [run.rate for run in runs],
            "events/s",
            beside=_latency(runs) + (_quietest(runs) if name == str(MAIN) else ""),
        )
    for name, runs in got.loads.items():
        yield _processor(name, runs)
    yield from _yardsticks(got)
    yield from _bytes(got)


def beside_workers(runs: Sequence[Run]) -> Figure:
    """The main load while worker and beat fold what comes in, on a ledger with a history."""
    return median_figure(
        "ingest",
        f"HTTP, batch {MAIN}, long history, worker folding",
        [run.rate for run in runs],
        "events/s",
        beside=_latency(runs),
    )


def _latency(runs: Sequence[Run]) -> str:
    every = [each for run in runs for each in run.milliseconds]
    return f"request p50 {number(percentile(every, 50))} ms, p95 {number(percentile(every, 95))} ms"


def _quietest(runs: Sequence[Run]) -> str:
    """The round in which other programs used least of the machine."""
    known = [(run.others, run.rate) for run in runs if run.others is not None]
    if not known:
        return ""
    others, rate = min(known)
    return f"; quietest round {number(rate)} (others used {number(max(others, 0))} cores)"


def _processor(name: str, runs: Sequence[Run]) -> Figure:
    """Processor time is steadier than the clock: the neighbours' programs do not count in it."""
    web, postgres, client = (
        statistics.median(getattr(run, who) for run in runs)
        for who in ("web", "postgres", "client")
    )
    words = f"web {number(web)}, PostgreSQL {number(postgres)}, load {number(client)}"
    if whole := web + postgres + client:
        words += (
            f"; {machine.CORES} cores to itself: at most {number(machine.CORES * 1e6 / whole)}/s"
        )
    others = [run.others for run in runs if run.others is not None]
    if others:
        words += f"; others used {number(max(statistics.median(others), 0))} cores"
    return median_figure(
        "processor",
        f"batch {name}",
        [run.web + run.postgres for run in runs],
        "µs/event",
        beside=words,
    )


def _yardsticks(got: Measured) -> Iterator[Figure]:
    main = _rate(got, str(MAIN))
    single = _rate(got, "1")
    for name, rates, ratio in (
        (f"binary COPY, a commit per {MAIN} rows", got.copies_in_batches, main),
        ("binary COPY, all rows at once", got.copies, main),
        (f"INSERT and commit row by row, {CONNECTIONS} connections", got.commits, single),
    ):
        batch = 1 if ratio is single else MAIN
        yield median_figure(
            "yardstick",
            name,
            rates,
            "rows/s",
            beside=f"HTTP, batch {batch} makes {number(ratio / statistics.median(rates))} of it",
        )
    yield _ratio(got, str(MAIN), "binary COPY with as many commits", got.copies_in_batches)
    yield _ratio(got, "1", "single-row commits", got.commits)


def _ratio(got: Measured, name: str, yardstick: str, rates: Sequence[float]) -> Figure:
    """Round by round, so that a noisy minute falls on both."""
    ratios = [run.rate / rate for run, rate in zip(got.loads[name], rates, strict=True)]
    words = f"HTTP, batch {name}, beside {yardstick}"
    return median_figure("ingest", words, ratios, "of it", at_least=RATIOS[name])


def _rate(got: Measured, name: str) -> float:
    return statistics.median(run.rate for run in got.loads[name])


def _bytes(got: Measured) -> Iterator[Figure]:
    for kind, grown in got.bytes.items():
        ledger, keys = (grown[name] / grown["events"] for name in ("ledger", "keys"))
        yield Figure(
            "bytes",
            kind,
            ledger + keys,
            "bytes/event",
            at_most=MOST_BYTES if kind == "typical event" else None,
            beside=f"ledger {number(ledger)}, identities {number(keys)}",
        )
