"""Scenarios: their list, the page of one with the months ahead, and the form that makes and changes them."""

from http import HTTPStatus

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.flow.scenario import assumptions_of
from billing.flow.set_scenario import archive_scenario, change_scenario, set_scenario
from billing.models import Scenario
from billing.periods import today_in
from billing.reports.scenario import outlook, suppose
from billing.web.scenario_form import ScenarioForm
from billing.web.scenario_words import assumption_words, outlook_pairs, outlook_stats
from tenants.access import FINANCE, STAFF, page
from tenants.actions import ActionError
from tenants.models import Client
from tenants.web.requests import PageRequest


def scenarios_in_use() -> QuerySet[Scenario]:
    return Scenario.objects.filter(archived_at=None)


@page(STAFF)
@require_safe
def scenario_list(request: PageRequest) -> HttpResponse:
    rows = [(each, assumption_words(assumptions_of(each.terms))) for each in scenarios_in_use()]
    context = {"section": "calculator", "tab": "scenarios", "rows": rows}
    return render(request, "billing/scenarios.html", context)


@page(STAFF)
@require_safe
def scenario_page(request: PageRequest, scenario: int) -> HttpResponse:
    """The forecast with and without it. An archived one can still be read."""
    found = get_object_or_404(Scenario, pk=scenario)
    assumed = assumptions_of(found.terms)
    today = today_in(request.access.tenant.timezone, now=timezone.now())
    ahead = outlook(suppose(assumed, today=today))
    context: dict[str, object] = {
        "section": "calculator",
        "tab": "scenarios",
        "scenario": found,
        "words": assumption_words(assumed),
        "ahead": ahead,
    }
    if ahead:
        clients = {each.pk: each for each in Client.objects.all()}
        context |= {
            "stats": outlook_stats(ahead, today=today),
            "pairs": outlook_pairs(ahead, name=found.name),
            "clients": [(clients[each.client_id], each) for each in ahead.clients],
        }
    return render(request, "billing/scenario.html", context)


@page(FINANCE)
@require_http_methods(["GET", "HEAD", "POST"])
def scenario_new(request: PageRequest) -> HttpResponse:
    return _form_page(request, ScenarioForm(request.POST or None), None)


@page(FINANCE)
@require_http_methods(["GET", "HEAD", "POST"])
def scenario_edit(request: PageRequest, scenario: int) -> HttpResponse:
    found = get_object_or_404(scenarios_in_use(), pk=scenario)
    return _form_page(request, ScenarioForm(request.POST or None, scenario=found), found)


@page(FINANCE)
@require_POST
def scenario_archive(request: PageRequest, scenario: int) -> HttpResponse:
    found = get_object_or_404(scenarios_in_use(), pk=scenario)
    archive_scenario(found, actor=request.access.user, now=timezone.now())
    messages.success(request, f"“{found.name}” is out of use.")
    return redirect("scenarios", request.access.tenant.slug)


def _form_page(request: PageRequest, form: ScenarioForm, scenario: Scenario | None) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    if form.is_valid():
        try:
            saved = _saved(request, form, scenario)
        except ActionError as error:
            form.add_error(error.field, error.detail)
        else:
            messages.success(request, f"“{saved.name}” is kept.")
            is_more = "more" in request.POST
            page_name = "scenario_edit" if is_more else "scenario"
            return redirect(page_name, request.access.tenant.slug, saved.pk)
    context = {"section": "calculator", "form": form, "scenario": scenario}
    return render(request, "billing/scenario_form.html", context, status=status)


def _saved(request: PageRequest, form: ScenarioForm, scenario: Scenario | None) -> Scenario:
    name, terms = form.name.cleaned_data["name"], form.terms()
    actor, now = request.access.user, timezone.now()
    if scenario is None:
        return set_scenario(name, terms, actor=actor, now=now)
    change_scenario(scenario, name=name, terms=terms, actor=actor, now=now)
    return scenario
