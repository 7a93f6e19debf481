"""`set_retention MONTHS|ever --tenant S`: for how long the ledger keeps single events. Sums stay for ever."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from billing.actions import ActionError, set_retention
from billing.flow.retention import kept_months, kept_since
from billing.models import Horizon
from tenants.directory import UnknownTenant, tenant_id_of
from tenants.scoping import tenant_scope

EVER = "ever"


class Command(BaseCommand):
    help = (
        "Keep single events for so many whole months before the present one; older ones are deleted each night."
        " Spend, its dimensions and what makes a replay a duplicate stay. Without a number: what is set."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("months", nargs="?", default="", help=f"2 to 120, or '{EVER}'")
        parser.add_argument("--tenant", required=True, metavar="SLUG")

    def handle(self, *args: Any, **options: Any) -> None:
        slug, said = options["tenant"], options["months"]
        if said and said != EVER and not said.isdecimal():
            raise CommandError(f"{said!r} is neither a number of months nor '{EVER}'.")
        try:
            with tenant_scope(tenant_id_of(slug)):
                if said:
                    set_retention(None if said == EVER else int(said), actor="command")
                months, horizon = kept_months(), Horizon.objects.first()
        except (ActionError, UnknownTenant) as error:
            raise CommandError(str(error)) from error
        gone = f" Events before {horizon.since} are gone." if horizon else ""
        if months is None:
            self.stdout.write(f"{slug} keeps its events for ever.{gone}")
            return
        since = kept_since(months, now=timezone.now())
        self.stdout.write(
            f"{slug} keeps its events since {since} (UTC), {months} months and this one;"
            f" what is older goes at 04:30 UTC, once its days are proved.{gone}"
        )
