"""`verify_spend`: prove that the ledger is what rollups and journal add up to. Exit 1 when it is not."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.flow.verify import days_with_events, months, verify
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
            span = days_with_events()
        differences = []
        for since, until in months(span[0], until=span[1]) if span else ():
            with tenant_scope(tenant_id):
                differences += verify(since, until=until)
        for each in differences:
            self.stderr.write(
                f"{slug}: {each.table} {each.day} project {each.project_id} {each.model}:"
                f" ledger {each.ledger_events} events {each.ledger_cost},"
                f" kept {each.kept_events} events {each.kept_cost}"
            )
        days = f"{span[0]} to {span[1]}" if span else "no events"
        self.stdout.write(f"{slug}: {days}, {len(differences)} differences")
        return len(differences)
