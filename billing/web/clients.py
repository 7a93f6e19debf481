"""Clients: their list, and the page of one client's daily spend, seen by staff and by the client."""

from collections.abc import Iterable, Mapping
from typing import Literal

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.reports.beside import spend_beside
from billing.reports.budgets import standings
from billing.reports.measures import SpendReport
from billing.reports.spend import spend
from billing.web.budget_rows import BudgetRow, budget_row, seen_by
from billing.web.client_terms import client_panel
from billing.web.components import is_split
from billing.web.figures import spend_figure
from billing.web.first import first_event
from billing.web.names import model_names
from billing.web.ranges import Asked, asked_range
from billing.web.screens import SpendScreen
from billing.web.tables import Breakdown, breakdown
from billing.web.usage import usage_context, usage_table
from tenants.access import EVERYONE, STAFF, page
from tenants.models import Client, Logo, Project, Tenant
from tenants.web.requests import PageRequest

PROJECTS = ArraySubquery(
    Project.objects.filter(client_id=OuterRef("pk")).values(
        named=JSONObject(slug="slug", name="name")
    )
)
"""The names of a client's projects, in the query that finds the client."""
LOGO = Subquery(Logo.objects.filter(client_id=OuterRef("pk")).values("digest"))
"""Likewise the address of its logo."""


@page(STAFF)
@require_safe
def client_list(request: PageRequest) -> HttpResponse:
    tenant = request.access.tenant
    asked = asked_range(request, zone=tenant.timezone, now=timezone.now())
    now = spend(asked.days, granularity="total", group_by=("client",))
    before = spend(asked.before, granularity="total", group_by=("client",))
    every = list(Client.objects.select_related("owner"))
    table = booked_table(
        "client",
        now,
        before,
        tenant=tenant,
        names={each.slug: each.name for each in every},
        details={each.slug: said_of(each) for each in every},
        listed=[each.slug for each in every if each.archived_at is None],
    )
    context = {"section": "clients", "range": asked.picker, "table": table, "as_of": now.as_of}
    context["archived"] = [each for each in every if each.archived_at]
    return render(request, "billing/clients.html", context, status=asked.status)


@page(EVERYONE)
@require_safe
def client_page(request: PageRequest, client: str) -> HttpResponse:
    """A client viewer meets 404 on every client but the own one: the scope shows no other."""
    tenant = request.access.tenant
    clients = Client.objects.annotate(listed=PROJECTS, logo=LOGO, is_split=is_split("client_id"))
    if not request.access.is_viewer:  # who is shown no people
        clients = clients.select_related("owner")
    found = get_object_or_404(clients, slug=client)
    asked = asked_range(request, zone=tenant.timezone, now=timezone.now())
    now, before = _both(asked, found)
    projects = {each["slug"]: each["name"] for each in found.listed}  # type: ignore[attr-defined]
    if not now.total.shows_money:
        return client_usage(request, found, asked, now, before, projects=projects)
    screen = SpendScreen(asked, now, before, is_viewer=request.access.is_viewer)
    context = screen.context() | {"section": "clients", "client": found}
    if request.access.is_viewer:
        context["budgets"] = shared_budgets(request, asked)
    else:
        context["panel"] = client_panel(found, now.total, today=asked.today)
    if screen.is_empty:
        context |= first_event(request)
        return render(request, "billing/client.html", context, status=asked.status)
    models = model_names(row.keys["model"] for row in now.rows)
    context |= {
        "figure": spend_figure(now.rows, key="model", names=models, asked=asked),
        "tables": [
            booked_table("project", now, before, tenant=tenant, names=projects, title="Projects"),
            breakdown("Models", noun="Model", key="model", rows=now.rows, names=models, exact=True),
        ],
    }
    return render(request, "billing/client.html", context, status=asked.status)


def _both(asked: Asked, client: Client) -> tuple[SpendReport, SpendReport]:
    """The range and the one before it: where both are days, in one query."""
    keys, slug = ("project", "model"), client.slug
    if asked.unit == "day":
        return spend_beside(asked.days, asked.before, group_by=keys, client=slug, seen_by=client)
    now = spend(asked.days, granularity=asked.unit, group_by=keys, client=slug, seen_by=client)
    before = spend(
        asked.before, granularity="total", group_by=("project",), client=slug, seen_by=client
    )
    return now, before


def shared_budgets(request: PageRequest, asked: Asked) -> list[BudgetRow]:
    """What the agency shares, as it stands now; not beside hours of one day or months of long ranges."""
    if asked.unit != "day":
        return []
    found = standings(seen_by(request.access), today=asked.today)
    return [budget_row(each, today=asked.today) for each in found]


def client_usage(
    request: PageRequest,
    client: Client,
    asked: Asked,
    now: SpendReport,
    before: SpendReport,
    *,
    projects: Mapping[str, str],
) -> HttpResponse:
    """The page of a client who is shown no prices."""
    models = model_names(row.keys["model"] for row in now.rows)
    slug = request.access.tenant.slug
    urls = {each: reverse("project", args=[slug, each]) for each in projects}
    tables = [
        usage_table("Projects", key="project", rows=now.rows, names=projects, urls=urls),
        usage_table("Models", key="model", rows=now.rows, names=models),
    ]
    context = usage_context(asked, now, before, key="model", names=models, tables=tables)
    context |= {"section": "clients", "title": "Your usage", "client": client}
    return render(request, "billing/usage.html", context, status=asked.status)


def said_of(named: Client | Project) -> str:
    """What stands under its name in a list: that it is out of use, or who answers for it."""
    return "archived" if named.archived_at else str(named.owner or "")


def booked_table(
    key: Literal["client", "project"],
    now: SpendReport,
    before: SpendReport,
    *,
    tenant: Tenant,
    names: Mapping[str, str],
    title: str = "",
    listed: Iterable[str] | None = None,
    details: Mapping[str, str] | None = None,
) -> Breakdown:
    """Spend per client or project, each with a link to its page.

    Those without spend are in it as well: all names, or the ones of `listed`.
    """
    return breakdown(
        title,
        noun=key.capitalize(),
        key=key,
        rows=now.rows,
        before=before.rows,
        names=names,
        url=lambda slug: reverse(key, args=[tenant.slug, slug]),
        listed=names if listed is None else listed,
        details=details,
    )
