"""Settings of a company: name and week, time zone, for how long events are kept; and the way to the rest."""

from http import HTTPStatus

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from billing.actions import change_timezone, set_retention
from billing.flow.retention import kept_months, kept_since
from billing.flow.zone import progress
from billing.models import Horizon
from billing.reports.keeping import would_go
from billing.web.settings_forms import CompanyForm, KeepForm, ZoneForm
from tenants.access import MANAGERS, page
from tenants.actions import ActionError
from tenants.company import change_company
from tenants.web.requests import PageRequest


@page(MANAGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: PageRequest) -> HttpResponse:
    """All of it on one page; POST changes name and week."""
    form = CompanyForm(request.POST or None, initial=_company(request))
    if form.is_valid():
        try:
            change_company(actor=request.access.user, **form.cleaned_data)
        except ActionError as error:
            form.add_error(error.field if error.field in form.fields else None, error.detail)
        else:
            messages.success(request, "Saved.")
            return redirect("settings", request.access.tenant.slug)
    return _shown(request, company=form)


@page(MANAGERS)
@require_POST
def zone(request: PageRequest) -> HttpResponse:
    """Begin the move to another time zone; workers do it, the page shows how far they are."""
    form = ZoneForm(request.POST)
    if form.is_valid():
        try:
            change_timezone(form.cleaned_data["timezone"], actor=request.access.user)
        except ActionError as error:
            form.add_error("timezone", error.detail)
        else:
            return redirect("settings", request.access.tenant.slug)
    return _shown(request, zone=form)


@page(MANAGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def retention(request: PageRequest) -> HttpResponse:
    """`?months=12` shows what would go; POST with the tick that says so sets it. Empty: for ever."""
    form = KeepForm(request.POST or request.GET)
    if not form.is_valid():
        return _shown(request, keep=form)
    months = form.cleaned_data["months"]
    is_sure = months is None or form.cleaned_data["sure"]
    if request.method == "POST" and is_sure:
        set_retention(months, actor=request.access.user)
        messages.success(request, "Saved. Nothing goes before the coming night.")
        return redirect("settings", request.access.tenant.slug)
    preview = would_go(months, now=timezone.now()) if months else None
    context = {"section": "settings", "months": months, "preview": preview}
    context["is_unsure"] = request.method == "POST"
    status = HTTPStatus.UNPROCESSABLE_ENTITY if context["is_unsure"] else HTTPStatus.OK
    return render(request, "billing/retention.html", context, status=status)


def _company(request: PageRequest) -> dict[str, object]:
    tenant = request.access.tenant
    return {"name": tenant.name, "week_starts_on": tenant.week_starts_on}


def _shown(
    request: PageRequest,
    *,
    company: forms.Form | None = None,
    zone: forms.Form | None = None,
    keep: forms.Form | None = None,
) -> HttpResponse:
    """The page with its three forms, one of which may have been sent and be wrong."""
    sent = [each for each in (company, zone, keep) if each is not None and each.is_bound]
    months, horizon = kept_months(), Horizon.objects.first()
    moved = progress()
    context = {
        "section": "settings",
        "company": company or CompanyForm(initial=_company(request)),
        "zone_form": zone or ZoneForm(initial={"timezone": request.access.tenant.timezone}),
        "keep": keep or KeepForm(initial={"months": months}),
        "moving": moved if moved and not moved.is_done else None,
        "months": months,
        "since": kept_since(months, now=timezone.now()) if months else None,
        "horizon": horizon,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if sent else HTTPStatus.OK
    return render(request, "billing/settings.html", context, status=status)
