"""POST /api/v1/events: a batch in, a verdict per item out, everything accepted already on disk."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.counters import count_events
from billing.api.events import EventReading
from billing.api.openapi import body_of
from billing.api.schemas import BATCH_EXAMPLE, BatchAnswer, BatchBody, Event
from billing.flow.decode import body_stream, read_body, split_items
from billing.flow.doorbell import ring
from billing.flow.intake import Verdict, accept, check_items
from billing.money import plain
from tenants.actions import note_key_use
from tenants.scoping import ANSWER_WITHIN, tenant_scope

STATUSES = ("accepted", "duplicate", "conflict", "rejected")


class AnyBody(BaseParser):
    """Leaves the body to `read_body`, which bounds it before and after decompression."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return stream


def items_of(request: Request) -> list[bytes]:
    """The raw items of a request that carries events."""
    stream = body_stream(request.META, stream=request._request)
    body = read_body(stream, encoding=request.headers.get("Content-Encoding", ""))
    content_type = request.content_type.partition(";")[0].strip().lower()
    return split_items(body, ndjson=content_type == "application/x-ndjson")


def answer(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    counts = Counter(each.status for each in verdicts)
    return {
        "accepted": counts["accepted"],
        "duplicates": counts["duplicate"],
        "conflicts": counts["conflict"],
        "rejected": counts["rejected"],
        "unpriced": sum(each.status == "accepted" and each.cost is None for each in verdicts),
        "results": [_result(index, each) for index, each in enumerate(verdicts)],
    }


def _result(index: int, verdict: Verdict) -> dict[str, Any]:
    result: dict[str, Any] = {"index": index, "id": verdict.event_id, "status": verdict.status}
    if verdict.code:
        result |= {"code": verdict.code, "detail": verdict.detail}
        return result | ({"field": verdict.field} if verdict.field else {})
    result["cost"] = None if verdict.cost is None else plain(verdict.cost)
    if verdict.unpriced_reason:
        result["unpriced_reason"] = verdict.unpriced_reason
    return result


class Events(EventReading):
    """Post events, or page through them.

    The body is read before the scope opens, so that a slow sender holds no transaction.
    """

    scopes: ClassVar = {"POST": frozenset({"ingest"}), "GET": frozenset({"read"})}
    opens_own_scope = True
    parser_classes = (AnyBody,)

    @extend_schema(
        operation_id="post_events",
        tags=["Events"],
        request=body_of("EventsBody", BatchBody, Event),
        responses=BatchAnswer,
        examples=BATCH_EXAMPLE,
    )
    def post(self, request: Request) -> Response:
        """Post usage events: one object, a batch, or NDJSON; each gets its own verdict."""
        now = timezone.now()
        checked = check_items(items_of(request), now=now, bound_project=self.key.project)
        with tenant_scope(self.key.tenant_id, within=ANSWER_WITHIN):
            note_key_use(self.key, now=now)
            verdicts = accept(checked, key=self.key, now=now)
        if any(each.status == "accepted" for each in verdicts):
            ring(self.key.tenant_id)
        body = answer(verdicts)
        count_events(body, verdicts)
        return Response(body)
