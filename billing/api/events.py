"""GET /api/v1/events: the ledger page by page, and one event with the reason for its cost."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.schemas import EventAnswer, EventsAnswer
from billing.periods import day_of, start_of
from billing.reports.event_filters import IDLE, PROMPT_ABOVE
from billing.reports.event_json import detail_data, summary_data
from billing.reports.events import PAGE, CursorError, event_at, events
from tenants.actions import note_key_use
from tenants.keyview import KeyView
from tenants.models import Tenant
from tenants.problems import Problem
from tenants.scoping import ANSWER_WITHIN, tenant_scope

FILTERS = ("model", "environment", "feature", "session", "task", PROMPT_ABOVE, IDLE)


class EventReading(KeyView):
    """The reading half of /events."""

    @extend_schema(
        operation_id="list_events",
        tags=["Events"],
        responses=EventsAnswer,
        parameters=[
            OpenApiParameter(
                "since", str, description="From this day (in the tenant's zone) or instant on."
            ),
            OpenApiParameter("until", str, description="Before this day or instant."),
            OpenApiParameter("project", str, description="Slug of a project."),
            OpenApiParameter("model", str, description="Only this model."),
            OpenApiParameter("environment", str, description="Only this environment."),
            OpenApiParameter("feature", str, description="Only this feature."),
            OpenApiParameter("session", str, description="Only this session."),
            OpenApiParameter("task", str, description="Only this task."),
            OpenApiParameter(
                PROMPT_ABOVE, int, description="Only prompts of more than so many tokens."
            ),
            OpenApiParameter(
                IDLE,
                str,
                enum=["yes"],
                description="Only what the idle insight counts: beside production, on weekends or from"
                " 21:00 to 7:00 in the tenant's zone, and not taken back.",
            ),
            OpenApiParameter("cursor", str, description="`next_cursor` of the page before."),
        ],
    )
    def get(self, request: Request) -> Response:
        """The events, newest first, 100 to a page."""
        query = request.query_params
        with tenant_scope(self.key.tenant_id, within=ANSWER_WITHIN):
            note_key_use(self.key, now=timezone.now())
            try:
                page = events(
                    since=_instant(query.get("since", ""), field="since"),
                    until=_instant(query.get("until", ""), field="until"),
                    project=self.project_of(query.get("project", "")),
                    cursor=query.get("cursor", ""),
                    limit=PAGE,
                    **_filters(query),
                )
            except CursorError as error:
                raise Problem(400, "invalid_cursor", str(error), field="cursor") from error
        return Response(
            {
                "events": [summary_data(each) for each in page.events],
                "next_cursor": page.next_cursor or None,
            }
        )


class OneEvent(KeyView):
    scopes: ClassVar = {"GET": frozenset({"read"})}

    @extend_schema(operation_id="get_event", tags=["Events"], responses=EventAnswer)
    def get(self, request: Request, source: str, event_id: str) -> Response:
        """Why this number: tokens × rate × multipliers, line by line. The source `-` stands for none."""
        detail = event_at(f"{source}/{event_id}")
        if detail is None or self.key.project not in ("", detail.summary.project):
            raise Problem(404, "not_found", "There is no event of this source and id.")
        return Response(detail_data(detail))


def _filters(query: Mapping[str, str]) -> dict[str, str]:
    """The filters that are set."""
    filters = {name: query[name] for name in FILTERS if query.get(name)}
    above = filters.get(PROMPT_ABOVE, "0")
    if not (above.isascii() and above.isdigit() and len(above) < 14):
        raise Problem(400, "invalid_choice", "prompt_above is a number.", field=PROMPT_ABOVE)
    if filters.get(IDLE, "yes") != "yes":
        raise Problem(400, "invalid_choice", "idle is yes.", field=IDLE)
    if any("\0" in value for value in filters.values()):
        raise Problem(400, "bad_request", "A filter has no NUL in it.")
    return filters


def _instant(text: str, *, field: str) -> datetime | None:
    """An instant with an offset, or a day: then the instant at which it begins in the tenant's zone."""
    if not text:
        return None
    try:
        if day := day_of(text):
            return start_of(day, timezone=Tenant.objects.get().timezone)
        found = parse_datetime(text)
        if found is not None and found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Problem(
        400,
        "invalid_time",
        f"{field} must be a day such as 2026-11-22, or a time such as 2026-11-22T10:00:00Z"
        " (in an address the + of an offset is written %2B).",
        field=field,
    )
