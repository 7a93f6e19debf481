"""`rebuild_spend`: make the rollups anew from the ledger, a month at a time. Safe to stop and start again."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from billing.flow.verify import months, rebuild, whole_days
from billing.management.tenants import add_tenant_argument, chosen_tenants
from tenants.scoping import tenant_scope


class Command(BaseCommand):
    help = "Restore rollups (and journal) from the ledger. Ingest of the month at work waits meanwhile."

    def add_arguments(self, parser: CommandParser) -> None:
        add_tenant_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        for slug, tenant_id in chosen_tenants(options):
            with tenant_scope(tenant_id):
                span = whole_days()
            for since, until in months(span[0], until=span[1]) if span else ():
                with tenant_scope(tenant_id):
                    rebuild(since, until=until)
                self.stdout.write(f"{slug}: {since} to {until} rebuilt")
