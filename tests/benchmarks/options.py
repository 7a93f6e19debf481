"""How much is measured: the defaults take about four minutes on two cores."""

import argparse
import os

SIZES = {1: 2_000, 100: 10_000, 500: 20_000, 1_000: 20_000}
"""Batch size -> events per round."""


LENGTHS = "100000,1000000"
"""With 10000000 as well it takes twenty minutes more: ten of them for the history, ten for its rebuild."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Each option can also be set in the environment: BENCH_EVENTS=100000 make bench."""
    parser.add_argument(
        "--events",
        type=_lengths,
        default=os.environ.get("BENCH_EVENTS") or LENGTHS,
        help="lengths of the histories that pages are read from, shortest first",
    )
    for name, default, words in (
        ("rounds", 3, "how often each load and yardstick is measured"),
        ("requests", 30, "requests per page"),
    ):
        parser.add_argument(
            f"--{name}", type=int, default=_from_environment(name, default), help=words
        )
    parser.add_argument("--pure", action="store_true", help="only what needs no web server")
    parser.add_argument("--alerts", action="store_true", help="only from an event to its mail")
    parser.add_argument("--json", default="bench.json", help="where the figures go")
    parser.set_defaults(sizes=SIZES)


def _from_environment(name: str, default: int) -> int:
    return int(os.environ.get(f"BENCH_{name.upper()}") or default)


def _lengths(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]
