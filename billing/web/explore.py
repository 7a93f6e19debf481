"""The explorer: any question about spend, as a page and as a file of exactly what the page shows."""

from dataclasses import replace
from http import HTTPStatus

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.reports.buckets import TOKEN_CLASS
from billing.reports.components import COMPONENT
from billing.web.explore_file import csv_header, csv_row
from billing.web.explore_page import (
    Found,
    booked_names,
    figure,
    form_context,
    screen_of,
    table_context,
)
from billing.web.explore_rows import answer, lines, names_of
from billing.web.overview import way_to_begin
from billing.web.question import FILTERS, asked_question
from billing.web.ranges import asked_range
from tenants.access import STAFF, page
from tenants.csv import csv_bytes
from tenants.web.requests import PageRequest

KEPT = ("group_by", "granularity", "top", *FILTERS)


@page(STAFF)
@require_safe
def explore(request: PageRequest) -> HttpResponse:
    """Every setting stands in the address: a link, a file and an answer of the API ask the same."""
    found = find(request)
    asked, question = found.asked, found.question
    status = HTTPStatus.UNPROCESSABLE_ENTITY if question.error else asked.status
    screen = screen_of(found)
    context = screen.context() | form_context(found) | {"section": "explore"}
    if screen.is_empty and not question.filters and not question.error:
        context |= way_to_begin(request)
        return render(request, "billing/explore.html", context, status=status)
    if TOKEN_CLASS in question.filters:
        context["stats"] = screen.stats()[:1]
    event_page = reverse("explore_events", args=[request.access.tenant.slug])
    context |= {
        "figure": figure(found, events=event_page),
        "api_url": request.build_absolute_uri("/api/v1/spend"),
    }
    context |= table_context(found, said=request.GET.get("page", ""))
    return render(request, "billing/explore.html", context, status=status)


@page(STAFF)
@require_safe
def explore_csv(request: PageRequest) -> HttpResponse:
    """Exactly the lines of the page, all pages of them."""
    found = find(request)
    if found.question.error or found.asked.picker.error:
        words = found.asked.picker.error or found.question.error
        return HttpResponse(
            words, status=HTTPStatus.UNPROCESSABLE_ENTITY, content_type="text/plain"
        )
    rows = (csv_row(line, asked=found.question) for line in found.lines)
    body = csv_bytes(csv_header(found.question), rows)
    answer = HttpResponse(body, content_type="text/csv; charset=utf-8")
    days = found.question.days
    name = f"spend-{request.access.tenant.slug}-{days.since}-{days.last}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def find(request: PageRequest) -> Found:
    zone = request.access.tenant.timezone
    asked = asked_range(request, zone=zone, now=timezone.now(), keep=KEPT)
    question = asked_question(request, days=asked.days)
    asked = replace(asked, by_day=COMPONENT in question.filters)
    found = answer(question, unit=asked.unit, before=asked.before, today=asked.today)
    names = names_of(found, asked=question, booked=booked_names())
    listed = lines(found, asked=question, names=names, zone=zone)
    return Found(asked, question, found, names, listed)
