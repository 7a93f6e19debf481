"""Drift: where the price book and the other list differ, in words, as the last comparison found it.

In:   nothing; the tables are of no tenant.   Out: `Drift`, for the system page and the price pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Q
from django.utils import timezone

from billing.flow.known_gaps import NOT_COMPARED
from billing.models import BookDifference, Heartbeat, ListedPrice, PriceRow

UNITS = {"web_search": "million searches"}
NAMES = {
    "input": "input",
    "cache_write_5m": "five-minute cache writes",
    "cache_write_1h": "one-hour cache writes",
    "cache_read": "cache reads",
    "output": "output",
    "web_search": "web searches",
}
CONFIRMED = "official"


@dataclass(frozen=True, slots=True)
class Finding:
    model: str
    sentence: str
    reason: str
    """Why it is known and no alarm; '' for one that somebody should look at."""
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Drift:
    """`checked_at` is None before the first comparison."""

    checked_at: datetime | None
    version: str
    open: list[Finding]
    known: list[Finding]
    not_compared: tuple[str, ...]
    unconfirmed: list[str]
    """Models whose rows in the book come from a third party: that the list agrees confirms nothing."""


def drift() -> Drift:
    """What differs now. Four queries, however much there is."""
    heartbeat = Heartbeat.objects.filter(name="prices").first()
    listed = ListedPrice.objects.first()
    version = listed.version if listed else ""
    rows = list(BookDifference.objects.all())
    prices = _prices_in_force({each.model for each in rows})
    found = [_finding(each, prices) for each in rows]
    return Drift(
        checked_at=heartbeat.at if heartbeat else None,
        version=version,
        open=[each for each in found if not each.reason],
        known=[each for each in found if each.reason],
        not_compared=NOT_COMPARED,
        unconfirmed=sorted({row.model for row in prices.values() if row.confidence != CONFIRMED}),
    )


def _prices_in_force(models: set[str]) -> dict[tuple[str, str, str, int], PriceRow]:
    """The book's rows of today for these models, and all that no official list confirms."""
    today = timezone.now().date()
    rows = PriceRow.objects.filter(
        Q(model__in=models) | ~Q(confidence=CONFIRMED),
        Q(since=None) | Q(since__lte=today),
        Q(until=None) | Q(until__gt=today),
    )
    return {(row.provider, row.model, row.speed, row.over_prompt_tokens): row for row in rows}


def _finding(each: BookDifference, prices: Mapping[tuple[str, str, str, int], PriceRow]) -> Finding:
    row = prices.get(
        (each.provider, each.model, each.speed, each.over_prompt_tokens)
    ) or prices.get((each.provider, each.model, each.speed, 0))
    sentence = _sentence(each, _where_from(row))
    return Finding(each.model, sentence, each.reason, each.first_seen_at)


def _sentence(each: BookDifference, where_from: str) -> str:
    """What the list says, then what the book says: "… has $0.2 per million for cache reads of …"."""
    says = each.version
    model = each.model + (f" in {each.speed} mode" if each.speed != "standard" else "")
    if each.over_prompt_tokens:
        model += f" beyond {each.over_prompt_tokens:,} tokens"
    match each.what, each.ours, each.theirs:
        case "model", "", _:
            return f"{says} has {model}; the book has no price of it."
        case "model", _, _:
            return f"{says} does not have {model}; the book does{where_from}."
        case "speed", "", _:
            return f"{says} has prices for {model}; the book has none."
        case "speed", _, _:
            return f"{says} has no prices for {model}; the book does{where_from}."
        case "batch_multiplier", ours, theirs:
            return (
                f"{says} has {_times(theirs)} for {model} in batches; the book has {_times(ours)}"
                f"{where_from}."
            )
        case "change", ours, theirs:
            days = f"on {ours}" if ours else "never"
            return f"{says} changes the price of {model} on {theirs}; the book does so {days}."
        case what, ours, theirs:
            return (
                f"{says} has {_rate(theirs, what)} for {NAMES[what]} of {model};"
                f" the book has {_rate(ours, what)}{where_from}."
            )


def _rate(text: str, token_class: str) -> str:
    if not text:
        return "no price"
    return f"${Decimal(text):,f} per {UNITS.get(token_class, 'million')}"


def _times(text: str) -> str:
    return f"{text} × the price" if text else "no price"


def _where_from(row: PriceRow | None) -> str:
    if row is None:
        return ""
    since = f" since {row.since}" if row.since else ""
    return f"{since} ({row.source}, checked on {row.checked_on})"
