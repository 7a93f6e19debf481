"""The price book in memory: loaded once, used until its version in the database changes."""

from django.db import connection

from billing.flow.price import PriceBook, PriceEntry
from billing.models import ModelAlias, PriceRow

_loaded: PriceBook | None = None

# Rows are only ever added or closed, so these counts change with every change.
VERSION = """
    SELECT (SELECT concat_ws('/', max(id), count(*), count(until)) FROM billing_pricerow)
        || '/' || (SELECT concat_ws('/', max(id), count(*)) FROM billing_modelalias)
"""


def price_book(version: str = "") -> PriceBook:
    """The book as it stands in the database now; `version` when the caller has asked already."""
    global _loaded
    if not version:
        with connection.cursor() as cursor:
            cursor.execute(VERSION)
            (version,) = cursor.fetchone()
    book = _loaded
    if book is None or book.version != version:
        book = _loaded = _load(version)
    return book


def _load(version: str) -> PriceBook:
    return PriceBook(
        version=version,
        entries=[_entry(row) for row in PriceRow.objects.all()],
        aliases={(each.provider, each.alias): each.model for each in ModelAlias.objects.all()},
    )


def _entry(row: PriceRow) -> PriceEntry:
    return PriceEntry(
        id=row.pk,
        provider=row.provider,
        model=row.model,
        speed=row.speed,
        over_prompt_tokens=row.over_prompt_tokens,
        since=row.since,
        until=row.until,
        rates=(
            row.input,
            row.cache_write_5m,
            row.cache_write_1h,
            row.cache_read,
            row.output,
            row.web_search,
        ),
        batch_multiplier=row.batch_multiplier,
        us_multiplier=row.us_multiplier,
    )
