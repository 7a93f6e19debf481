"""The overview: where the company stands today and this month, what moved, and each client in a line."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Case, Count, QuerySet, Subquery, Value, When
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.models import Scenario, UsageEvent
from billing.periods import today_in
from billing.reports.budgets import Standing, standings
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
from billing.web.stats import Stat
from billing.web.supposed import calls_aside, latest_of, month_words, with_latest
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
    budgets = list(with_latest(seen_by(request.access)))
    latest = latest_of(budgets)
    clients = list(clients_and_more(request, latest=latest, today=today))
    names = {each.slug: each.name for each in clients}
    found = standings(budgets, today=today)
    context |= {
        "stats": stats_of(request, whole, standings=found, beside=clients[0], latest=latest),
        "unpriced": whole.spent.unpriced_events,
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


def stats_of(
    request: PageRequest,
    whole: Whole,
    *,
    standings: Sequence[Standing],
    beside: Client,
    latest: Scenario | None,
) -> list[Stat]:
    """The figures at the top. `beside`: the first client, with what `clients_and_more` found with it."""
    slug, budget = request.access.tenant.slug, month_budget(standings)
    heading, supposed = whole.forecast(budget), ""
    if heading and latest:
        supposed = month_words(latest, heading, whole=whole, calls=getattr(beside, "calls", None))
    return company_stats(
        whole,
        budget=budget,
        heading=heading,
        zone=request.access.tenant.timezone,
        alerts=beside.open_alerts or 0,  # type: ignore[attr-defined]
        alerts_url=reverse("alerts", args=[slug]) + "?show=open",
        supposed=supposed,
        supposed_url=reverse("scenario", args=[slug, latest.pk]) if latest else "",
    )


def clients_and_more(
    request: PageRequest, *, latest: Scenario | None, today: date
) -> QuerySet[Client]:
    """Every client with owner and projects; beside each, in the same query, how many alerts are open, and
    beside the first the calls that a scenario is made of."""
    is_open = alerts_of(request.access).filter(acknowledged_at=None).order_by()
    count = is_open.values(all=Value(1)).annotate(count=Count("pk")).values("count")
    clients = Client.objects.select_related("owner")
    clients = clients.annotate(listed=PROJECTS, open_alerts=Subquery(count))
    calls = calls_aside(latest, today=today) if latest else None
    if calls is None:
        return clients
    first = Subquery(Client.objects.values("pk")[:1])
    return clients.annotate(calls=Case(When(pk=first, then=calls)))


def figure_of(whole: Whole, *, names: dict[str, str]) -> Figure:
    points = spend_points(whole.recent, key="client", names=names, periods=whole.bars.days)
    chart = stacked_bars(points, unit="day")
    title = f"Daily spend, last {BARS} days"
    return Figure("spend", title, whole.bars.label, chart_summary(chart), chart)


def way_to_begin(request: PageRequest) -> dict[str, object]:
    return first_event(request, title=NOT_NOW if UsageEvent.objects.exists() else NEVER)
