"""`create_tenant NAME --slug S --owner EMAIL --timezone Europe/Sofia`: a company, its owner, its keys."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.actions import ActionError, create_tenant


class Command(BaseCommand):
    help = "Make a tenant with its owner and one API key per scope; they are shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--slug", required=True)
        parser.add_argument("--owner", required=True, metavar="EMAIL")
        parser.add_argument("--timezone", default="UTC", help="an IANA zone: days begin there")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            new = create_tenant(
                name=options["name"],
                slug=options["slug"],
                owner_email=options["owner"],
                timezone_name=options["timezone"],
            )
        except ActionError as error:
            raise CommandError(error.detail) from error
        shown = {
            "tenant": new.tenant.name,
            "slug": new.tenant.slug,
            "owner": new.owner.email,
            "password": new.password,
            "keys": new.keys,
        }
        if options["json"]:
            self.stdout.write(json.dumps(shown))
            return
        self.stdout.write(f"{new.tenant.name} is at /t/{new.tenant.slug}/")
        self.stdout.write(f"owner      {new.owner.email}")
        self.stdout.write(f"password   {new.password or '(as before)'}")
        for scope, key in new.keys.items():
            self.stdout.write(f"{scope:<10} {key}")
