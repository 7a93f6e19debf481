"""The calculator's page: for everyone at list prices, for a tenant at its own.

The form is a GET form and every field has a value, so an address is a calculation that can be shared.
"""

from collections.abc import Sequence

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.flow.book import list_book, price_book
from billing.flow.price import PriceBook
from billing.reports.calculator import Plan, PlanError, plan_of
from billing.web.calculator_form import calculator_form
from billing.web.calculator_screen import calculator_screen
from tenants.access import STAFF, page
from tenants.models import Project
from tenants.throttle import seconds_for_address
from tenants.web.requests import PageRequest


@login_not_required
@require_safe
def public_calculator(request: HttpRequest) -> HttpResponse:
    """Open to everyone, so each address may ask so often; keys of the API have a throttle of their own."""
    if wait := seconds_for_address(request):
        refused = render(request, "429.html", {"wait": wait}, status=429)
        refused["Retry-After"] = str(wait)
        return refused
    return _calculator(request, list_book(), is_own=False)


@page(STAFF)
@require_safe
def calculator(request: PageRequest) -> HttpResponse:
    projects: list[tuple[str, str]] = []
    if request.access.is_finance:
        open_ones = Project.objects.filter(archived_at=None).order_by("name")
        projects = list(open_ones.values_list("slug", "name"))
    return _calculator(request, price_book(), is_own=True, projects=projects)


def _calculator(
    request: HttpRequest,
    book: PriceBook,
    *,
    is_own: bool,
    projects: Sequence[tuple[str, str]] = (),
) -> HttpResponse:
    now = timezone.now()
    context: dict[str, object] = {"section": "calculator", "is_own": is_own, "projects": projects}
    try:
        plan = plan_of(request.GET, models=request.GET.getlist("model"))
    except PlanError as error:
        form = calculator_form(Plan(), book=book, now=now, typed=request.GET, error=error)
        return render(request, "billing/calculator.html", context | {"form": form}, status=422)
    context["form"] = calculator_form(plan, book=book, now=now)
    context["screen"] = calculator_screen(plan, book=book, now=now)
    return render(request, "billing/calculator.html", context)
