"""`set_timezone ZONE --tenant S`: days begin elsewhere from now on, and did so all along."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.actions import ActionError, change_timezone
from tenants.directory import UnknownTenant, tenant_id_of
from tenants.scoping import tenant_scope


class Command(BaseCommand):
    help = "Move a tenant to another time zone; all its days are made anew from the ledger."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("zone", help="an IANA zone such as Europe/Sofia")
        parser.add_argument("--tenant", required=True, metavar="SLUG")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with tenant_scope(tenant_id_of(options["tenant"])):
                change_timezone(options["zone"], actor="command")
        except (ActionError, UnknownTenant) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{options['tenant']} is in {options['zone']}; its days are made anew.")
