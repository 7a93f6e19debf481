"""A project's plan: keep a calculation as its next version, and see it beside what the calls cost."""

from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import F, Func, TextField
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from billing.flow.set_plan import set_plan
from billing.money import dollars
from billing.reports.calculator import Estimate, PlanError, plan_of, query_of
from billing.reports.plan import PlanStanding, plan_standing
from billing.web.calculator_screen import PART_NAMES, fine
from billing.web.stats import Stat
from tenants.access import FINANCE, STAFF, page
from tenants.models import Project
from tenants.web.requests import PageRequest

BOOK_VERSION = Func(F("tenant_id"), function="price_book_version", output_field=TextField())
"""Of the project's company, in the query that finds the project."""


@page(FINANCE)
@require_POST
def plan_save(request: PageRequest) -> HttpResponse:
    """`project`, and `plan`: the query string of a calculation."""
    project = get_object_or_404(Project, slug=request.POST.get("project", ""))
    slug = request.access.tenant.slug
    query = QueryDict(request.POST.get("plan", "")[:4_000])
    try:
        plan = plan_of(query, models=query.getlist("model"))
    except PlanError as error:
        messages.error(request, f"{error.field}: {error.detail}")
        return redirect("calculator", slug)
    settings = {name: value for name, value in query_of(plan) if name != "model"}
    set_plan(project, models=plan.models, settings=settings, actor=request.access.user)
    messages.success(request, f"This is the plan of {project.name} now.")
    return redirect("project_plan", slug, project.slug)


@page(STAFF)
@require_safe
def project_plan(request: PageRequest, project: str) -> HttpResponse:
    projects = Project.objects.select_related("client").annotate(book=BOOK_VERSION)
    found = get_object_or_404(projects, slug=project)
    zone, book = request.access.tenant.timezone, found.book  # type: ignore[attr-defined]
    standing = plan_standing(found.pk, found.slug, zone=zone, now=timezone.now(), book=book)
    context: dict[str, object] = {"section": "projects", "project": found, "standing": standing}
    if standing:
        context |= {
            "stats": _stats(standing),
            "parts": [
                (PART_NAMES.get(each.name, each.name.capitalize()), each) for each in standing.parts
            ],
            "address": urlencode(query_of(standing.plan)),
        }
    return render(request, "billing/project_plan.html", context)


def _stats(standing: PlanStanding) -> list[Stat]:
    planned, actual = standing.planned_per_turn, standing.actual_per_turn
    estimate, tasks = standing.estimate, standing.tasks
    is_partial = standing.actual.unpriced_events > 0
    month = dollars(estimate.month) if isinstance(estimate, Estimate) else "–"
    calls = standing.planned_per_turn_calls
    planned_calls = f"{calls} call{'' if calls == 1 else 's'}"
    said = f"{tasks.tasks:,} tasks in {tasks.calls:,} calls" if tasks.tasks else ""
    return [
        Stat("Planned per turn", "–" if planned is None else fine(planned), planned_calls),
        Stat(
            "Paid per turn",
            "–" if actual is None else fine(actual),
            said or f"no task is named: {planned_calls}, as planned",
        ),
        Stat("Planned per month", month, f"{standing.planned_calls:,} calls"),
        Stat(
            "Paid in 30 days",
            dollars(standing.actual.cost),
            f"{standing.actual.events:,} calls",
            at_least=is_partial,
        ),
    ]
