"""Agreeing on prices and discounts, and ending them: forms that call billing/flow/terms.py."""

from collections.abc import Callable, Mapping
from datetime import date
from http import HTTPStatus
from typing import TypeVar

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from billing.flow.terms import Terms, add_terms, close_terms
from billing.models import AgreedPrice, Discount
from billing.reports.prices import priced_models
from billing.web.price_forms import CloseForm, DiscountForm, PriceForm, rates_of
from billing.web.prices import utc_today
from tenants.access import FINANCE, STAFF, page
from tenants.actions import ActionError
from tenants.models import Client
from tenants.web.requests import PageRequest

Done = TypeVar("Done")
REPRICE = (
    "It counts for events from now on. Past ones keep their price until somebody re-prices them."
)


@page(FINANCE)
@require_http_methods(["GET", "HEAD", "POST"])
def price_new(request: PageRequest) -> HttpResponse:
    """`?provider=&model=` fill the form with today's rates; for a model that has none, with its name."""
    today = utc_today()
    form = PriceForm(request.POST or None, initial=_price_now(request.GET, today))
    row = submit(
        form,
        lambda data: add_terms(AgreedPrice(**data), actor=request.access.user, now=timezone.now()),
    )
    if row is not None:
        messages.success(
            request, f"The price of {row.model} is agreed from {row.since} on. {REPRICE}"
        )
        return redirect(model_url(request, row.provider, row.model))
    note = (
        "It counts instead of every list row of this model and speed, those for long prompts too:"
        " add one for each prompt size that has a price of its own."
    )
    return form_page(request, form, title="Agree on a price", submit="Agree", note=note)


@page(FINANCE)
@require_http_methods(["GET", "HEAD", "POST"])
def price_close(request: PageRequest, price: int) -> HttpResponse:
    row = get_object_or_404(AgreedPrice, pk=price)
    back = model_url(request, row.provider, row.model)
    title = f"End the agreed price of {row.model}"
    note = "From that day on the list price counts again, where the list has one."
    return close_page(request, row, title=title, note=note, back=back)


@page(STAFF)
@require_safe
def discount_list(request: PageRequest) -> HttpResponse:
    context = {
        "section": "prices",
        "tab": "discounts",
        "discounts": Discount.objects.order_by("until", "provider", "model"),
        "zone": request.access.tenant.timezone,
    }
    return render(request, "billing/discounts.html", context)


@page(FINANCE)
@require_http_methods(["GET", "HEAD", "POST"])
def discount_new(request: PageRequest) -> HttpResponse:
    form = DiscountForm(request.POST or None, initial={"since": utc_today()})
    row = submit(
        form,
        lambda data: add_terms(Discount(**data), actor=request.access.user, now=timezone.now()),
    )
    if row is not None:
        messages.success(request, f"{row} from {row.since} on. {REPRICE}")
        return redirect("discounts", request.access.tenant.slug)
    note = "A model's own discount comes before the one for every model; an agreed price has none."
    return form_page(request, form, title="New discount", submit="Add it", note=note)


@page(FINANCE)
@require_http_methods(["GET", "HEAD", "POST"])
def discount_close(request: PageRequest, discount: int) -> HttpResponse:
    row = get_object_or_404(Discount, pk=discount)
    back = reverse("discounts", args=[request.access.tenant.slug])
    return close_page(request, row, title=f"End {row}", note="", back=back)


def close_page(
    request: PageRequest,
    row: Terms,
    *,
    title: str,
    note: str,
    back: str,
    client: Client | None = None,
) -> HttpResponse:
    """Ask for the day on which a row ends; it ends once."""
    form = CloseForm(request.POST or None, initial={"until": utc_today()})
    actor, now = request.access.user, timezone.now()

    def end(data: Mapping[str, date]) -> bool:
        close_terms(row, until=data["until"], actor=actor, now=now)
        return True

    if submit(form, end):
        messages.success(request, f"It ends on {row.until}. {REPRICE}")
        return redirect(back)
    return form_page(request, form, title=title, submit="End it", note=note, client=client)


def submit(form: forms.Form, action: Callable[..., Done]) -> Done | None:
    """What the action made of a valid form; None with the errors in the form, or before it is sent."""
    if not form.is_valid():
        return None
    try:
        return action(form.cleaned_data)
    except ActionError as error:
        form.add_error(error.field if error.field in form.fields else None, error.detail)
        return None


def form_page(
    request: PageRequest,
    form: forms.Form,
    *,
    title: str,
    submit: str,
    note: str = "",
    client: Client | None = None,
) -> HttpResponse:
    """A page with one form. `client`: the terms are one client's, else the company's."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    words = {"title": title, "submit": submit, "note": note}
    context = {"section": "clients" if client else "prices", "form": form, "client": client} | words
    return render(request, "billing/terms_form.html", context, status=status)


def model_url(request: PageRequest, provider: str, model: str) -> str:
    query = QueryDict(mutable=True)
    query.update({"provider": provider, "model": model})
    return f"{reverse('price_model', args=[request.access.tenant.slug])}?{query.urlencode()}"


def _price_now(query: QueryDict, today: date) -> dict[str, object]:
    provider, model = query.get("provider", "") or "anthropic", query.get("model", "")
    named = {"provider": provider, "model": model, "since": today, "checked_on": today}
    found = priced_models(today, provider=provider, model=model) if model else []
    lines = [line for each in found for line in each.counting]
    return named | (rates_of(lines[0].row, on=today) if lines else {})
