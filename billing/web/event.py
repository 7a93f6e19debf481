"""The page of one event: why this number."""

import json
from decimal import Decimal

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.flow.components import OTHER_CALLS
from billing.flow.price import REASONS
from billing.money import ratio
from billing.reports.event_json import detail_data
from billing.reports.events import EventDetail, event_detail
from billing.web.components import COMPONENT_NAMES
from tenants.access import STAFF, page
from tenants.web.requests import PageRequest


@page(STAFF)
@require_safe
def event_page(request: PageRequest) -> HttpResponse:
    """`?source=…&id=…`: both are free text, so they are no part of the path."""
    detail = event_detail(request.GET.get("source", ""), request.GET.get("id", ""))
    if detail is None:
        raise Http404("no such event")
    context = {
        "section": "projects",
        "detail": detail,
        "event": detail.summary,
        "prices": list({each.price.id: each.price for each in detail.lines}.values()),
        "split": split_rows(detail),
        "is_several": any(each.component == OTHER_CALLS for each in detail.split),
        "facts": reported(detail),
        "usage": json.dumps(detail.usage, indent=2, ensure_ascii=False),
        "as_json": json.dumps(detail_data(detail), indent=2, ensure_ascii=False),
        "reason": REASONS.get(detail.summary.unpriced_reason, ""),
    }
    return render(request, "billing/event.html", context)


def split_rows(detail: EventDetail) -> list[tuple[str, int, Decimal | None, Decimal]]:
    """Name, tokens, how much of the prompt came from the cache, cost; of each component."""
    rows = []
    for each in detail.split:
        prompt = sum(each.tokens[:4])
        cached = ratio(each.tokens[3], prompt)
        rows.append((COMPONENT_NAMES[each.component], each.all_tokens, cached, each.cost))
    return rows


def reported(detail: EventDetail) -> list[tuple[str, str]]:
    """What the caller said of the event, in the API's words; what was not said is left out."""
    event = detail.summary
    said: dict[str, object] = {
        "id": event.id,
        "source": event.source,
        "project": event.project,
        "provider": event.provider,
        "model": event.model,
        "variant": event.variant,
        "feature": event.feature,
        "environment": event.environment,
    }
    return [
        (name, _shown(value)) for name, value in {**said, **detail.facts}.items() if value != ""
    ]


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
