"""The queue of what has no price: which models, why, and what to do about each."""

from dataclasses import dataclass

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from billing.flow.price import REASONS
from billing.reports.unpriced import UnpricedModel, unpriced_queue
from tenants.access import STAFF, page
from tenants.models import Client
from tenants.web.requests import PageRequest

UNKNOWN = "The events themselves are no longer kept; why they have no price is not known any more."
IN_THE_BOOK = {"unknown_provider", "unknown_model", "no_price_at_date"}
"""Reasons that a row in the book ends; the others say that an event's modifier is not known or not sold."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A model of the queue in words. `agree` and `propose` are empty where a price would not help."""

    model: UnpricedModel
    reasons: tuple[str, ...]
    clients: tuple[str, ...]
    agree: str
    propose: str
    reprice: str


@page(STAFF)
@require_safe
def unpriced(request: PageRequest) -> HttpResponse:
    queue = unpriced_queue()
    names = dict(Client.objects.values_list("slug", "name"))
    slug = request.access.tenant.slug
    context = {
        "section": "prices",
        "tab": "unpriced",
        "queue": queue,
        "waiting": [_waiting(each, names, slug) for each in queue.models],
        "more": queue.model_count - len(queue.models),
    }
    return render(request, "billing/unpriced.html", context)


def _waiting(model: UnpricedModel, names: dict[str, str], slug: str) -> Waiting:
    helps = not model.priced_now and (not model.reasons or IN_THE_BOOK & set(model.reasons))
    named = {"provider": model.provider, "model": model.model}
    return Waiting(
        model=model,
        reasons=tuple(REASONS.get(code, code) for code in model.reasons) or (UNKNOWN,),
        clients=tuple(names.get(each, each) for each in model.clients),
        agree=_url("price_new", slug, **named) if helps else "",
        propose=_url("proposals", slug, search=model.model) if helps else "",
        reprice=_url(
            "repricing_new", slug, unpriced="1", model=model.model, since=model.since.isoformat()
        ),
    )


def _url(name: str, slug: str, **query: str) -> str:
    asked = QueryDict(mutable=True)
    asked.update(query)
    return f"{reverse(name, args=[slug])}?{asked.urlencode()}"
