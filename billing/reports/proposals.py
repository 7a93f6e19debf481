"""Proposals: what another list asks for models of providers that the price book does not have.

In:   a provider, words to look for, where to go on.   Out: `Proposal`s by name, page by page; of no tenant.
Never: a rate that the list does not state: it is None, and `not_mapped` says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, QuerySet

from billing.models import ListedPrice
from billing.money import TOKEN_CLASSES

PAGE = 25
LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True)
class ProposedPrice:
    """Dollars per million by class, for prompts of more than `over_prompt_tokens`."""

    speed: str
    over_prompt_tokens: int
    rates: dict[str, Decimal | None]


@dataclass(frozen=True, slots=True)
class Proposal:
    """One model as the list has it. Without an input rate it cannot be priced by tokens, so not accepted."""

    provider: str
    model: str
    names: list[str]
    since: date | None
    until: date | None
    prices: list[ProposedPrice]
    batch_multiplier: Decimal | None
    source: str
    checked_on: date
    not_mapped: list[str]

    @property
    def is_acceptable(self) -> bool:
        return all(each.rates["input"] is not None for each in self.prices)

    @property
    def missing(self) -> list[str]:
        """The classes for which whoever accepts it has to say what they cost."""
        return [
            name for name in TOKEN_CLASSES if any(each.rates[name] is None for each in self.prices)
        ]


@dataclass(frozen=True, slots=True)
class ProposalPage:
    proposals: list[Proposal]
    next_cursor: str
    """'' on the last page."""


def proposals(
    *, provider: str = "", search: str = "", cursor: str = "", limit: int = PAGE
) -> ProposalPage:
    """Models in order of provider and name. Every word of `search` is in one of both, or is another name.

    A cursor is the model after which to go on, `provider/model`: any text is one.
    """
    rows = ListedPrice.objects.filter(speed="standard", over_prompt_tokens=0)
    if provider:
        rows = rows.filter(provider=_clean(provider))
    for word in _clean(search).split():
        rows = rows.filter(
            Q(model__icontains=word) | Q(provider__icontains=word) | Q(names__contains=[word])
        )
    if cursor:
        before, _, name = _clean(cursor).partition("/")
        rows = rows.filter(Q(provider__gt=before) | Q(provider=before, model__gt=name))
    found = list(rows.order_by("provider", "model")[: limit + 1])
    page = _proposals(found[:limit])
    more = len(found) > limit
    return ProposalPage(page, f"{page[-1].provider}/{page[-1].model}" if more else "")


def proposal(provider: str, model: str) -> Proposal | None:
    """One model, by the list's own names of both."""
    rows = ListedPrice.objects.filter(provider=_clean(provider), model=_clean(model))
    found = _proposals(rows.filter(speed="standard", over_prompt_tokens=0))
    return found[0] if found else None


def providers() -> list[str]:
    """Every provider of the list that the book does not have."""
    names = ListedPrice.objects.order_by("provider").values_list("provider", flat=True)
    return list(names.distinct())


def _clean(text: str) -> str:
    """PostgreSQL takes no NUL, and nobody looks for a longer text."""
    return text.replace("\0", "")[:LONGEST_SEARCH]


def _proposals(models: Sequence[ListedPrice] | QuerySet[ListedPrice]) -> list[Proposal]:
    models = list(models)
    wanted = {(each.provider, each.model) for each in models}
    rows: dict[tuple[str, str], list[ProposedPrice]] = {key: [] for key in wanted}
    for row in ListedPrice.objects.filter(model__in={model for _, model in wanted}):
        if (row.provider, row.model) in rows:
            rates = {name: getattr(row, name) for name in TOKEN_CLASSES}
            price = ProposedPrice(row.speed, row.over_prompt_tokens, rates)
            rows[row.provider, row.model].append(price)
    return [
        Proposal(
            provider=each.provider,
            model=each.model,
            names=each.names,
            since=each.since,
            until=each.until,
            prices=rows[each.provider, each.model],
            batch_multiplier=each.batch_multiplier,
            source=each.source,
            checked_on=each.checked_on,
            not_mapped=each.not_mapped,
        )
        for each in models
    ]
