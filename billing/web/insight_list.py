"""Insights on pages: what would save most, the events behind it, tasks, long prompts; and answers."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from billing.flow.doorbell import ring
from billing.insights.evidence import breaks_by_day, broken_calls, task_statistics
from billing.insights.notes import answer, can_wait
from billing.insights.ranked import CAUSE_NAMES, FIXES, Found, found_sums, month_to, ranked
from billing.models import InsightDay, Patient
from billing.models.insights import SumKind
from billing.money import ZERO, dollars, ratio, total
from billing.periods import DayRange, today_in
from billing.web.charts import Point, stacked_bars
from billing.web.figures import Figure
from tenants.access import FINANCE, STAFF, page
from tenants.actions import ActionError
from tenants.web.requests import PageRequest

WASTED = "Wasted"
MOST = 20
"""Insights on the page, of each kind: the rest saves less. The API has them all."""


def _days(request: PageRequest) -> DayRange:
    """The last thirty days, today among them."""
    return month_to(today_in(request.access.tenant.timezone, now=timezone.now()))


@page(STAFF)
@require_safe
def insight_list(request: PageRequest) -> HttpResponse:
    patient = list(Patient.objects.order_by("dimension", "value"))
    found = ranked(today=_days(request).last, patient=patient)
    context = {
        "section": "insights",
        "tab": "list",
        "open": [each for each in found if not each.state][:MOST],
        "answered": [each for each in found if each.state][:MOST],
        "patient": patient,
        "looked": bool(found) or InsightDay.objects.exists(),
    }
    return render(request, "billing/insights.html", context)


@page(FINANCE)
@require_POST
def insight_answer(request: PageRequest) -> HttpResponse:
    try:
        answer(
            request.POST.get("insight", ""),
            state=request.POST.get("state", ""),
            actor=request.access.user,
            now=timezone.now(),
        )
    except ActionError as error:
        messages.error(request, error.detail)
    return redirect("insights", request.access.tenant.slug)


@page(FINANCE)
@require_POST
def insight_patience(request: PageRequest) -> HttpResponse:
    try:
        can_wait(
            request.POST.get("dimension", ""),
            request.POST.get("value", "").strip(),
            wait=request.POST.get("wait", "") == "1",
            actor=request.access.user,
            now=timezone.now(),
        )
    except ActionError as error:
        messages.error(request, error.detail)
    return redirect("insights", request.access.tenant.slug)


@page(FINANCE)
@require_POST
def insight_again(request: PageRequest) -> HttpResponse:
    """Look at what has changed now, without waiting for the night."""
    tenant = request.access.tenant
    transaction.on_commit(lambda: ring(tenant.pk, task="insights_of_tenant"))
    messages.success(request, "Looking. What is found appears here in a minute or so.")
    return redirect("insights", tenant.slug)


@page(STAFF)
@require_safe
def insight_breaks(request: PageRequest) -> HttpResponse:
    """By project and cause with the thirty days before beside them; then the events that wasted most."""
    days = _days(request)
    project, cause = request.GET.get("project", ""), request.GET.get("cause", "")
    before = found_sums(days.previous(), kinds=[SumKind.BREAK], project=project)
    wasted = breaks_by_day(days, project=project, cause=cause)
    context = {
        "figure": wasted_figure(wasted, days=days) if wasted else None,
        "looked": bool(wasted) or InsightDay.objects.exists(),
        "section": "insights",
        "tab": "breaks",
        "days": days,
        "rows": break_rows(found_sums(days, kinds=[SumKind.BREAK], project=project), before),
        "calls": broken_calls(days, project=project, cause=cause) if wasted else [],
        "names": CAUSE_NAMES,
        "is_narrow": bool(project or cause),
    }
    return render(request, "billing/insight_breaks.html", context)


@page(STAFF)
@require_safe
def insight_tasks(request: PageRequest) -> HttpResponse:
    days = _days(request)
    kinds = [SumKind.BAND, SumKind.TURN, SumKind.STREAMED, SumKind.TRIM]
    sums = found_sums(days, kinds=kinds)
    context = {
        "section": "insights",
        "tab": "tasks",
        "days": days,
        "tasks": task_statistics(days),
        "bands": sum_rows(sums, SumKind.BAND),
        "turns": sum_rows(sums, SumKind.TURN),
        "streams": sum_rows(sums, SumKind.STREAMED),
        "trims": trim_rows(sums),
    }
    return render(request, "billing/insight_tasks.html", context)


def wasted_figure(wasted: Mapping[date, Decimal], *, days: DayRange) -> Figure:
    """A bar per day: what its breaks cost more than reading had."""
    points = [Point(on=day, amounts={WASTED: wasted.get(day, ZERO)}) for day in days.days]
    worst = max(wasted, key=lambda day: wasted[day])
    return Figure(
        id="breaks",
        title="Wasted by day",
        label=days.label,
        words=f"{dollars(total(wasted.values()))} in all; most on {worst:%a} {worst.day} {worst:%b},"
        f" {dollars(wasted[worst])}.",
        chart=stacked_bars(points, unit="day"),
    )


def break_rows(now: list[Found], before: list[Found]) -> list[dict[str, object]]:
    """A row per project and cause, what wasted most first."""
    groups: dict[tuple[str, str], list[Found]] = {}
    earlier: dict[tuple[str, str], list[Decimal]] = {}
    for each in before:
        earlier.setdefault((each.project, each.label), []).append(each.saving)
    for each in now:
        groups.setdefault((each.project, each.label), []).append(each)
    rows = sorted(groups.items(), key=lambda item: (-total(e.saving for e in item[1]), item[0]))
    return [
        {
            "project": project,
            "cause": cause,
            "name": CAUSE_NAMES[cause],
            "fix": FIXES[cause],
            "events": sum(each.events for each in found),
            "tokens": sum(each.tokens for each in found),
            "wasted": total(each.saving for each in found),
            "before": total(earlier.get((project, cause), ())),
        }
        for (project, cause), found in rows
    ]


def trim_rows(sums: list[Found]) -> list[dict[str, object]]:
    """All projects together: for each limit what prompts above it cost, and would have cost less."""
    groups: dict[int, list[Found]] = {}
    for each in sums:
        if each.kind == SumKind.TRIM:
            groups.setdefault(int(each.label), []).append(each)
    return [
        {
            "limit": limit,
            "events": sum(each.events for each in found),
            "cost": total(each.cost for each in found),
            "saving": total(each.saving for each in found),
        }
        for limit, found in sorted(groups.items())
    ]


def sum_rows(sums: list[Found], kind: SumKind) -> list[dict[str, object]]:
    """All projects together, a row per label, with its share of the whole."""
    groups: dict[str, list[Found]] = {}
    for each in sums:
        if each.kind == kind:
            groups.setdefault(each.label, []).append(each)
    whole = total(each.cost for found in groups.values() for each in found)
    rows = []
    for label, found in sorted(groups.items(), key=lambda item: (len(item[0]), item[0])):
        cost, events = total(each.cost for each in found), sum(each.events for each in found)
        tokens = sum(each.tokens for each in found)
        rows.append(
            {
                "label": f"{int(label):,}" if label.isdigit() else label,
                "events": events,
                "cost": cost,
                "share": ratio(cost, whole),
                "each": ratio(cost, events),
                "tokens": tokens // events if events else 0,
            }
        )
    return rows
