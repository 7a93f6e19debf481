"""All parts in order, on the database that DATABASE_URL names: run by `python -m tests.benchmarks`.

In:   sizes as arguments.   Out: the table on standard output, and a JSON file.
"""

import argparse
import logging
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "costtrack.settings")
django.setup()  # the product's models are imported below

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from tests.benchmarks import (  # noqa: E402  # noqa: E402
    alerting,
    ingest,
    keeping,
    machine,
    million,
    pricing,
    reading,
    repricing,
)
from tests.benchmarks.company import Company, make_company  # noqa: E402
from tests.benchmarks.figures import Figure, table, write_json  # noqa: E402
from tests.benchmarks.ingest_figures import beside_workers, ingest_figures  # noqa: E402
from tests.benchmarks.options import add_options  # noqa: E402
from tests.benchmarks.stack import Web, web_server, workers  # noqa: E402

A_MILLION = 1_000_000
IDLE = 3.0
"""Seconds after the start of the stack until its memory is looked at."""


def main() -> int:
    parser = argparse.ArgumentParser()
    add_options(parser)
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # the request log of this process's own requests
    about = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{machine.describe()}, PostgreSQL {_postgres_version()}",
    }
    figures = (
        _alerts() if options.alerts else _pure(options) if options.pure else _everything(options)
    )
    sys.stdout.write(f"{about['machine']}\n\n{table(figures)}\n")
    sys.stdout.flush()
    write_json(Path(options.json), figures, about=about)
    _say(f"Written to {options.json}")
    return 0


def _pure(options: argparse.Namespace) -> list[Figure]:
    _say("Pure work")
    return pricing.measure(make_company("new"), rounds=options.rounds, now=timezone.now())


def _alerts() -> list[Figure]:
    _say("Alerts, with other events beside")
    with tempfile.TemporaryDirectory(prefix="costtrack-bench-") as name:
        folder = Path(name)
        with web_server(folder, database_url=os.environ["DATABASE_URL"]) as web:
            return alerting.measure(web, make_company("alerts"), folder=folder)


def _everything(options: argparse.Namespace) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="costtrack-bench-") as name:
        folder = Path(name)
        with web_server(folder, database_url=os.environ["DATABASE_URL"]) as web:
            figures = _new_company(web, options, folder=folder)
            figures += _old_companies(web, options, folder=folder)
            _say("Alerts, with other events beside")
            return [*figures, *alerting.measure(web, make_company("alerts"), folder=folder)]


def _new_company(web: Web, options: argparse.Namespace, *, folder: Path) -> list[Figure]:
    """On empty tables: memory, ingest beside its yardsticks, pure work, the first fold."""
    new = make_company("new")
    _say("The stack, idle")
    with workers(folder):
        time.sleep(IDLE)
        figures = keeping.memory_figures(web)
    _say("Ingest, in turns with the yardsticks")
    got = ingest.measure(
        web,
        new,
        sizes=options.sizes,
        rounds=options.rounds,
        database_url=os.environ["DATABASE_URL"],
        folder=folder,
    )
    _say("Pure work, the first fold")
    return [
        *ingest_figures(got),
        *pricing.measure(new, rounds=options.rounds, now=timezone.now()),
        keeping.fold_figure(new, name="into empty rollups"),
        *figures,
    ]


def _old_companies(web: Web, options: argparse.Namespace, *, folder: Path) -> list[Figure]:
    """On histories of growing length: pages, answers, the fold; on the longest, worker and beat beside."""
    load = ingest.Load("top", ingest.MAIN, options.sizes[ingest.MAIN])
    figures: list[Figure] = []
    histories: list[list[Figure]] = []
    for count in options.events:
        events = f"{count:,} events"
        _say(f"A history of {events}")
        old = make_company(f"old-{count}")
        seconds = million.fill(
            old, count=count, now=timezone.now(), database_url=os.environ["DATABASE_URL"]
        )
        figures.append(Figure("fold", f"rebuild {events} from the ledger", seconds, "s"))
        _say("Pages and answers")
        part = f"at {events}"
        histories.append(reading.measure(web, old, requests=options.requests, part=part))
        figures += histories[-1]
        _say("New events on top of the history")
        ingest.send(web, old, load, run=f"top{count}x", folder=folder)
        figures += reading.unfolded_figures(web, old, requests=options.requests, part=part)
        figures.append(keeping.fold_figure(old, name=f"into {events}"))
        if count == A_MILLION:
            _say("The night's look at all of it")
            figures += keeping.night_figures(old, events=events)
    if len(histories) > 1:
        figures += reading.growth(histories)
    figures.append(_beside_workers(web, old, load, rounds=options.rounds, folder=folder))
    _say("Every event of the longest history priced again")
    return [*figures, *repricing.measure(old)]


def _beside_workers(
    web: Web, company: Company, load: ingest.Load, *, rounds: int, folder: Path
) -> Figure:
    _say("With worker and beat beside")
    with workers(folder):
        runs = [
            ingest.send(web, company, load, run=f"b{turn}x", folder=folder)
            for turn in range(min(rounds, 2))
        ]
    return beside_workers(runs)


def _postgres_version() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0]).split()[0]


def _say(words: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')}  {words}\n")


if __name__ == "__main__":
    sys.exit(main())
