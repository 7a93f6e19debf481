"""`seed_demo`: two made-up agencies with ninety days of spend, through the same intake as real events;
budgets, alerts and their answers as they would have come; and the first comparison of the price book.

Prints the logins and an ingest key, this once. Where the demo is there already, nothing happens.
"""

import json
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils import timezone

from billing.flow.compare_prices import compare_prices
from billing.flow.doorbell import ring
from billing.importers.demo import DAYS
from billing.insights.night import look
from billing.management.demo_company import PLANS, ZONE, make_company
from billing.management.demo_days import live_through
from billing.periods import today_in
from tenants.directory import all_tenants
from tenants.scoping import tenant_scope

A_NIGHT = timedelta(minutes=1)


class Command(BaseCommand):
    help = "Make two demo tenants with ninety days of believable spend, budgets and alerts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        there = all_tenants()
        now = timezone.now()
        first = today_in(ZONE, now=now) - timedelta(days=DAYS)
        told: dict[str, str] = {}
        if not there:
            compare_prices(now=now)
        for plan in PLANS:
            if plan.slug in there:
                continue
            with transaction.atomic():
                made = make_company(plan, since=first, now=now)
                live_through(plan, made, now=now, out=self.stderr)
            with tenant_scope(made.tenant_id):
                look(now=now, within=A_NIGHT)
            ring(made.tenant_id)
            told |= made.logins
        if options["json"]:
            self.stdout.write(json.dumps(told))
            return
        for label, value in told.items():
            self.stdout.write(f"{label:<14} {value}")
        if not told:
            self.stdout.write("The demo is there already.")
