"""Mark-ups over HTTP: what a client is billed above cost, from which day on."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api import price_schemas as schemas
from billing.api.catalogue import READ_OR_MANAGE, found
from billing.api.terms import TermsView, dated_data, decimals
from billing.models import Markup
from billing.money import plain
from tenants.models import Client


def markup_data(row: Markup, client: Client) -> dict[str, Any]:
    return {"id": row.pk, "client": client.slug, "percent": plain(row.percent)} | dated_data(row)


class MarkupView(TermsView):
    def client_of(self, slug: str) -> Client:
        client: Client = found(self.clients, what="client", slug=slug)
        return client

    def markup_of(self, client: Client, markup_id: int) -> Markup:
        row: Markup = found(Markup.objects, what="mark-up", client_id=client.pk, pk=markup_id)
        return row


class Markups(MarkupView):
    @extend_schema(operation_id="list_markups", tags=["Prices"], responses=schemas.MarkupsAnswer)
    def get(self, request: Request, slug: str) -> Response:
        """Every mark-up of a client, closed ones included."""
        client = self.client_of(slug)
        rows = Markup.objects.filter(client_id=client.pk)
        return Response({"markups": [markup_data(each, client) for each in rows]})

    @extend_schema(
        operation_id="add_markup",
        tags=["Prices"],
        request=schemas.NewMarkup,
        responses={201: schemas.MarkupAnswer},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Bill a client per cent above cost. The past days that it covers are billed anew."""
        client = self.client_of(slug)
        data = decimals(self.valid(schemas.NewMarkup), ("percent",))
        return Response(
            markup_data(self.added(Markup(client_id=client.pk, **data)), client), status=201
        )


class OneMarkup(MarkupView):
    scopes: ClassVar = {"GET": READ_OR_MANAGE["GET"]}

    @extend_schema(operation_id="get_markup", tags=["Prices"], responses=schemas.MarkupAnswer)
    def get(self, request: Request, slug: str, markup_id: int) -> Response:
        """One mark-up."""
        client = self.client_of(slug)
        return Response(markup_data(self.markup_of(client, markup_id), client))


class CloseMarkup(MarkupView):
    scopes: ClassVar = {"POST": READ_OR_MANAGE["POST"]}

    @extend_schema(
        operation_id="close_markup",
        tags=["Prices"],
        request=schemas.CloseBody,
        responses={200: schemas.MarkupAnswer},
    )
    def post(self, request: Request, slug: str, markup_id: int) -> Response:
        """End a mark-up: from that day on the client is billed at cost."""
        client = self.client_of(slug)
        row = self.markup_of(client, markup_id)
        self.closed(row)
        return Response(markup_data(row, client))
