"""`forget_factors EMAIL`: for somebody who lost phone and recovery codes; who they are is for you to know."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.models import User
from tenants.sessions import end_sessions


class Command(BaseCommand):
    help = "Take every second factor from an account and end its sessions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise CommandError(f"There is no account {options['email']!r}.")
        count, _ = Authenticator.objects.filter(user=user).delete()
        sessions = end_sessions(user)
        self.stdout.write(f"{user.email}: {count} factors forgotten, {sessions} sessions ended")
