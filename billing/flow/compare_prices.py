"""Compare prices: read the other list, keep what it asks and where the book differs.

In:   the price book, the installed list, the moment.   Out: rows of ListedPrice and BookDifference.
Safe: run twice or at once: one transaction behind one lock, and the same day gives the same rows.
Never: a change of the price book. It is an alarm and a source of proposals; people decide.
"""

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from datetime import date, datetime
from functools import lru_cache

from billing.flow.book import read_book
from billing.flow.drift import Difference, differences
from billing.flow.heartbeat import beat
from billing.flow.locks import own_lists
from billing.flow.other_lists import VERSION, ListedModel, ListedRow, listed_models
from billing.flow.price_book import STANDARD
from billing.models import BookDifference, ListedPrice
from billing.money import TOKEN_CLASSES
from tenants.scoping import dispatch_scope

_EMPTY = ListedRow(STANDARD, 0, (None,) * len(TOKEN_CLASSES))
_FIGURE = ("provider", "model", "what", "speed", "over_prompt_tokens", "ours", "theirs")


@dataclass(frozen=True, slots=True)
class Compared:
    """`new` are the differences that were not there the last time and that no known gap explains."""

    differences: list[Difference]
    new: list[Difference]
    models: int
    """Of providers that the book does not have."""


def compare_prices(*, now: datetime) -> Compared:
    """Compare the book with the installed list for the UTC day of `now`, and keep what is found."""
    book, today = read_book(has_terms=False), now.date()
    own = {entry.provider for entry in book.entries}

    @lru_cache
    def listed(day: date) -> list[ListedModel]:
        return listed_models(day, providers=own)

    found = differences(book, listed, day=today)
    others = [each for each in listed_models(today) if each.provider not in own]
    with dispatch_scope():
        own_lists()
        ListedPrice.objects.all().delete()
        ListedPrice.objects.bulk_create(_prices(others, today=today))
        new = _keep(found, now=now)
    beat("prices", now=now)
    return Compared(found, [each for each in new if not each.reason], len(others))


def _prices(models: Iterable[ListedModel], *, today: date) -> Iterator[ListedPrice]:
    for each in models:
        for row in each.rows or (_EMPTY,):
            yield ListedPrice(
                provider=each.provider,
                model=each.model,
                speed=row.speed,
                over_prompt_tokens=row.over_prompt_tokens,
                since=each.since,
                until=each.until,
                batch_multiplier=each.batch_multiplier,
                names=list(each.names),
                not_mapped=list(each.not_mapped),
                version=VERSION,
                checked_on=today,
                **dict(zip(TOKEN_CLASSES, row.rates, strict=True)),
            )


def _keep(found: list[Difference], *, now: datetime) -> list[Difference]:
    """Make the table what was found; answer with what it did not have."""
    before = {row[1:]: row[0] for row in BookDifference.objects.values_list("pk", *_FIGURE)}
    wanted = {astuple(each)[:-1]: each for each in found}
    gone = [key for figure, key in before.items() if figure not in wanted]
    BookDifference.objects.filter(pk__in=gone).delete()
    BookDifference.objects.bulk_create(
        [
            BookDifference(
                **dict(zip(_FIGURE, figure, strict=True)),
                reason=each.reason,
                version=VERSION,
                first_seen_at=now,
                last_seen_at=now,
            )
            for figure, each in wanted.items()
        ],
        update_conflicts=True,
        unique_fields=_FIGURE,
        update_fields=("reason", "version", "last_seen_at"),
    )
    return [each for figure, each in wanted.items() if figure not in before]
