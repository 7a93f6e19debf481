"""The overview: where the company stands today and this month, what moved, and each client in a line."""

from django.db.models import Count, QuerySet, Subquery, Value
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.models import UsageEvent
from billing.periods import today_in
from billing.reports.budgets import standings
from billing.reports.costs import cost_of
from billing.web.alerts import alerts_of
from billing.web.budget_rows import seen_by
from billing.web.charts import stacked_bars
from billing.web.clients import PROJECTS
from billing.web.company import (
    BARS,
    HIGH,
    WIDE,
    Whole,
    client_rows,
    company_stats,
    month_budget,
    top_movers,
    without_price,
)
from billing.web.figures import Figure, spend_points
from billing.web.first import NEVER, NOT_NOW, first_event
from billing.web.words import chart_summary
from tenants.access import EVERYONE, page
from tenants.models import Client
from tenants.web.requests import PageRequest


@page(EVERYONE)
@require_safe
def overview(request: PageRequest) -> HttpResponse:
    """It has no range: it is about now. A client viewer is taken to the one page that is theirs."""
    tenant, viewer_of = request.access.tenant, request.access.client
    if viewer_of is not None:
        return redirect("client", tenant.slug, viewer_of.slug)
    today = today_in(tenant.timezone, now=timezone.now())
    whole = Whole.find(today)
    context = {"section": "overview", "month": whole.period, "as_of": whole.as_of}
    if whole.is_empty:
        return render(request, "billing/overview.html", context | way_to_begin(request))
    clients = list(clients_and_alerts(request))
    names = {each.slug: each.name for each in clients}
    found = standings(seen_by(request.access), today=today)
    context |= {
        "stats": company_stats(
            whole,
            budget=month_budget(found),
            zone=tenant.timezone,
            alerts=clients[0].open_alerts or 0,  # type: ignore[attr-defined]
            alerts_url=reverse("alerts", args=[tenant.slug]) + "?show=open",
        ),
        "unpriced": cost_of(whole.month.values()).unpriced_events,
        "figure": figure_of(whole, names=names),
        "movers": top_movers(whole),
        "unpriced_now": without_price(whole.projects),
        "unpriced_before": without_price(whole.projects_before),
        "projects": {one["slug"]: one["name"] for each in clients for one in each.listed},  # type: ignore[attr-defined]
        "rows": client_rows(
            whole,
            names=names,
            owners={each.slug: str(each.owner) for each in clients if each.owner},
            standings=found,
            archived={each.slug for each in clients if each.archived_at},
        ),
        "spark": f"0 0 {BARS * WIDE} {HIGH}",
    }
    return render(request, "billing/overview.html", context)


def clients_and_alerts(request: PageRequest) -> QuerySet[Client]:
    """Every client with owner and projects; beside each, in the same query, how many alerts are open."""
    is_open = alerts_of(request.access).filter(acknowledged_at=None).order_by()
    count = is_open.values(all=Value(1)).annotate(count=Count("pk")).values("count")
    clients = Client.objects.select_related("owner")
    return clients.annotate(listed=PROJECTS, open_alerts=Subquery(count))


def figure_of(whole: Whole, *, names: dict[str, str]) -> Figure:
    points = spend_points(whole.recent, key="client", names=names, periods=whole.bars.days)
    chart = stacked_bars(points, unit="day")
    title = f"Daily spend, last {BARS} days"
    return Figure("spend", title, whole.bars.label, chart_summary(chart), chart)


def way_to_begin(request: PageRequest) -> dict[str, object]:
    return first_event(request, title=NOT_NOW if UsageEvent.objects.exists() else NEVER)
