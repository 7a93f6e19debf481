"""`delete_person EMAIL`: an account ends, with its memberships; what it did stays in the audit logs."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError

from tenants.access import accesses
from tenants.models import Membership, Role, User
from tenants.scoping import tenant_scope


class Command(BaseCommand):
    help = "Delete an account; refused for the last owner of a company and for owners of budgets."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise CommandError(f"There is no account {options['email']!r}.")
        for access in accesses(user):
            if access.role == Role.OWNER:
                with tenant_scope(access.tenant.pk):
                    others = Membership.objects.filter(role=Role.OWNER).exclude(user=user)
                    if not others.exists():
                        raise CommandError(f"{user} is the last owner of {access.tenant.slug}.")
        try:
            user.delete()
        except IntegrityError as error:
            raise CommandError(
                f"{user} still answers for a budget. Give it another owner."
            ) from error
        self.stdout.write(f"{options['email']} is deleted")
