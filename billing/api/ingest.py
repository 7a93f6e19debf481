"""POST /api/v1/events: a batch in, a verdict per item out, everything accepted already on disk."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from msgspec import UNSET, Struct, UnsetType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from billing.api.counters import count_events
from billing.api.events import EventReading
from billing.api.openapi import body_of
from billing.api.schemas import BATCH_EXAMPLE, BatchAnswer, BatchBody, Event
from billing.flow.decode import body_stream, read_body, split_items
from billing.flow.doorbell import ring_soon
from billing.flow.intake import Verdict, accept, check_items
from billing.money import plain
from tenants.actions import note_key_use
from tenants.keys import FoundKey
from tenants.keyview import asks_plainly
from tenants.scoping import ANSWER_WITHIN


class AnyBody(BaseParser):
    """Leaves the body to `read_body`, which bounds it before and after decompression."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return stream


class Result(Struct, omit_defaults=True):
    """The verdict on one item as it is answered."""

    index: int
    id: str | None
    status: str
    cost: str | UnsetType | None = UNSET
    unpriced_reason: str = ""
    code: str = ""
    detail: str = ""
    field: str = ""


def items_of(request: HttpRequest) -> list[bytes]:
    """The raw items of a request that carries events."""
    stream = body_stream(request.META, stream=request)
    body = read_body(stream, encoding=request.headers.get("Content-Encoding", ""))
    content_type = request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    return split_items(body, ndjson=content_type == "application/x-ndjson")


def take_in(request: HttpRequest, key: FoundKey) -> HttpResponse:
    """Store what a request carries and say what became of each item. Raises Problem.

    The body is read before a transaction begins, so that a slow sender holds none.
    """
    now = timezone.now()
    checked = check_items(items_of(request), now=now, bound_project=key.project)
    verdicts = accept(checked, tenant_id=key.tenant_id, key=key, now=now, within=ANSWER_WITHIN)
    note_key_use(key, now=now)
    if any(each.status == "accepted" for each in verdicts):
        ring_soon(key.tenant_id)
    body = answer(verdicts)
    count_events(body, verdicts)
    return HttpResponse(msgspec.json.encode(body), content_type="application/json")


def answer(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    counts = Counter(each.status for each in verdicts)
    return {
        "accepted": counts["accepted"],
        "duplicates": counts["duplicate"],
        "conflicts": counts["conflict"],
        "rejected": counts["rejected"],
        "unpriced": sum(each.cost is None and each.status == "accepted" for each in verdicts),
        "results": [_result(index, each) for index, each in enumerate(verdicts)],
    }


def _result(index: int, verdict: Verdict) -> Result:
    if verdict.code:
        return Result(
            index,
            verdict.event_id,
            verdict.status,
            code=verdict.code,
            detail=verdict.detail,
            field=verdict.field,
        )
    cost = None if verdict.cost is None else plain(verdict.cost)
    return Result(index, verdict.event_id, verdict.status, cost, verdict.unpriced_reason)


class Events(EventReading):
    """Post events, or page through them."""

    scopes: ClassVar = {"POST": frozenset({"ingest"}), "GET": frozenset({"read"})}
    opens_own_scope = True
    confirming = frozenset({"POST"})
    parser_classes = (AnyBody,)

    @classmethod
    def answer_plainly(cls, request: HttpRequest, key: FoundKey) -> HttpResponse | None:
        """DRF takes longer to handle a request than it takes to store an event."""
        return take_in(request, key) if asks_plainly(request, "POST") else None

    @extend_schema(
        operation_id="post_events",
        tags=["Events"],
        request=body_of("EventsBody", BatchBody, Event),
        responses=BatchAnswer,
        examples=BATCH_EXAMPLE,
    )
    def post(self, request: Request) -> HttpResponse:
        """Post usage events: one object, a batch, or NDJSON; each gets its own verdict."""
        return take_in(request._request, self.key)
