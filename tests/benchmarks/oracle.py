"""Pricing beside another engine, in turns: how many times genai-prices' rate is ours?

In:   events as they are posted, the real price book.   Out: events per second of one core, and ratios.
Like is set beside like: pricing what was read already, and reading the usage object as well. Where both can
price an event they agree to the last digit (tests/billing/test_price_oracle.py).
"""

import statistics
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import genai_prices

from billing.flow.price import PriceBook, price_event
from billing.flow.usage import Usage, read_usage
from tests.benchmarks.figures import Figure, median_figure, number

AT_LEAST = 50
FEWER = 2_000
"""Events of the slower engine in one turn: its rate does not depend on how many there are."""

Call = tuple[dict[str, object], str, str]
Work = tuple[Callable[[], object], int]
"""What to do, and how many events that is."""


def oracle_figures(
    calls: Sequence[Call], book: PriceBook, *, rounds: int, now: datetime
) -> list[Figure]:
    read = [read_usage(usage, model=model, stop_reason=stop) for usage, model, stop in calls]
    few = calls[:FEWER]
    there = [(_extract(usage, model).usage, model) for usage, model, _ in few]
    pricing, calc_price = _in_turns(
        (lambda: _price(read, book, now=now), len(read)),
        (lambda: _calc_price(there, now=now), FEWER),
        rounds=rounds,
    )
    whole, whole_there = _in_turns(
        (lambda: _read_and_price(calls, book, now=now), len(calls)),
        (lambda: _extract_and_calc(few, now=now), FEWER),
        rounds=rounds,
    )
    return [
        median_figure("pure", "price: price_event alone", pricing, "events/s"),
        _times(
            "price: price_event beside genai-prices' calc_price",
            pricing,
            calc_price,
            at_least=AT_LEAST,
        ),
        _times("price: the same, reading the usage included", whole, whole_there),
    ]


def _times(name: str, ours: Sequence[float], theirs: Sequence[float], **limit) -> Figure:
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    beside = (
        f"genai-prices {genai_prices.__version__}: {number(statistics.median(theirs))} events/s"
    )
    return median_figure("pure", name, ratios, "times", beside=beside, **limit)


def _in_turns(one: Work, other: Work, *, rounds: int) -> tuple[list[float], list[float]]:
    """Events per second of both, turn by turn, so that a noisy moment falls on both; the first is left out."""
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):
        for (work, events), kept in zip((one, other), rates, strict=True):
            began = time.thread_time()
            work()
            kept.append(events / (time.thread_time() - began))
    return rates[0][1:], rates[1][1:]


def _price(usages: Sequence[Usage], book: PriceBook, *, now: datetime) -> None:
    for usage in usages:
        price_event(book, provider="anthropic", occurred_at=now, usage=usage)


def _read_and_price(calls: Sequence[Call], book: PriceBook, *, now: datetime) -> None:
    for usage, model, stop in calls:
        read = read_usage(usage, model=model, stop_reason=stop)
        price_event(book, provider="anthropic", occurred_at=now, usage=read)


def _calc_price(read: Sequence[tuple[genai_prices.Usage, str]], *, now: datetime) -> None:
    for usage, model in read:
        genai_prices.calc_price(usage, model, provider_id="anthropic", genai_request_timestamp=now)


def _extract_and_calc(calls: Sequence[Call], *, now: datetime) -> None:
    for usage, model, _ in calls:
        _extract(usage, model).calc_price(genai_request_timestamp=now)


def _extract(usage: dict[str, object], model: str) -> genai_prices.types.ExtractedUsage:
    return genai_prices.extract_usage({"usage": usage, "model": model}, provider_id="anthropic")
