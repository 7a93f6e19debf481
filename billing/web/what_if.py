"""The what-if page: what past calls had cost with another model, lifetime, batch, place or price."""

from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.flow.book import price_book
from billing.flow.change import Change
from billing.flow.price import PriceBook
from billing.flow.price_book import PriceBookError
from billing.flow.tokenizer import is_comparable
from billing.models import UsageEvent, WhatIfRun
from billing.money import ZERO, dollars, plain, ratio, total
from billing.periods import DayRange
from billing.reports.what_if import PAGE_EVENTS, Compared, WhatIf, what_if, without_days
from billing.reports.what_if_query import RATES, SETTINGS, ChangeError, change_of
from billing.templatetags.figures import CLASS_NAMES, count, difference, signed_percent
from billing.web.calculator_form import models_on
from billing.web.first import NEVER, first_event
from billing.web.pairs import Pair, Pairs, pair_bars
from billing.web.ranges import asked_range, kept_range
from billing.web.stats import Stat
from tenants.access import STAFF, page
from tenants.models import Project
from tenants.web.requests import PageRequest

QUESTIONS = (
    ("Prices halve", {"per_cent": "-50"}),
    ("Nothing was cached", {"caching": "off"}),
    ("Every cache write lives an hour", {"caching": "1h"}),
    ("All calls in batches", {"batch": "1"}),
    ("US inference", {"us": "1"}),
)
CACHING_WORDS = {
    "off": "nothing cached",
    "5m": "every write for 5 minutes",
    "1h": "every write for 1 hour",
}
MOST_DAYS = 92
"""More days than this are drawn as months."""
TOO_FINE = "A price changed by that much is finer than 18 decimals."


@dataclass(frozen=True, slots=True)
class RateField:
    name: str
    label: str
    value: str


def runs_lately() -> list[tuple[WhatIfRun, list[str]]]:
    """The newest questions that a worker answered or answers, with their words."""
    return [(run, question_words(change_of(run.settings))) for run in WhatIfRun.objects.all()[:10]]


@page(STAFF)
@require_safe
def what_if_page(request: PageRequest) -> HttpResponse:
    """`?model=…&range=…`: the address is the question. Without one, questions to begin with."""
    now, tenant = timezone.now(), request.access.tenant
    keep = (*SETTINGS, "client", "project")
    asked = asked_range(request, zone=tenant.timezone, now=now, keep=keep)
    kept, book = kept_range(request), price_book()
    projects = list(Project.objects.values_list("slug", "name", "client__slug", "client__name"))
    context: dict[str, object] = {
        "section": "calculator",
        "range": asked.picker,
        "typed": request.GET,
        "kept": kept,
        "rates": [
            RateField(name, CLASS_NAMES[name.removeprefix("rate_")], request.GET.get(name, ""))
            for name in RATES
        ],
        "has_rates": any(request.GET.get(name) for name in RATES),
        "models": models_on(book, now=now),
        "questions": [(text, urlencode(dict(kept) | asks)) for text, asks in QUESTIONS],
        "clients": sorted({(of, name) for _, _, of, name in projects}, key=itemgetter(1)),
        "asked": {"since": asked.days.since, "until": asked.days.until},
        "projects": [(slug, name) for slug, name, _, _ in projects],
    }
    status = asked.status
    try:
        change = change_of(request.GET)
        if not change.is_none:
            context |= _found(request, change, asked.days, book)
            context["kept_settings"] = [(name, request.GET.get(name, "")) for name in keep]
        else:
            context["runs"] = runs_lately()
            if not context["runs"] and not UsageEvent.objects.exists():
                context |= first_event(request, title=NEVER)
    except ChangeError as error:
        context["error"], status = f"{error.field}: {error.detail}", 422
    except PriceBookError:
        context["error"], status = TOO_FINE, 422
    return render(request, "billing/what_if.html", context, status=status)


def _found(
    request: PageRequest, change: Change, days: DayRange, book: PriceBook
) -> dict[str, object]:
    query = request.GET
    found = what_if(
        days,
        change,
        now=timezone.now(),
        client=query.get("client", ""),
        project=query.get("project", ""),
        book=book,
        most=PAGE_EVENTS,
    )
    return shown(found)


def shown(found: WhatIf) -> dict[str, object]:
    """What pages show of an answer."""
    return {
        "found": found,
        "stats": _stats(found),
        "words": _words(found),
        "by_client": without_days(found),
        "pairs": _pairs(found),
    }


def _pairs(found: WhatIf) -> Pairs | None:
    """The days, or from `MOST_DAYS` on the months."""
    unit = "day" if len({row.day for row in found.rows}) <= MOST_DAYS else "month"
    by_period: dict[date, list[Compared]] = {}
    for row in found.rows:
        on = row.day if unit == "day" else row.day.replace(day=1)
        by_period.setdefault(on, []).append(row)
    pairs = [
        Pair(on, total(each.old for each in rows), total(each.new for each in rows))
        for on, rows in by_period.items()
    ]
    words = f"{dollars(found.old)} paid, {dollars(found.new)} it would have been."
    names = ("Paid", "It would have been")
    title = "Day by day" if unit == "day" else "Month by month"
    return pair_bars(pairs, title=title, names=names, words=words, unit=unit) if pairs else None


def question_words(change: Change) -> list[str]:
    """What is asked, in a few words each."""
    of = f" of {change.of_model}" if change.of_model else ""
    words = [f"{change.model} instead{of}"] if change.model else []
    if change.caching:
        words.append(CACHING_WORDS[change.caching])
    words += ["all in batches"] * change.batch + ["all with US inference"] * change.us
    if change.per_cent:
        more = "more" if change.per_cent > 0 else "less"
        words.append(f"prices{of} {abs(change.per_cent)} % {more}")
    words += [f"{CLASS_NAMES[name].lower()}{of} at ${plain(rate)}" for name, rate in change.rates]
    return words


def _stats(found: WhatIf) -> list[Stat]:
    share = ratio(found.difference, found.old)
    tone = "" if not share else "up" if share > 0 else "down"
    events = f"{count(found.events)} events"
    return [
        Stat("Paid", dollars(found.old), events),
        Stat("It would have been", dollars(found.new), "the same calls, priced anew"),
        Stat(
            "Difference",
            difference(found.new, found.old),
            signed_percent(share) if share is not None else "",
            tone,
        ),
    ]


def _words(found: WhatIf) -> list[str]:
    """What the figures take for granted, in sentences."""
    change, words = found.change, []
    if change.model:
        words.append(f"{change.model} at today's prices, with the tokens that were counted then.")
        if not change.of_model or not is_comparable(change.of_model, change.model):
            words.append(
                "Since Claude 4.7 the same text is about 30 % more tokens: where the models count"
                " otherwise, so does this figure. Another model also answers at another length."
            )
    if change.rates:
        words.append(
            "Own rates are asked whatever a prompt's size; batches and US inference count on top,"
            " discounts do not. Classes without one keep theirs."
        )
    if change.caching in ("5m", "1h"):
        words.append("The same reads as then: how many more or fewer there had been, nobody knows.")
    if change.batch:
        words.append("Batches answer within a day, not at once.")
    if found.one_by_one:
        words.append(
            f"{count(found.one_by_one)} events were priced one by one, since sums do not tell their"
            " price; the others by sums, which is the same to the last decimal."
        )
    elif found.old != ZERO:
        words.append("Priced by the sums of each day, which is the same to the last decimal.")
    return words
