"""The price book in memory: loaded once, used until its version in the database changes.

The list is everybody's. A tenant with terms of its own, agreed prices or discounts, has a book of its own.
"""

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from django.db import connection
from django.db.models import Q

from billing.flow.price import PriceBook, PriceEntry
from billing.flow.price_book import DiscountEntry
from billing.models import AgreedPrice, Discount, ModelAlias, PriceRow
from billing.models.prices import Dated, Rates
from billing.money import EXACT
from tenants.scoping import active_scope

BOOKS = 200
"""Books kept: one for all tenants without terms, one for each tenant with."""

VERSION = "SELECT price_book_version(%s)"
"""Changes with every change of the list or of the tenant's terms; has a bar in it when there are terms."""


def price_book(version: str = "") -> PriceBook:
    """The active tenant's book as the database has it now; `version` when the caller has asked already."""
    return _load(version or book_version())


def list_book() -> PriceBook:
    """Everybody's book: the list alone. It needs no active tenant."""
    return _load(_version_of(None))


def book_version() -> str:
    return _version_of(active_scope().tenant_id)


def _version_of(tenant_id: int | None) -> str:
    with connection.cursor() as cursor:
        cursor.execute(VERSION, [tenant_id])
        (version,) = cursor.fetchone()
    return str(version)


@lru_cache(maxsize=BOOKS)
def _load(version: str) -> PriceBook:
    return read_book(version=version, has_terms="|" in version)


def read_book(
    *, at: datetime | None = None, version: str = "", has_terms: bool = True
) -> PriceBook:
    """The active tenant's book, read past the cache; PriceBookError for rows that make none.

    `at` a moment: as it stood then, without rows that were added later and with later closings undone.
    """
    known = Q(added_at__lte=at) if at else Q()
    agreed = AgreedPrice.objects.filter(known) if has_terms else ()
    discounts = Discount.objects.filter(known) if has_terms else ()
    return PriceBook(
        version=version,
        entries=[entry_of(row, until=_until(row, at)) for row in PriceRow.objects.filter(known)],
        aliases={(each.provider, each.alias): each.model for each in ModelAlias.objects.all()},
        agreed=[entry_of(row, until=_until(row, at)) for row in agreed],
        discounts=[
            DiscountEntry(
                provider=row.provider,
                model=row.model,
                since=row.since,
                until=_until(row, at),
                factor=EXACT.divide(EXACT.subtract(Decimal(100), row.percent), Decimal(100)),
            )
            for row in discounts
        ],
    )


def _until(row: Dated, at: datetime | None) -> date | None:
    return None if at and row.closed_at and row.closed_at > at else row.until


def entry_of(row: Rates, *, until: date | None) -> PriceEntry:
    """The row as the book takes it, ending on that day."""
    return PriceEntry(
        id=row.pk,
        provider=row.provider,
        model=row.model,
        speed=row.speed,
        over_prompt_tokens=row.over_prompt_tokens,
        since=row.since,
        until=until,
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
        source=row.source,
        checked_on=row.checked_on,
    )
