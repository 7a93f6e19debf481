"""`set_timezone [ZONE] --tenant S`: days begin elsewhere from now on, and did so all along."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from billing.actions import ActionError, change_timezone
from billing.flow.zone import move_on, progress
from tenants.directory import UnknownTenant, tenant_id_of
from tenants.scoping import tenant_scope


class Command(BaseCommand):
    help = (
        "Move a tenant to another time zone; all its days are made anew from the ledger, piece by piece, while"
        " it is served. Stopped anywhere, workers go on, and so does the same command. Without a zone: how far"
        " it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("zone", nargs="?", default="", help="an IANA zone such as Europe/Sofia")
        parser.add_argument("--tenant", required=True, metavar="SLUG")
        parser.add_argument("--background", action="store_true", help="leave it to the workers")

    def handle(self, *args: Any, **options: Any) -> None:
        zone = options["zone"]
        try:
            tenant_id = tenant_id_of(options["tenant"])
            with tenant_scope(tenant_id):
                last = progress()
                is_under_way = last is not None and not last.is_done and last.wanted == zone
                if zone and not is_under_way:
                    change_timezone(zone, actor="command")
        except (ActionError, UnknownTenant) as error:
            raise CommandError(str(error)) from error
        while zone and not options["background"]:
            with tenant_scope(tenant_id):
                moved = move_on(now=timezone.now())
            if moved is None or moved.is_done:
                break
            self._say(options["tenant"], tenant_id)
        self._say(options["tenant"], tenant_id)

    def _say(self, slug: str, tenant_id: int) -> None:
        with tenant_scope(tenant_id):
            moved = progress()
        if moved is None:
            self.stdout.write(f"{slug} has never moved to another time zone.")
        elif moved.is_done:
            self.stdout.write(f"{slug} is in {moved.wanted}; its days are made anew.")
        elif not moved.percent:
            self.stdout.write(f"{slug} is to be moved to {moved.wanted}; workers have not begun.")
        else:
            at = f"{moved.reached:%Y-%m-%d %H:%M} UTC"
            self.stdout.write(
                f"{slug}: {moved.percent} % moved to {moved.wanted}, everything since {at}"
            )
