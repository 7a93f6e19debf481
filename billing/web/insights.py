"""Insights on pages: what caching is worth, where it breaks, what tasks and long prompts cost."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.insights.caching import by_day, by_project_and_model, caching
from billing.insights.ranked import Found, found_sums, month_to
from billing.models.insights import SumKind
from billing.money import ZERO, dollars, total
from billing.reports.measures import Measures
from billing.templatetags.figures import percent, times
from billing.web.charts import Point, stacked_bars
from billing.web.figures import Figure
from billing.web.names import model_names
from billing.web.ranges import Asked, asked_range
from billing.web.stats import Stat, saving_stat
from tenants.access import STAFF, page
from tenants.models import Project
from tenants.web.requests import PageRequest

PAID, SAVED = "Paid", "Saved by caching"


@page(STAFF)
@require_safe
def insight_caching(request: PageRequest) -> HttpResponse:
    asked = asked_range(request, zone=request.access.tenant.timezone, now=timezone.now())
    report = caching(asked.days)
    rows = by_project_and_model(report.rows)
    context = {
        "section": "insights",
        "tab": "caching",
        "range": asked.picker,
        "stats": caching_stats(report.total),
        "figure": caching_figure(by_day(report.rows), asked=asked),
        "rows": rows,
        "total": report.total,
        "projects": dict(Project.objects.values_list("slug", "name")),
        "models": model_names(each.model for each in rows),
        "lifetimes": lifetimes(today=asked.today),
        "as_of": report.as_of,
    }
    return render(request, "billing/insight_caching.html", context, status=asked.status)


def lifetimes(*, today: date) -> list[Found]:
    """Of the last thirty days: all writes for the other lifetime, by the pauses that there were."""
    sums = found_sums(month_to(today), kinds=[SumKind.LIFETIME])
    return sorted(
        (each for each in sums if each.tokens and each.saving), key=lambda each: -each.saving
    )


def caching_stats(total: Measures) -> list[Stat]:
    is_partial = total.unpriced_events > 0
    return [
        saving_stat(total),
        Stat("Paid", dollars(total.cost), at_least=is_partial),
        Stat("Had nothing been cached", dollars(total.cost_uncached), at_least=is_partial),
        Stat("Input read from the cache", percent(total.cache_hit_rate)),
    ]


def caching_figure(days: dict[date, Measures], *, asked: Asked) -> Figure:
    """A bar is what nothing cached had cost: the part that was paid and the part that was saved.

    On a day on which caching did not pay the bar is what was paid.
    """
    by_bar: dict[date, list[Measures]] = {}
    unit = "month" if asked.unit == "month" else "day"
    for day in asked.days.days:
        bar = by_bar.setdefault(day.replace(day=1) if unit == "month" else day, [])
        if day in days:
            bar.append(days[day])
    points = [
        Point(
            on=on,
            amounts={PAID: total(each.cost for each in found), SAVED: _saved(found)},
            at_least=any(each.unpriced_events for each in found),
        )
        for on, found in by_bar.items()
    ]
    return Figure(
        id="caching",
        title=f"{'Monthly' if unit == 'month' else 'Daily'} cost with and without the cache",
        label=asked.days.label,
        words=caching_words(days),
        chart=stacked_bars(points, unit=unit),
    )


def caching_words(days: dict[date, Measures]) -> str:
    """What a bar means, and the days on which caching did not pay."""
    tried = {day: each for day, each in days.items() if each.multiplier is not None}
    if not tried:
        return "Nothing in this range has a price."
    saving = total(each.saving for each in tried.values())
    if not any(each.saving for each in tried.values()):
        return "No call used the cache: a bar is what was paid."
    best = max(tried, key=lambda day: tried[day].multiplier or ZERO)
    lost = [day for day, each in tried.items() if each.saving < 0]
    said = (
        f"Without the cache the same calls had cost {dollars(saving)} more." if saving > 0 else ""
    )
    said += f" Best day: {best:%a} {best.day} {best:%b}, {times(tried[best].multiplier)} cheaper."
    if lost:
        cost = total(-tried[day].saving for day in lost)
        on = "1 day" if len(lost) == 1 else f"{len(lost)} days"
        said += f" On {on} the cache cost {dollars(cost)} more than it saved."
    return said.strip()


def _saved(parts: Iterable[Measures]) -> Decimal:
    return max(ZERO, total(each.saving for each in parts))
