"""Patience: what the batch price had saved, per environment and feature, should somebody say they can wait.

In:   the events of a day that were billed at once.   Out: InsightSum of kind `batch`, of one project and day.
Promises: the saving is the batch multiplier of the very rows that priced these tokens; of two that could hold,
      the one that saves less. Searches cost the same either way.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from heapq import nlargest
from typing import Any, Final

from django.db import connection

from billing.flow.price_book import BATCH, Card, PriceBook
from billing.flow.store import CLASS_COSTS, Bound
from billing.flow.usage import Usage
from billing.insights.again import usage_of
from billing.insights.sessions import STANDING
from billing.models import InsightSum
from billing.models.insights import SumKind
from billing.money import EXACT, ZERO

MOST: Final = 100
"""Pairs of environment and feature that are kept for a project and day, those that would save most."""

AT_ONCE: Final = f"""
WITH {STANDING}
SELECT project_id, environment, feature, provider, model, variant, (occurred_at AT TIME ZONE 'UTC')::date,
    sum(counts), sum(prompt), sum(cost), sum({" + ".join(CLASS_COSTS[:5])})
FROM standing WHERE counts = 1 AND cost > 0 AND variant IN ('standard', 'us', 'long', 'long+us')
    AND NOT EXISTS (SELECT FROM fixed WHERE fixed.key = standing.key)
    AND (extras IS NULL OR NOT extras ? 'iterations') AND (environment <> '' OR feature <> '')
GROUP BY 1, 2, 3, 4, 5, 6, 7
"""  # noqa: S608  built from constants only


def can_wait(day: date, window: Bound, *, book: PriceBook) -> None:
    """Write down what each environment and feature had saved on a day at the batch price."""
    with connection.cursor() as cursor:
        cursor.execute(AT_ONCE, window)
        found = _sums(cursor.fetchall(), book)
    of_project: dict[int, list[InsightSum]] = {}
    for each in found:
        each.day = day
        of_project.setdefault(each.project_id, []).append(each)
    InsightSum.objects.bulk_create(
        [
            each
            for rows in of_project.values()
            for each in nlargest(MOST, rows, key=lambda row: row.saving)
        ],
        batch_size=1_000,
    )


def _sums(rows: list[tuple[Any, ...]], book: PriceBook) -> Iterator[InsightSum]:
    sums: dict[tuple[int, str, str], InsightSum] = {}
    for row in rows:
        (
            project,
            environment,
            feature,
            provider,
            model,
            variant,
            utc,
            events,
            tokens,
            cost,
            of_tokens,
        ) = row
        share = batch_share(book, provider=provider, model=model, variant=variant, day=utc)
        if share is None:
            continue
        key = (project, environment, feature)
        each = sums.setdefault(
            key,
            InsightSum(
                project_id=project,
                kind=SumKind.BATCH,
                label=environment,
                detail=feature,
                events=0,
                tokens=0,
                cost=ZERO,
                saving=ZERO,
            ),
        )
        each.events += int(events)
        each.tokens += int(tokens)
        each.cost = EXACT.add(each.cost, cost)
        each.saving = EXACT.fma(of_tokens, EXACT.subtract(Decimal(1), share), each.saving)
    yield from sums.values()


def batch_share(
    book: PriceBook, *, provider: str, model: str, variant: str, day: date
) -> Decimal | None:
    """What part of the price a batch pays for this model on a UTC day; None where it is not sold that way."""
    now = usage_of(variant)
    usage = Usage((), BATCH, now.speed, now.geo)
    spans = book.spans(model, provider=provider, usage=usage)
    if isinstance(spans, str):
        return None
    number = day.toordinal()
    cards = [
        card for span in spans if span.first_day <= number < span.end_day for _, card in span.steps
    ]
    if not cards or not all(isinstance(card, Card) for card in cards):
        return None
    return max(card.multipliers[BATCH] for card in cards if isinstance(card, Card))
