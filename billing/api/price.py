"""POST /api/v1/price: what events would cost, line by line. Nothing is stored."""

from typing import Any, ClassVar

import msgspec
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.ingest import AnyBody, items_of
from billing.api.openapi import body_of
from billing.api.schemas import BareBatch, BareEvent, PriceAnswer
from billing.flow.book import price_book
from billing.flow.intake import Checked, check_items
from billing.flow.price import REASONS, PriceBook, Unpriced, explain
from billing.flow.validate import Rejection
from billing.money import plain, total
from billing.reports.event_json import line_data
from tenants.keyview import KeyView
from tenants.scoping import ANSWER_WITHIN, tenant_scope

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NULL, _PLACEHOLDER = msgspec.Raw(b"null"), msgspec.Raw(b'"-"')


class Price(KeyView):
    scopes: ClassVar = {"POST": frozenset({"ingest", "read"})}
    opens_own_scope = True
    parser_classes = (AnyBody,)

    @extend_schema(
        operation_id="price_events",
        tags=["Events"],
        request=body_of("BareEventsBody", BareBatch, BareEvent),
        responses=PriceAnswer,
    )
    def post(self, request: Request) -> Response:
        """Price events without storing them; id and project may be left out."""
        items = [_with_identity(raw) for raw in items_of(request._request)]
        checked = check_items(items, now=timezone.now())
        with tenant_scope(self.key.tenant_id, within=ANSWER_WITHIN):
            book = price_book()
        return Response({"results": [_result(each, book) for each in checked]})


def _with_identity(raw: bytes) -> bytes:
    """The item with an id and a project, which pricing does not need but validating asks for."""
    try:
        item = _OBJECT.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return raw
    for name in ("id", "project"):
        if bytes(item.get(name, _NULL)) == b"null":
            item[name] = _PLACEHOLDER
    return msgspec.json.encode(item)


def _result(checked: Checked, book: PriceBook) -> dict[str, Any]:
    if isinstance(checked, Rejection):
        rejected = {"status": "rejected", "code": checked.code, "detail": checked.detail}
        return rejected | ({"field": checked.field} if checked.field else {})
    lines = explain(
        book,
        provider=checked.provider,
        occurred_at=checked.occurred_at,
        usage=checked.usage,
    )
    if isinstance(lines, Unpriced):
        return {
            "status": "unpriced",
            "cost": None,
            "unpriced_reason": lines.reason,
            "detail": REASONS[lines.reason],
            "lines": [],
        }
    return {
        "status": "priced",
        "cost": plain(total(line.cost for line in lines)),
        "lines": [line_data(line) for line in lines],
    }
