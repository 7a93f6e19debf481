"""The price book as pages: what every model costs today, and one model's rows over time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.models import Discount
from billing.money import TOKEN_CLASSES
from billing.reports.drift import drift
from billing.reports.prices import (
    PricedModel,
    PriceLine,
    after_discount,
    discount_on,
    priced_models,
)
from billing.templatetags.figures import CLASS_NAMES
from billing.web.rates import rate_figure
from tenants.access import STAFF, page
from tenants.web.requests import PageRequest

AT_ONCE = 60
"""Models on one page; the filter finds the rest."""


@dataclass(frozen=True, slots=True)
class Sourced:
    """A line of the book and the number of its source below the table."""

    line: PriceLine
    source: int


@dataclass(frozen=True, slots=True)
class BookModel:
    model: PricedModel
    lines: tuple[Sourced, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The models of one provider, the discount on all of them, and the sources of prices, numbered from 1."""

    provider: str
    discount: Discount | None
    models: tuple[BookModel, ...]
    sources: tuple[tuple[str, date], ...]


@dataclass(frozen=True, slots=True)
class Paid:
    """What one class costs by one line today. `listed`: what the list asks, where that is another amount."""

    rate: Decimal
    listed: Decimal | None


@page(STAFF)
@require_safe
def price_list(request: PageRequest) -> HttpResponse:
    """`?search=` any part of a name. Models without a price today have none here, but a page."""
    search = request.GET.get("search", "").strip()[:200]
    models = priced_models(utc_today(), search=search)
    context = {
        "section": "prices",
        "tab": "book",
        "search": search,
        "today": utc_today(),
        "shelves": shelves(models[:AT_ONCE]),
        "more": len(models[AT_ONCE:]),
    }
    return render(request, "billing/prices.html", context)


@page(STAFF)
@require_safe
def price_model(request: PageRequest) -> HttpResponse:
    """`?provider=…&model=…`: both are free text, so they are no part of the path."""
    provider, model = request.GET.get("provider", ""), request.GET.get("model", "")
    found = priced_models(utc_today(), provider=provider, model=model) if model else []
    if not found:
        raise Http404("no such model in the book")
    priced = found[0]
    context = {
        "section": "prices",
        "priced": priced,
        "today": utc_today(),
        "paid": paid_today(priced),
        "multipliers": multipliers_words(priced.counting),
        "figure": rate_figure(priced),
    }
    return render(request, "billing/price_model.html", context)


@page(STAFF)
@require_safe
def price_drift(request: PageRequest) -> HttpResponse:
    """Where the list of the book differs from another one."""
    context = {"section": "prices", "drift": drift()}
    return render(request, "billing/price_drift.html", context)


def shelves(models: Iterable[PricedModel]) -> list[Shelf]:
    by_provider: dict[str, list[PricedModel]] = {}
    for each in models:
        by_provider.setdefault(each.provider, []).append(each)
    return [_shelf(provider, found) for provider, found in by_provider.items()]


def _shelf(provider: str, models: Sequence[PricedModel]) -> Shelf:
    sources: dict[tuple[str, date], int] = {}
    listed = []
    for each in models:
        lines = tuple(
            Sourced(
                line, sources.setdefault((line.row.source, line.row.checked_on), len(sources) + 1)
            )
            for line in each.counting
        )
        listed.append(BookModel(each, lines))
    everywhere = discount_on(models[0].discounts, "", models[0].on)
    return Shelf(provider, everywhere, tuple(listed), tuple(sources))


def paid_today(model: PricedModel) -> list[tuple[str, list[Paid]]]:
    """A row per token class; in it what each line that counts asks."""
    return [
        (CLASS_NAMES[name], [_paid(model, line, name) for line in model.counting])
        for name in TOKEN_CLASSES
    ]


def _paid(model: PricedModel, line: PriceLine, name: str) -> Paid:
    rate: Decimal = line.rates[name]
    if not line.is_agreed:
        paid = after_discount(rate, model.discount) if model.discount else rate
        return Paid(paid, rate if paid != rate else None)
    same = (line.row.speed, line.row.over_prompt_tokens)
    listed = [
        each.rates[name]
        for each in model.valid
        if not each.is_agreed and (each.row.speed, each.row.over_prompt_tokens) == same
    ]
    return Paid(rate, listed[0] if listed and listed[0] != rate else None)


def multipliers_words(lines: Iterable[PriceLine]) -> list[str]:
    """How batches and US inference are priced, a sentence for each that the standard line says."""
    base = next((line.row for line in lines if line.is_base), None)
    if base is None:
        return []
    batch, us = base.batch_multiplier, base.us_multiplier
    return [
        f"In batches × {batch.normalize():f}." if batch is not None else "Not sold in batches.",
        f"Inference in the US × {us.normalize():f}."
        if us is not None
        else "No inference in the US.",
    ]


def utc_today() -> date:
    """The day by which prices are dated."""
    return timezone.now().astimezone(UTC).date()
