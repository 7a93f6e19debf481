"""`compare_prices`: the nightly comparison of the price book with the installed genai-prices, now."""

from typing import Any

from django.core.management.base import BaseCommand

from billing.reports.drift import drift
from billing.tasks import compare_prices


class Command(BaseCommand):
    help = (
        "Compare the price book with the installed genai-prices and keep its prices as proposals."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        compare_prices()
        found = drift()
        for each in found.open:
            self.stdout.write(f"{each.sentence} Seen first on {each.first_seen_at:%Y-%m-%d}.")
        self.stdout.write(f"{len(found.open)} differences, {len(found.known)} known ones.")
