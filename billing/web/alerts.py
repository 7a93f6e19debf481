"""Alerts: the inbox, one alert, and what people do about it: acknowledge, or put off."""

from datetime import date, timedelta

from django import forms
from django.contrib import messages
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from billing.flow.acknowledge import LONGEST_NOTE, acknowledge, snooze
from billing.models import Alert
from billing.periods import day_of, start_of, today_in
from tenants.access import STAFF, Access, page
from tenants.web.requests import PageRequest

PER_PAGE = 50
LONGEST_SNOOZE = 366


class AcknowledgeForm(forms.Form):
    note = forms.CharField(
        required=False,
        max_length=LONGEST_NOTE,
        help_text="What you will do about it. It stays with the alert.",
    )


class SnoozeForm(forms.Form):
    until = forms.DateField(
        label="Tell me again on", widget=forms.DateInput(attrs={"type": "date"})
    )


def alerts_of(access: Access) -> QuerySet[Alert]:
    """Finance sees all; a member those of the own budgets."""
    found = Alert.objects.select_related("budget", "budget__owner", "acknowledged_by")
    if access.is_finance:
        return found
    return found.filter(Q(budget__owner=access.user) | Q(budget__deputy=access.user))


def entries(alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    """One for each message: thresholds that were told together are named together in its words."""
    higher = Alert.objects.filter(
        **{name: OuterRef(name) for name in ("budget", "version", "since", "kind", "made_at")},
        threshold__gt=OuterRef("threshold"),
    )
    return alerts.exclude(Exists(higher))


@page(STAFF)
@require_safe
def alert_list(request: PageRequest) -> HttpResponse:
    """The newest alerts; `?show=open` those that nobody has acknowledged; `?before=` goes on."""
    found, is_open = entries(alerts_of(request.access)), request.GET.get("show") == "open"
    if is_open:
        found = found.filter(acknowledged_at=None)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 10:
        found = found.filter(pk__lt=int(before))
    rows = list(found[: PER_PAGE + 1])
    context = {
        "section": "alerts",
        "alerts": rows[:PER_PAGE],
        "is_open": is_open,
        "is_first": not before,
        "older": f"{'show=open&' if is_open else ''}before={rows[PER_PAGE - 1].pk}"
        if len(rows) > PER_PAGE
        else "",
    }
    return render(request, "billing/alerts.html", context)


@page(STAFF)
@require_safe
def alert_page(request: PageRequest, alert: int) -> HttpResponse:
    found = get_object_or_404(alerts_of(request.access), pk=alert)
    context = {
        "section": "alerts",
        "alert": found,
        "form": AcknowledgeForm(),
        "snooze_form": SnoozeForm(),
    }
    return render(request, "billing/alert.html", context)


@page(STAFF)
@require_POST
def alert_acknowledge(request: PageRequest, alert: int) -> HttpResponse:
    found = get_object_or_404(alerts_of(request.access), pk=alert)
    form = AcknowledgeForm(request.POST)
    if not form.is_valid():
        context = {"section": "alerts", "alert": found, "form": form, "snooze_form": SnoozeForm()}
        return render(request, "billing/alert.html", context, status=422)
    note = form.cleaned_data["note"]
    if acknowledge(found, actor=request.access.user, note=note, now=timezone.now()):
        messages.success(request, "Acknowledged.")
    else:
        messages.info(request, f"{found.acknowledged_label} had acknowledged it already.")
    return redirect("alert", request.access.tenant.slug, found.pk)


@page(STAFF)
@require_POST
def alert_snooze(request: PageRequest, alert: int) -> HttpResponse:
    found = get_object_or_404(alerts_of(request.access), pk=alert)
    zone = request.access.tenant.timezone
    day = snooze_day(request.POST.get("until", ""), today=today_in(zone, now=timezone.now()))
    if day is None:
        messages.error(request, "Choose a day after today, within a year.")
    elif snooze(found, actor=request.access.user, until=start_of(day, timezone=zone)):
        messages.success(request, f"Nothing more of it until {day.day} {day:%b %Y}.")
    else:
        messages.info(request, f"{found.acknowledged_label} had acknowledged it already.")
    return redirect("alert", request.access.tenant.slug, found.pk)


def snooze_day(text: str, *, today: date) -> date | None:
    """A day to come, within a year; None for anything else."""
    day = day_of(text)
    if day is None or not today < day <= today + timedelta(days=LONGEST_SNOOZE):
        return None
    return day
