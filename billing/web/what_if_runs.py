"""What-if at length: ask a worker, watch it, stop it, go on, read the answer."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from billing.insights.what_if_run import answer_of, ask_what_if, resume_what_if, stop_what_if
from billing.models import WhatIfRun
from billing.periods import PeriodError, range_from_query, today_in
from billing.web.what_if import question_words, shown
from tenants.access import STAFF, page
from tenants.actions import ActionError
from tenants.models import Client
from tenants.web.requests import PageRequest


@page(STAFF)
@require_POST
def what_if_ask(request: PageRequest) -> HttpResponse:
    """The fields of the what-if page, with `since` and `until`."""
    now, slug = timezone.now(), request.access.tenant.slug
    asked = request.POST
    try:
        days = range_from_query(asked, today=today_in(request.access.tenant.timezone, now=now))
        run = ask_what_if(
            days,
            asked.dict(),
            client=asked.get("client", "")[:200],
            project=asked.get("project", "")[:200],
            actor=request.access.user,
            now=now,
        )
    except (ActionError, PeriodError) as error:
        messages.error(request, error.detail)
        return redirect("what_if", slug)
    return redirect("what_if_run", slug, run.pk)


@page(STAFF)
@require_safe
def what_if_run(request: PageRequest, run: int) -> HttpResponse:
    """The answer as far as it is; the address can be shared."""
    found = get_object_or_404(WhatIfRun, pk=run)
    answer = answer_of(found)
    context = shown(answer) | {
        "section": "calculator",
        "run": found,
        "question": question_words(answer.change),
        "clients": list(Client.objects.values_list("slug", "name")),
    }
    return render(request, "billing/what_if_run.html", context)


@page(STAFF)
@require_POST
def what_if_stop(request: PageRequest, run: int) -> HttpResponse:
    return _moved(request, run, stop_what_if)


@page(STAFF)
@require_POST
def what_if_resume(request: PageRequest, run: int) -> HttpResponse:
    return _moved(request, run, resume_what_if)


def _moved(request: PageRequest, run: int, move: Callable[..., None]) -> HttpResponse:
    found = get_object_or_404(WhatIfRun, pk=run)
    try:
        move(found, actor=request.access.user, now=timezone.now())
    except ActionError as error:
        messages.error(request, error.detail)
    return redirect("what_if_run", request.access.tenant.slug, run)
