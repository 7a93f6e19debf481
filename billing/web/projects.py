"""Projects: their list, and what one project pays for: token classes, features, the newest events."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from urllib.parse import urlencode

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Extract, JSONObject
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.insights.ranked import month_to
from billing.models import ProjectPlan
from billing.periods import start_of, today_in
from billing.reports.event_filters import IDLE, PROMPT_ABOVE
from billing.reports.events import CursorError, events
from billing.reports.measures import Row, SpendReport
from billing.reports.plan import planned_month
from billing.reports.spend import spend
from billing.web.clients import booked_table, said_of
from billing.web.components import component_context, component_unit, is_split
from billing.web.figures import Figure, class_figure, spend_figure
from billing.web.first import first_event
from billing.web.names import model_names, named
from billing.web.plans import BOOK_VERSION
from billing.web.ranges import Asked, Choice, asked_range, kept_range, tabs
from billing.web.screens import SpendScreen
from billing.web.tables import Breakdown, breakdown, class_table
from billing.web.usage import class_usage, usage_context, usage_table
from tenants.access import EVERYONE, STAFF, page
from tenants.models import ApiKey, Client, PriceView, Project
from tenants.models.keys import KeyScope
from tenants.web.requests import PageRequest

BY = {"class": "by token class", "model": "by model", "component": "by component"}
ONLY = {
    "model": "Model",
    "environment": "Environment",
    IDLE: "Idle hours",
    PROMPT_ABOVE: "Prompt tokens, more than",
}
"""What a list of events can be narrowed to, as people say it."""
SAID = {IDLE: "weekends, and 21:00 to 7:00"}
"""Of a value that says nothing by itself."""
MOST_DIGITS = 13
KEYS = {"class": ("feature", "environment"), "model": ("model",), "component": ("component",)}
SENDERS = ArraySubquery(
    ApiKey.objects.filter(
        Q(project_id=OuterRef("pk")) | Q(project=None),
        scopes__contains=[KeyScope.INGEST],
        revoked_at=None,
    )
    .order_by(F("last_used_at").desc(nulls_last=True), "pk")
    .values(
        named=JSONObject(
            name="name",
            prefix="prefix",
            used=Extract("last_used_at", "epoch"),
            is_bound=Q(project_id__isnull=False),
        )
    )
)
"""The keys that may send events of a project, lately used first, in the query that finds it."""
NEWEST = 10
PER_PAGE = 50


@page(STAFF)
@require_safe
def project_list(request: PageRequest) -> HttpResponse:
    tenant = request.access.tenant
    asked = asked_range(request, zone=tenant.timezone, now=timezone.now())
    now = spend(asked.days, granularity="total", group_by=("project",))
    before = spend(asked.before, granularity="total", group_by=("project",))
    every = list(Project.objects.select_related("owner"))
    table = booked_table(
        "project",
        now,
        before,
        tenant=tenant,
        names={each.slug: each.name for each in every},
        details={each.slug: said_of(each) for each in every},
        listed=[each.slug for each in every if each.archived_at is None],
    )
    context = {"section": "projects", "range": asked.picker, "table": table, "as_of": now.as_of}
    context["archived"] = [each for each in every if each.archived_at]
    if not every:
        context |= first_project()
    return render(request, "billing/projects.html", context, status=asked.status)


def first_project() -> dict[str, str]:
    """What an empty list says and leads to: a project belongs to a client, so that one comes first."""
    said = "What sends events will be here: a chat bot, an agent, a nightly job"
    if Client.objects.filter(archived_at=None).exists():
        page, words, said = "project_new", "New project", f"{said}."
    else:
        page, words, said = (
            "client_new",
            "New client",
            f"{said}, each for a client, who comes first.",
        )
    return {"next_page": page, "next_words": words, "next_text": said}


@page(EVERYONE)
@require_safe
def project_page(request: PageRequest, project: str) -> HttpResponse:
    """Colours by token class beside tables of features and environments, by model, or by component."""
    found, access = get_object_or_404(projects_for(request), slug=project), request.access
    is_hidden = access.is_viewer and found.client.price_view == PriceView.HIDDEN
    has_components = found.is_split and not is_hidden  # type: ignore[attr-defined]
    offered = {name: label for name, label in BY.items() if name != "component" or has_components}
    by = request.GET.get("by", "") if request.GET.get("by") in offered else "class"
    asked = asked_range(request, zone=access.tenant.timezone, now=timezone.now(), keep=("by",))
    unit = component_unit(asked) if by == "component" else asked.unit
    now = spend(
        asked.days, granularity=unit, group_by=KEYS[by], project=project, seen_by=found.client
    )
    before = spend(asked.before, granularity="total", project=project, seen_by=found.client)
    if not now.total.shows_money:
        return project_usage(request, found, asked, now, before)
    screen = SpendScreen(asked, now, before, is_viewer=access.is_viewer)
    context = screen.context() | {"section": "projects", "project": found}
    if screen.is_empty:
        context |= first_event(request)
        return render(request, "billing/project.html", context, status=asked.status)
    choices = tabs(offered, kept_range(request), current=by)
    if by == "component":
        context |= component_context(now, asked=asked, tabs=choices, whose="this project's")
    else:
        context["figure"] = project_figure(now.rows, by=by, asked=asked, tabs=choices)
        context["tables"] = facet_tables(now.rows, keys=KEYS[by])
    context |= {
        "classes": class_table(now.total),
        "events": () if access.is_viewer else events(project=project, limit=NEWEST).events,
        "senders": [] if access.is_viewer else senders_of(found),
        "planned": "" if access.is_viewer else plan_words(found, on=timezone.now().date()),
    }
    return render(request, "billing/project.html", context, status=asked.status)


def projects_for(request: PageRequest) -> QuerySet[Project]:
    """With what their page shows: to staff also who answers and which keys send; a client reads of neither."""
    projects = Project.objects.select_related("client").annotate(is_split=is_split("project_id"))
    if request.access.is_viewer:
        return projects
    newest = ProjectPlan.objects.filter(project_id=OuterRef("pk")).order_by("-number")
    fields = JSONObject(number="number", model="model_names__0", settings="settings")
    return projects.select_related("client", "owner").annotate(
        senders=SENDERS,
        plan=Subquery(newest.values(found=fields)[:1]),
        book=BOOK_VERSION,
    )


def plan_words(project: Project, *, on: date) -> str:
    """`$225.00 a month, version 2`; nothing without a plan."""
    plan = project.plan  # type: ignore[attr-defined]
    if not plan:
        return ""
    settings, book = tuple(sorted(plan["settings"].items())), project.book  # type: ignore[attr-defined]
    month = planned_month(settings, plan["model"], book, on)
    return f"{month} a month, version {plan['number']}" if month else f"version {plan['number']}"


def senders_of(project: Project) -> list[dict[str, object]]:
    """The keys of `SENDERS`, with the time at which each was last used."""
    return [
        each | {"used": each["used"] and datetime.fromtimestamp(int(each["used"]), UTC)}
        for each in project.senders  # type: ignore[attr-defined]
    ]


def project_usage(
    request: PageRequest, project: Project, asked: Asked, now: SpendReport, before: SpendReport
) -> HttpResponse:
    """The page of a client who is shown no prices: tokens by model or by what the project names."""
    keys = [
        key
        for key in ("model", "feature", "environment")
        if any(key in row.keys for row in now.rows)
    ]
    values = {key: {row.keys[key] for row in now.rows} for key in keys}
    names = {key: named(values[key], dimension=key) for key in keys}
    tables = [class_usage(now.total)] + [
        usage_table(f"{key.capitalize()}s", key=key, rows=now.rows, names=names[key])
        for key in keys
        if values[key] != {""}
    ]
    first = keys[0] if keys else "feature"
    context = usage_context(
        asked, now, before, key=first, names=names.get(first, {}), tables=tables
    )
    crumb = reverse("client", args=[request.access.tenant.slug, project.client.slug])
    context |= {"section": "projects", "title": project.name, "crumb": crumb}
    return render(request, "billing/usage.html", context, status=asked.status)


@page(STAFF)
@require_safe
def project_events(request: PageRequest, project: str) -> HttpResponse:
    """All events of a project, newest first, or those of thirty days that an insight is about.

    `?cursor=` goes on where a page ended.
    """
    found = get_object_or_404(Project.objects.select_related("client"), slug=project)
    tenant = request.access.tenant
    only = {name: request.GET[name] for name in ONLY if request.GET.get(name)}
    if not only.get(PROMPT_ABOVE, "0").isdecimal() or len(only.get(PROMPT_ABOVE, "")) > MOST_DIGITS:
        raise Http404("no such prompt")
    if only.get(IDLE, "yes") != "yes":
        raise Http404("idle is yes or not said")
    days = month_to(today_in(tenant.timezone, now=timezone.now()))
    since = start_of(days.since, timezone=tenant.timezone) if only else None
    cursor = request.GET.get("cursor", "")
    try:
        listed = events(
            since=since, until=None, cursor=cursor, limit=PER_PAGE, project=project, **only
        )
    except CursorError:
        return redirect("project_events", tenant.slug, project)
    context = {
        "section": "projects",
        "project": found,
        "events": listed.events,
        "is_first": "cursor" not in request.GET,
        "only": [(ONLY[name], SAID.get(name, value)) for name, value in only.items()],
        "newest": urlencode(only),
        "older": urlencode({**only, "cursor": listed.next_cursor}) if listed.next_cursor else "",
    }
    return render(request, "billing/events.html", context)


def project_figure(
    rows: Sequence[Row], *, by: str, asked: Asked, tabs: tuple[Choice, ...]
) -> Figure:
    if by == "class":
        return class_figure(rows, asked=asked, tabs=tabs)
    names = model_names(row.keys["model"] for row in rows)
    return spend_figure(rows, key="model", names=names, asked=asked, tabs=tabs)


def facet_tables(rows: Sequence[Row], *, keys: Sequence[str]) -> list[Breakdown]:
    """A table per key that tells something: a single value that nobody named does not."""
    tables = []
    for key in keys:
        values = {row.keys[key] for row in rows}
        if values <= {""}:
            continue
        names = model_names(values) if key == "model" else named(values, dimension=key)
        title = f"{key.capitalize()}s"
        tables.append(
            breakdown(
                title,
                noun=key.capitalize(),
                key=key,
                rows=rows,
                names=names,
                exact=key == "model",
            )
        )
    return tables
