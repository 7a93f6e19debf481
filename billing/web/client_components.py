"""The page of one client's components: what its prompts and answers cost, by day and by project."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.reports.spend import spend
from billing.web.clients import PROJECTS, booked_table
from billing.web.components import component_context, component_unit, counted_once
from billing.web.ranges import asked_range
from tenants.access import EVERYONE, page
from tenants.models import Client
from tenants.web.requests import PageRequest


@page(EVERYONE)
@require_safe
def client_components(request: PageRequest, client: str) -> HttpResponse:
    """A client who is shown no prices is led to the own page."""
    tenant = request.access.tenant
    found = get_object_or_404(Client.objects.annotate(listed=PROJECTS), slug=client)
    asked = asked_range(request, zone=tenant.timezone, now=timezone.now())
    keys = ("project", "component")
    now = spend(asked.days, granularity="total", group_by=keys, client=client, seen_by=found)
    if not now.total.shows_money:
        return redirect("client", tenant.slug, client)
    before = spend(
        asked.before, granularity="total", group_by=("project",), client=client, seen_by=found
    )
    names = {each["slug"]: each["name"] for each in found.listed}  # type: ignore[attr-defined]
    table = booked_table(
        "project", counted_once(now), before, tenant=tenant, names=names, title="Projects"
    )
    whose = "your" if request.access.is_viewer else "this client's"
    bars = spend(
        asked.days,
        granularity=component_unit(asked),
        group_by=("component",),
        client=client,
        seen_by=found,
    )
    context = component_context(now, asked=asked, whose=whose, bars=bars) | {
        "section": "clients",
        "client": found,
        "range": asked.picker,
        "table": table,
        "as_of": now.as_of,
    }
    return render(request, "billing/components.html", context, status=asked.status)
