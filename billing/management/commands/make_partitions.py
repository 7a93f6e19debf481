"""`make_partitions`: the ledger's months, this one and three ahead, where beat has not made them."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from billing.flow.partitions import make_partitions


class Command(BaseCommand):
    help = "Make the months of the ledger that are missing. Safe to run at any time."

    def handle(self, *args: Any, **options: Any) -> None:
        made = make_partitions(today=timezone.now().date())
        self.stdout.write(f"{made} partitions made")
