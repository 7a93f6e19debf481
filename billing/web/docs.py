"""The API's documentation, drawn from the same document that `/api/v1/openapi.json` serves."""

from functools import cache

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator

from billing.web.openapi import Operation, operations


@login_not_required
def api_docs(request: HttpRequest) -> HttpResponse:
    context = {"operations": documented(), "origin": request.build_absolute_uri("/").rstrip("/")}
    return render(request, "billing/docs.html", context)


@cache
def documented() -> list[Operation]:
    """Read once: the document does not change while a process lives."""
    return operations(SchemaGenerator().get_schema(request=None, public=True))
