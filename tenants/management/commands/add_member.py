"""`add_member EMAIL --tenant S --role client --client C`: give a person a role in a tenant."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.actions import ActionError, add_member
from tenants.directory import UnknownTenant, tenant_id_of
from tenants.models import Client, Role
from tenants.scoping import tenant_scope


class Command(BaseCommand):
    help = "Give a person a role in a tenant; a new account's password is shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--tenant", required=True, metavar="SLUG")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--client", metavar="SLUG", help="for the role client")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with tenant_scope(tenant_id_of(options["tenant"])):
                client = None
                if options["client"]:
                    client = Client.objects.filter(slug=options["client"]).first()
                    if client is None:
                        raise CommandError(f"There is no client {options['client']!r}.")
                membership, password = add_member(
                    actor="command",
                    email=options["email"],
                    role=Role(options["role"]),
                    client=client,
                )
        except (ActionError, UnknownTenant) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{membership.user.email} is {membership.role} of {options['tenant']}")
        self.stdout.write(f"password   {password or '(as before)'}")
