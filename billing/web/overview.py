"""The overview: what the whole company spends, by model or client, and which client spends it."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.models import UsageEvent
from billing.reports.spend import spend
from billing.web.clients import booked_table
from billing.web.figures import spend_figure
from billing.web.first import NEVER, NOT_NOW, first_event
from billing.web.names import model_names
from billing.web.ranges import asked_range, kept_range, tabs
from billing.web.screens import SpendScreen
from tenants.access import EVERYONE, page
from tenants.models import Client
from tenants.web.requests import PageRequest

BY = {"model": "by model", "client": "by client"}


@page(EVERYONE)
@require_safe
def overview(request: PageRequest) -> HttpResponse:
    """Staff see all clients; a client viewer is taken to the one page that is theirs."""
    tenant, viewer_of = request.access.tenant, request.access.client
    if viewer_of is not None:
        return redirect("client", tenant.slug, viewer_of.slug)
    by = "client" if request.GET.get("by") == "client" else "model"
    asked = asked_range(request, zone=tenant.timezone, now=timezone.now(), keep=("by",))
    now = spend(asked.days, granularity=asked.unit, group_by=(by,))
    screen = SpendScreen(asked, now, spend(asked.before, granularity="total", group_by=("client",)))
    context = screen.context() | {"section": "overview"}
    if screen.is_empty:
        return render(request, "billing/overview.html", context | way_to_begin(request))
    totals = now
    if by != "client":
        totals = spend(asked.days, granularity="total", group_by=("client",))
    clients = dict(Client.objects.values_list("slug", "name"))
    names = clients if by == "client" else model_names(row.keys["model"] for row in now.rows)
    choices = tabs(BY, kept_range(request), current=by)
    context |= {
        "figure": spend_figure(now.rows, key=by, names=names, asked=asked, tabs=choices),
        "table": booked_table(
            "client", totals, screen.before, tenant=tenant, names=clients, title="Clients"
        ),
    }
    return render(request, "billing/overview.html", context, status=asked.status)


def way_to_begin(request: PageRequest) -> dict[str, object]:
    return first_event(request, title=NOT_NOW if UsageEvent.objects.exists() else NEVER)
