"""`verify_spend`: prove that the ledger is what rollups and journal add up to. Exit 1 when it is not.

What it finds is kept like what the nightly proof finds: a day that is right again ends its alarm.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from billing.flow.proof import prove
from billing.flow.verify import Difference, months, whole_days
from billing.management.tenants import add_tenant_argument, chosen_tenants
from tenants.scoping import tenant_scope


class Command(BaseCommand):
    help = "Compare every bucket of every day with the ledger, to the last decimal."

    def add_arguments(self, parser: CommandParser) -> None:
        add_tenant_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        for slug, tenant_id in chosen_tenants(options):
            found += self._verify(slug, tenant_id)
        if found:
            raise CommandError(f"{found} buckets differ; 'rebuild_spend' restores them.")
        self.stdout.write("ledger = rollups + journal")

    def _verify(self, slug: str, tenant_id: int) -> int:
        with tenant_scope(tenant_id):
            span = whole_days()
        differences: list[Difference] = []
        for since, until in months(span[0], until=span[1]) if span else ():
            while since < until:
                with tenant_scope(tenant_id):
                    proof = prove(since, until=until, now=timezone.now())
                differences += proof.differences
                since = proof.until
        for each in differences:
            self.stderr.write(
                f"{slug}: {each.table} {each.day} project {each.project_id} {each.model}:"
                f" ledger {each.ledger_events} events {each.ledger_cost},"
                f" kept {each.kept_events} events {each.kept_cost}"
            )
        days = f"{span[0]} to {span[1]}" if span else "no events"
        self.stdout.write(f"{slug}: {days}, {len(differences)} differences")
        return len(differences)
