"""Pure work: what one event costs the processor before any database sees it.

In:   events as they are posted, the real price book.   Out: events per second of one core.
"""

import json
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from billing.flow.book import price_book
from billing.flow.intake import check_items
from billing.flow.price import PriceBook, price_event
from billing.flow.usage import read_usage
from tenants.scoping import tenant_scope
from tests.benchmarks.company import Company, typical_events
from tests.benchmarks.figures import Figure, median_figure, number
from tests.benchmarks.oracle import oracle_figures

EVENTS = 10_000


def measure(company: Company, *, rounds: int, now: datetime) -> list[Figure]:
    events = list(typical_events(EVENTS, run="pricing", now=now))
    bodies = [json.dumps(each).encode() for each in events]
    calls = [(each["usage"], each["model"], each["stop_reason"]) for each in events]
    with tenant_scope(company.tenant.pk):
        book = price_book()
    pricing = _rates(lambda: _price(calls, book, now=now), rounds=rounds)
    checking = _rates(lambda: check_items(bodies, now=now), rounds=rounds)
    parsing = statistics.median(
        _rates(lambda: [json.loads(each) for each in bodies], rounds=rounds)
    )
    return [
        median_figure("pure", "price: read_usage + price_event", pricing, "events/s"),
        median_figure(
            "pure",
            "check: decode, validate, read_usage, identity, hash",
            checking,
            "events/s",
            beside=f"json.loads alone: {number(parsing)} events/s",
        ),
        *oracle_figures(calls, book, rounds=rounds, now=now),
    ]


def _price(
    calls: Sequence[tuple[dict[str, object], str, str]], book: PriceBook, *, now: datetime
) -> None:
    for usage, model, stop_reason in calls:
        read = read_usage(usage, model=model, stop_reason=stop_reason)
        price_event(book, provider="anthropic", occurred_at=now, usage=read)


def _rates(work: Callable[[], object], *, rounds: int) -> list[float]:
    """By processor time of this thread, so that neighbours on the machine count less."""
    rates = []
    for _ in range(rounds + 1):
        began = time.thread_time()
        work()
        rates.append(EVENTS / (time.thread_time() - began))
    return rates[1:]
