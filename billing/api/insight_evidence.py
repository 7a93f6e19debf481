"""GET /api/v1/insights/breaks, /tasks, /sums: what stands behind an insight; POST /answer: what one says."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api import insight_schemas as schemas
from billing.api.catalogue import ManagedView
from billing.api.insights import DAYS, InsightView
from billing.api.queries import refuse_unknown
from billing.insights.breaks import CAUSES
from billing.insights.evidence import (
    BrokenCall,
    TaskStatistics,
    breaks_by_day,
    broken_calls,
    task_statistics,
)
from billing.insights.notes import answer
from billing.insights.ranked import Found, found_sums, ranked
from billing.models import InsightNote
from billing.models.insights import SumKind
from billing.money import plain
from billing.periods import DayRange, today_in
from tenants.models import Tenant
from tenants.problems import Problem

PROJECT = OpenApiParameter("project", str, description="Only this project.")
SPAN = {"since", "until", "range", "project"}


class EvidenceView(InsightView):
    scopes: ClassVar = {"GET": frozenset({"read"})}

    def said(self, tenant: Tenant, days: DayRange, **more: object) -> Response:
        span = {"since": days.since.isoformat(), "until": days.until.isoformat()}
        return Response({"currency": "USD", "timezone": tenant.timezone, **span, **more})


class Breaks(EvidenceView):
    @extend_schema(
        operation_id="list_cache_breaks",
        tags=["Insights"],
        responses=schemas.BreaksAnswer,
        parameters=[*DAYS, PROJECT, OpenApiParameter("cause", str, enum=sorted(CAUSES))],
    )
    def get(self, request: Request) -> Response:
        """Calls that wrote to the cache again what they could have read: by project and cause, by day, and
        the thirty that wasted most. `wasted` is what was paid for it less what the read had cost."""
        query = request.query_params
        refuse_unknown(query, {*SPAN, "cause"})
        project, cause = self.project_of(query.get("project", "")), query.get("cause", "")
        if cause and cause not in CAUSES:
            known = ", ".join(sorted(CAUSES))
            raise Problem(400, "unknown_parameter", f"cause is one of {known}.", field="cause")
        tenant = Tenant.objects.get()
        days = self.days(request, tenant)
        sums = found_sums(days, kinds=[SumKind.BREAK], project=project)
        by_day = breaks_by_day(days, project=project, cause=cause)
        return self.said(
            tenant,
            days,
            rows=[_sum(each) for each in sums if cause in ("", each.label)],
            by_day=[
                {"day": day.isoformat(), "wasted": plain(sum_)} for day, sum_ in by_day.items()
            ],
            calls=[_call(each) for each in broken_calls(days, project=project, cause=cause)],
        )


class Tasks(EvidenceView):
    @extend_schema(
        operation_id="list_tasks",
        tags=["Insights"],
        responses=schemas.TasksAnswer,
        parameters=[*DAYS, PROJECT],
    )
    def get(self, request: Request) -> Response:
        """Per project: tasks, their turns and tool calls, what half and 95 of 100 cost at most, how many times
        its first call a task costs, and the five dearest."""
        refuse_unknown(request.query_params, SPAN)
        project = self.project_of(request.query_params.get("project", ""))
        tenant = Tenant.objects.get()
        days = self.days(request, tenant)
        found = [each for each in task_statistics(days) if project in ("", each.project)]
        return self.said(tenant, days, projects=[_tasks(each) for each in found])


class Sums(EvidenceView):
    @extend_schema(
        operation_id="list_insight_sums",
        tags=["Insights"],
        responses=schemas.SumsAnswer,
        parameters=[
            *DAYS,
            PROJECT,
            OpenApiParameter("kind", str, required=True, enum=sorted(SumKind.values)),
        ],
    )
    def get(self, request: Request) -> Response:
        """What nights have found, by project and label; sums overlap.

        The label is: of `band` the prompt tokens where it begins; of `turn` which call of its session;
        of `streamed` yes, no or unknown; of `trim` the tokens that prompts are cut to; of `lifetime` the one of
        all writes; of `batch` and `idle` the environment; of `break` the cause. `detail` is a model, and of
        `batch` a feature.
        """
        query = request.query_params
        refuse_unknown(query, {*SPAN, "kind"})
        if query.get("kind") not in SumKind.values:
            known = ", ".join(sorted(SumKind.values))
            raise Problem(400, "unknown_parameter", f"kind is one of {known}.", field="kind")
        tenant = Tenant.objects.get()
        days = self.days(request, tenant)
        project = self.project_of(query.get("project", ""))
        sums = found_sums(days, kinds=[SumKind(query["kind"])], project=project)
        return self.said(tenant, days, kind=query["kind"], rows=[_sum(each) for each in sums])


class InsightAnswer(ManagedView):
    scopes: ClassVar = {"POST": frozenset({"manage"})}

    @extend_schema(
        operation_id="answer_insight",
        tags=["Insights"],
        request=schemas.InsightAnswerBody,
        responses=schemas.InsightNoteAnswer,
    )
    def post(self, request: Request) -> Response:
        """Mark an insight, by its key, as done or dismissed; an empty state opens it again."""
        body = self.valid(schemas.InsightAnswerBody)
        key, state = body["insight"], body["state"]
        today = today_in(Tenant.objects.get().timezone, now=timezone.now())
        known = ranked(today=today, project=self.project_of(""))
        if key not in {each.key for each in known}:
            raise Problem(404, "not_found", "There is no such insight now.", field="insight")
        answer(key, state=state, actor=self.actor, now=timezone.now())
        note = InsightNote.objects.filter(insight=key).first()
        said: dict[str, object] = {"insight": key, "state": state, "noted_by": "", "noted_at": None}
        if note:
            said |= {"noted_by": note.noted_by, "noted_at": note.noted_at.isoformat()}
        return Response(said)


def _sum(each: Found) -> dict[str, object]:
    return {
        "project": each.project,
        "label": each.label,
        "detail": each.detail,
        "events": each.events,
        "tokens": each.tokens,
        "cost": plain(each.cost),
        "saving": plain(each.saving),
    }


def _call(each: BrokenCall) -> dict[str, object]:
    return {
        "occurred_at": each.at.isoformat(),
        "project": each.project,
        "cause": each.cause,
        "model": each.model,
        "tokens": each.tokens,
        "wasted": plain(each.wasted),
        "gap_seconds": each.gap_seconds,
        "source": each.source,
        "id": each.event_id,
    }


def _tasks(each: TaskStatistics) -> dict[str, Any]:
    def said(amount: Decimal | None) -> str | None:
        return None if amount is None else plain(amount)

    dearest: list[Mapping[str, str]] = [
        {"task": name, "cost": plain(cost)} for name, cost in each.dearest
    ]
    return {
        "project": each.project,
        "tasks": each.tasks,
        "turns": each.turns,
        "tool_calls": each.tool_calls,
        "cost": plain(each.cost),
        "unpriced_events": each.unpriced,
        "p50": plain(each.p50),
        "p95": plain(each.p95),
        "turns_each": said(each.turns_each),
        "multiplier": said(each.multiplier),
        "dearest": dearest,
    }
