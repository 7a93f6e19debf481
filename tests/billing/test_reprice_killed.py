"""A process that re-prices is killed with -9 between and inside batches; another one goes on."""

import os
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from billing.flow.reprice_run import apply_repricing, go_on, plan_repricing
from billing.flow.terms import add_terms
from billing.flow.verify import days_with_events, verify
from billing.models import Discount, EventCorrection, RepricedDay, Repricing
from billing.periods import DayRange
from billing.reports.spend import spend
from tests.factories import NOON, event
from tests.operations.processes import ROOT, database_url

EVENTS = 300
NEW = Decimal("0.0078")
BY = {"actor": "test", "now": NOON}
DAYS = DayRange(date(2026, 11, 1), date(2026, 12, 1))
WORK = """
import sys, django
django.setup()
from django.utils import timezone
from billing.flow import reprice, reprice_run
from tenants.scoping import tenant_scope
reprice.BATCH = reprice_run.BATCH = 7
more = True
while more:
    with tenant_scope(int(sys.argv[1])):
        more = reprice_run.go_on(now=timezone.now())
        print("booked", flush=True)
    print("committed", flush=True)
"""


def start(tenant):
    return subprocess.Popen(
        [sys.executable, "-c", WORK, str(tenant)],
        cwd=ROOT,
        env=os.environ
        | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "costtrack.settings"},
        stdout=subprocess.PIPE,
        text=True,
    )


def read_until(process, line, *, times):
    for _ in range(times):
        while process.stdout.readline().strip() != line:
            assert process.poll() is None


def test_a_killed_run_goes_on_where_it_was_committed_and_every_event_moves_once(committed):
    company = committed.acme
    for first in range(0, EVENTS, 100):
        company.post(
            *(
                event(f"e-{n}", occurred_at=(NOON - timedelta(minutes=n)).isoformat())
                for n in range(first, first + 100)
            )
        )
    with company.scope():
        add_terms(Discount(provider="anthropic", percent=Decimal(50)), **BY)
        run = plan_repricing(since=DAYS.since, until=DAYS.until, reason="test", **BY)
    go_through(company)
    with company.scope():
        apply_repricing(run, **BY)

    for line in ("booked", "committed", "booked"):
        process = start(company.tenant.pk)
        read_until(process, line, times=3)
        process.kill()
        process.wait(20)
        with company.scope():
            moved = EventCorrection.objects.count()
            assert 0 < moved < EVENTS
            assert Repricing.objects.get().seen == moved
            assert differences() == []
    go_through(company)

    with company.scope():
        assert Repricing.objects.get().state == "done"
        assert EventCorrection.objects.values("key").distinct().count() == EVENTS
        applied = RepricedDay.objects.filter(is_applied=True)
        assert sum(applied.values_list("events", flat=True)) == EVENTS
        assert spend(DAYS).total.cost == EVENTS * NEW
        assert differences() == []


def go_through(company):
    more = True
    while more:
        with company.scope():
            more = go_on(now=timezone.now())


def differences():
    span = days_with_events()
    return verify(span[0], until=span[1])
