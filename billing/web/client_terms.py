"""What a client sees and is billed: the price view and the mark-up, with their form."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from billing.flow.terms import add_terms
from billing.models import Markup
from billing.money import dollars, minus, plain, ratio
from billing.periods import today_in
from billing.reports.measures import Measures
from billing.reports.prices import is_valid_on
from billing.templatetags.figures import percent
from billing.web.price_forms import VIEWS, ClientTermsForm
from billing.web.stats import Stat
from billing.web.terms import close_page, form_page, submit
from tenants.access import FINANCE, page
from tenants.actions import set_price_view
from tenants.models import Client
from tenants.web.requests import PageRequest


@page(FINANCE)
@require_http_methods(["GET", "HEAD", "POST"])
def client_terms(request: PageRequest, client: str) -> HttpResponse:
    """Change both at once; a mark-up that stays as it is makes no row."""
    found = get_object_or_404(Client, slug=client)
    today = today_in(request.access.tenant.timezone, now=timezone.now())
    initial = {"price_view": found.price_view, "since": today}
    form = ClientTermsForm(request.POST or None, initial=initial)

    def change(data: Mapping[str, Any]) -> bool:
        set_price_view(found, actor=request.access.user, view=data["price_view"])
        if data["percent"] is not None:
            row = Markup(client_id=found.pk, percent=data["percent"], since=data["since"])
            add_terms(row, actor=request.access.user, now=timezone.now())
        return True

    if submit(form, change):
        messages.success(request, f"{found.name} sees and is billed what you chose.")
        return redirect("client", request.access.tenant.slug, found.slug)
    title = f"What {found.name} sees and is billed"
    return form_page(request, form, title=title, submit="Save", client=found)


@page(FINANCE)
@require_http_methods(["GET", "HEAD", "POST"])
def markup_close(request: PageRequest, client: str, markup: int) -> HttpResponse:
    found = get_object_or_404(Client, slug=client)
    row = get_object_or_404(Markup, pk=markup, client_id=found.pk)
    note = f"From that day on {found.name} is billed at cost."
    title = f"End the mark-up of {plain(row.percent)} %"
    back = reverse("client", args=[request.access.tenant.slug, found.slug])
    return close_page(request, row, title=title, note=note, back=back, client=found)


def client_panel(client: Client, spend: Measures, *, today: date) -> dict[str, object]:
    """What staff read beside a client's spend: its view, its mark-ups, and the figures that differ."""
    markups = list(Markup.objects.filter(client_id=client.pk).order_by("-since", "-pk"))
    return {
        "view": dict(VIEWS)[client.price_view],
        "markups": markups,
        "markup": next((each for each in markups if is_valid_on(each, today)), None),
        "figures": terms_stats(spend),
    }


def terms_stats(spend: Measures) -> list[Stat]:
    """List cost, billed and margin beside the spend, as far as they are other amounts than it."""
    stats = []
    if spend.discount:
        off = ratio(spend.discount, spend.cost_list)
        word = "below" if spend.discount > 0 else "above"
        note = f"you pay {percent(abs(off))} {word} it" if off is not None else ""
        stats.append(Stat("At list prices", dollars(spend.cost_list), note))
    if spend.margin:
        share = ratio(spend.margin, spend.billed)
        note = f"{percent(share)} of what is billed" if share is not None else ""
        stats.append(Stat("Billed", dollars(spend.billed), "cost and mark-up"))
        stats.append(Stat("Margin", dollars(minus(spend.billed, spend.cost)), note))
    return [replace(each, at_least=spend.unpriced_events > 0) for each in stats]
