"""The API's documentation, drawn from the same document that `/api/v1/openapi.json` serves."""

from functools import cache

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from billing.codes import ITEM_CODES, REQUEST_CODES
from billing.flow.price import REASONS
from billing.web.openapi import Operation, operations

FIRST = ("/api/v1/events", "/api/v1/price", "/api/v1/spend")
"""What a developer comes for; the rest follows in its own order."""


@login_not_required
@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    context = {
        "operations": documented(),
        "origin": request.build_absolute_uri("/").rstrip("/"),
        "item_codes": ITEM_CODES,
        "request_codes": REQUEST_CODES,
        "reasons": REASONS,
    }
    return render(request, "billing/docs.html", context)


@cache
def documented() -> list[Operation]:
    """Read once: the document does not change while a process lives."""
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    found = operations(document)
    return sorted(found, key=lambda each: not each.path.startswith(FIRST))
