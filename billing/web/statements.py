"""Statements: the months of a client, and one as a page that prints clean; PDF is the browser's print."""

from datetime import timedelta

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.periods import today_in
from billing.reports.statement import month_of, months, statement
from billing.web.clients import LOGO, PROJECTS
from billing.web.names import model_names
from tenants.access import EVERYONE, page
from tenants.models import Client
from tenants.web.requests import PageRequest


@page(EVERYONE)
@require_safe
def statement_list(request: PageRequest, client: str) -> HttpResponse:
    found = get_object_or_404(Client, slug=client)
    today = today_in(request.access.tenant.timezone, now=timezone.now())
    context = {"section": "clients", "client": found, "months": months(found, today=today)}
    return render(request, "billing/statements.html", context)


@page(EVERYONE)
@require_safe
def statement_page(request: PageRequest, client: str, month: str) -> HttpResponse:
    """One month; staff read exactly what the client reads."""
    found = get_object_or_404(Client.objects.annotate(listed=PROJECTS, logo=LOGO), slug=client)
    today = today_in(request.access.tenant.timezone, now=timezone.now())
    days = month_of(month, today=today)
    if days is None:
        raise Http404("no such month")
    projects = {each["slug"]: each["name"] for each in found.listed}  # type: ignore[attr-defined]
    made = statement(found, days, projects=projects, today=today)
    context = {
        "section": "clients",
        "client": found,
        "statement": made,
        "names": model_names(line.name for line in made.models),
        "before": days.since - timedelta(days=1),
        "after": None if made.is_running else days.until,
    }
    return render(request, "billing/statement.html", context)
