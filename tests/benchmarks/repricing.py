"""Re-pricing: every event of a long history priced again, looked at first and then booked.

In:   a company with a history; a discount moves every price.   Out: events per second of both passes.
Afterwards ledger, rollups and journal are compared.
"""

import time
from decimal import Decimal

from django.utils import timezone

from billing.flow.fold import fold
from billing.flow.reprice_run import apply_repricing, go_on, plan_repricing
from billing.flow.terms import add_terms
from billing.flow.verify import days_with_events, months, verify
from billing.models import Discount, Repricing
from tenants.scoping import tenant_scope
from tests.benchmarks.company import Company
from tests.benchmarks.figures import Figure, number

AT_LEAST = 20_000


def measure(company: Company) -> list[Figure]:
    scope, by = company.tenant.pk, {"actor": "bench", "now": timezone.now()}
    with tenant_scope(scope):
        add_terms(Discount(provider="anthropic", percent=Decimal("7.5")), **by)
        span = days_with_events()
        assert span is not None
        run = plan_repricing(since=span[0], until=span[1], reason="bench", **by)
    counting = _through(scope)
    with tenant_scope(scope):
        apply_repricing(run, **by)
    applying = _through(scope)
    with tenant_scope(scope):
        seen = Repricing.objects.get(pk=run.pk).seen
        differences = sum(
            len(verify(since, until=until)) for since, until in months(span[0], until=span[1])
        )
    _fold(scope)
    assert differences == 0
    return [
        Figure("reprice", "look: price again and compare", seen / counting, "events/s"),
        Figure(
            "reprice",
            "apply: price again and book each event",
            seen / applying,
            "events/s",
            at_least=AT_LEAST,
            beside=f"{number(seen)} events, every price moved; ledger = rollups + journal afterwards",
        ),
    ]


def _through(scope: int) -> float:
    began, more = time.perf_counter(), True
    while more:
        with tenant_scope(scope):
            more = go_on(now=timezone.now())
    return time.perf_counter() - began


def _fold(scope: int) -> None:
    more = True
    while more:
        with tenant_scope(scope):
            more = fold().entries > 0
