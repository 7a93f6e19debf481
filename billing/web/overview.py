"""The overview: what the whole company spends, by model or client, and which client spends it."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from billing.models import UsageEvent
from billing.reports.spend import spend
from billing.web.figures import spend_figure
from billing.web.first import first_event
from billing.web.names import model_names
from billing.web.ranges import asked_range, kept_range, tabs
from billing.web.screens import SpendScreen
from billing.web.tables import breakdown
from tenants.access import EVERYONE, page
from tenants.models import Client, Project
from tenants.web.requests import PageRequest

BY = {"model": "by model", "client": "by client"}


@page(EVERYONE)
def overview(request: PageRequest) -> HttpResponse:
    """Staff see all clients; a client viewer is taken to the one page that is theirs."""
    tenant, viewer_of = request.access.tenant, request.access.client
    if viewer_of is not None:
        return redirect("client", tenant.slug, viewer_of.slug)
    by = "client" if request.GET.get("by") == "client" else "model"
    asked = asked_range(request, zone=tenant.timezone, now=timezone.now(), keep=("by",))
    now = spend(asked.days, granularity=asked.unit, group_by=(by,))
    before = spend(asked.before, granularity="total", group_by=("client",))
    clients = now
    if by == "model" and now.rows:
        clients = spend(asked.days, granularity="total", group_by=("client",))
    names = dict(Client.objects.values_list("slug", "name"))
    shown = names if by == "client" else model_names(row.keys["model"] for row in now.rows)
    choices = tabs(BY, kept_range(request), current=by)
    context = SpendScreen(asked, now, before).context() | {
        "section": "overview",
        "figure": spend_figure(now.rows, key=by, names=shown, asked=asked, tabs=choices),
        "table": breakdown(
            "Clients",
            noun="Client",
            key="client",
            rows=clients.rows,
            before=before.rows,
            names=names,
            url=lambda slug: reverse("client", args=[tenant.slug, slug]),
        ),
    }
    if context["is_empty"] and not UsageEvent.objects.exists():
        projects = Project.objects.filter(archived_at=None).values_list("slug", flat=True)
        context |= first_event(request, projects=projects, now=timezone.now())
    return render(request, "billing/overview.html", context, status=asked.status)
