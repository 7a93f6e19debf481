"""`load_prices`: bring the list of prices up to date from a file like billing/data/anthropic.json."""

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from billing.flow.load_prices import CannotLoad, Loaded, load_prices
from billing.flow.price_data import ANTHROPIC, PriceDataError, read_price_data
from billing.money import plain


class Command(BaseCommand):
    help = "Add the rows that the list of prices lacks, and close those that the file ends. Edits none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file",
            nargs="?",
            type=Path,
            default=ANTHROPIC,
            help="default: the file of this release",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            data = read_price_data(options["file"])
            done = load_prices(data, now=timezone.now(), dry_run=options["dry_run"])
        except (CannotLoad, PriceDataError, OSError) as error:
            raise CommandError(str(error)) from error
        for line in table(done):
            self.stdout.write(line)
        would = "Nothing is changed (dry run): " if options["dry_run"] else ""
        self.stdout.write(
            f"{would}{len(done.added)} added, {len(done.closed)} closed, {len(done.aliases)} aliases added;"
            f" {done.kept} were there, {done.unnamed} are not in the file and stay."
        )


def table(done: Loaded) -> list[str]:
    """A line for each thing that is done, in columns."""
    rows = [
        (
            "add",
            row.model,
            row.speed,
            f"over {row.over_prompt_tokens}" if row.over_prompt_tokens else "",
            _span(row.since, row.until),
            f"{plain(row.rates[0])} in, {plain(row.rates[4])} out",
        )
        for row in done.added
    ]
    rows += [
        (
            "close",
            row.model,
            row.speed,
            f"over {row.over_prompt_tokens}" if row.over_prompt_tokens else "",
            _span(row.since, until),
            "",
        )
        for row, until in done.closed
    ]
    rows += [("alias", alias, "", "", "", f"= {model}") for _, alias, model in done.aliases]
    widths = [max(len(row[place]) for row in rows) for place in range(6)] if rows else []
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _span(since: date | None, until: date | None) -> str:
    return f"{since or 'the start'} – {until or 'open'}"
