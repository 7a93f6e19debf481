"""Budgets: their list, the page of one, and the form that sets and changes them."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.flow.set_budget import archive_budget
from billing.models import Alert, Budget
from billing.money import total
from billing.periods import DayRange, today_in
from billing.reports.budgets import Standing, Used, Window, day_by_day, standings
from billing.reports.forecast import HISTORY, backtest, forecast
from billing.reports.nesting import exceeded
from billing.watch.check import forecasts_of
from billing.web.alerts import entries
from billing.web.budget_form import BudgetForm, channels_of_company, filled, save_budget
from billing.web.budget_rows import budget_row, groups_of, seen_by
from billing.web.burn import burn
from billing.web.supposed import scenario_choice, scenarios_to_choose, with_scenario
from tenants.access import EVERYONE, FINANCE, page
from tenants.actions import ActionError
from tenants.web.requests import PageRequest

TESTED = 3
"""Closed periods against which the forecast is checked."""
NEWEST = 20


@page(EVERYONE)
@require_safe
def budget_list(request: PageRequest) -> HttpResponse:
    """Finance sees all, a member the own ones, a client viewer those that are shared."""
    today = today_of(request)
    budgets = list(with_scenario(seen_by(request.access), request.GET, request.access))
    found = standings(budgets, today=today)
    promised = exceeded(budgets) if request.access.is_finance else {}
    choice = scenario_choice(budgets, today=today)
    groups = groups_of(
        found,
        today=today,
        forecasts=forecasts_of(found, today=today),
        promised=promised,
        choice=choice,
    )
    as_of = found[0].as_of if found else timezone.now()
    context: dict[str, object] = {
        "section": "budgets",
        "groups": groups,
        "as_of": as_of,
        "choice": choice,
    }
    if not choice.chosen:
        context["scenarios"] = scenarios_to_choose(request.access)
    return render(request, "billing/budgets.html", context)


@page(EVERYONE)
@require_safe
def budget_page(request: PageRequest, budget: int) -> HttpResponse:
    budgets = with_scenario(seen_by(request.access), request.GET, request.access)
    found = get_object_or_404(budgets, pk=budget)
    today = today_of(request)
    period = found.cycle.around(today)
    days = _days(found, period, today=today)
    standing = Standing(found, period, _used(days, period), timezone.now())
    costs = {day: used.spent for day, used in days.items()}
    heading = forecast(
        costs, period=standing.period, today=today, spent=standing.spent, amount=found.amount
    )
    choice = scenario_choice([found], today=today)
    supposed = choice.ahead_of(standing, heading)
    context: dict[str, object] = {
        "section": "budgets",
        "row": budget_row(standing, today=today, forecast=heading),
        "budget": found,
        "choice": choice,
        "supposed": supposed,
        "burn": burn(standing, days, forecast=heading, today=today, supposed=supposed),
        "error": tested(standing, costs) if heading else None,
        "answers": request.access.user.pk in (found.owner_id, found.deputy_id),
        "as_of": standing.as_of,
    }
    if not request.access.is_viewer:
        alerts = Alert.objects.filter(budget=found).select_related("acknowledged_by")
        context["alerts"] = entries(alerts)[:NEWEST]
        if not choice.chosen:
            context["versions"] = found.versions.select_related("owner", "deputy")
    return render(request, "billing/budget.html", context)


@page(FINANCE)
@require_http_methods(["GET", "HEAD", "POST"])
def budget_new(request: PageRequest) -> HttpResponse:
    """`?counts=client:acme` chooses beforehand what is counted."""
    initial = {
        "owner": request.access.user.email,
        "counts": request.GET.get("counts", ""),
        "week_day": request.access.tenant.week_starts_on,
    }
    form = BudgetForm(request.POST or None, initial=initial)
    return _form_page(request, form, None)


@page(FINANCE)
@require_http_methods(["GET", "HEAD", "POST"])
def budget_edit(request: PageRequest, budget: int) -> HttpResponse:
    found = get_object_or_404(seen_by(request.access), pk=budget)
    form = BudgetForm(request.POST or None, initial=filled(found), budget=found)
    return _form_page(request, form, found)


@page(FINANCE)
@require_POST
def budget_archive(request: PageRequest, budget: int) -> HttpResponse:
    found = get_object_or_404(seen_by(request.access), pk=budget)
    archive_budget(found, actor=request.access.user, now=timezone.now())
    messages.success(request, f"“{found.name}” is out of use. Its history stays.")
    return redirect("budgets", request.access.tenant.slug)


def _form_page(request: PageRequest, form: BudgetForm, budget: Budget | None) -> HttpResponse:
    status = HTTPStatus.OK
    if form.is_bound:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            try:
                saved = save_budget(form, budget, actor=request.access.user, now=timezone.now())
            except ActionError as error:
                form.add_error(error.field if error.field in form.fields else None, error.detail)
            else:
                messages.success(request, f"“{saved.name}” is set.")
                return redirect("budget", request.access.tenant.slug, saved.pk)
    context = {
        "section": "budgets",
        "form": form,
        "budget": budget,
        "has_channels": channels_of_company().exists(),
    }
    return render(request, "billing/budget_form.html", context, status=status)


def today_of(request: PageRequest) -> date:
    return today_in(request.access.tenant.timezone, now=timezone.now())


def _days(budget: Budget, period: DayRange, *, today: date) -> dict[date, Used]:
    """The period's days, the weeks that the forecast needs, and the periods it is checked against."""
    oldest = period
    for _ in range(TESTED):
        oldest = budget.cycle.before(oldest)
    first = min(oldest.since, today) - timedelta(days=HISTORY)
    until = max(period.until, today + timedelta(days=1))
    return day_by_day([Window(budget, DayRange(first, until))])[0]


def _used(days: Mapping[date, Used], period: DayRange) -> Used:
    inside = [used for day, used in days.items() if period.since <= day < period.until]
    return Used(total(each.spent for each in inside), sum(each.unpriced_events for each in inside))


def tested(standing: Standing, costs: dict[date, Decimal]) -> Decimal | None:
    """The usual error of forecasts from the middle of the last closed periods, as a share."""
    cycle, periods = standing.budget.cycle, []
    period = standing.period
    for _ in range(TESTED):
        period = cycle.before(period)
        if total(costs.get(day, Decimal(0)) for day in period.days):
            periods.append(period)
    return backtest(costs, periods=periods)
