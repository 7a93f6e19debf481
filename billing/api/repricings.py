"""Re-pricing over HTTP: count what would change, look, apply or cancel."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.catalogue import READ_OR_MANAGE
from billing.api.terms import TermsView
from billing.flow.reprice_run import apply_repricing, cancel_repricing, plan_repricing
from billing.models import Repricing
from billing.money import plain
from billing.periods import PeriodError, checked_range
from billing.reports.repricing import Changed, RunReport, run_report, runs
from tenants.problems import Problem


class NewRepricing(s.Serializer[object]):
    since = s.DateField(help_text="First day, of the tenant's zone.")
    until = s.DateField(help_text="The day after the last one.")
    models = s.ListField(
        child=s.CharField(max_length=200),
        required=False,
        max_length=100,
        help_text="As events name them; without it, all.",
    )
    only_unpriced = s.BooleanField(required=False, help_text="Only events without a price.")
    reason = s.CharField(max_length=500, help_text="Stays with every figure that changes.")


class ChangedAnswer(s.Serializer[object]):
    events = s.IntegerField()
    newly_priced = s.IntegerField()
    newly_unpriced = s.IntegerField()
    old_cost = s.CharField()
    new_cost = s.CharField()
    difference = s.CharField()


class ChangedRowAnswer(ChangedAnswer):
    client = s.CharField()
    day = s.DateField()


class RepricingAnswer(s.Serializer[object]):
    id = s.IntegerField()
    state = s.ChoiceField(["counting", "ready", "applying", "done", "cancelled", "stopped"])
    stopped_because = s.CharField()
    since = s.DateField()
    until = s.DateField()
    models = s.ListField(child=s.CharField())
    only_unpriced = s.BooleanField()
    reason = s.CharField()
    made_at = s.DateTimeField()
    made_by = s.CharField()
    applied_by = s.CharField()
    finished_at = s.DateTimeField(allow_null=True)
    seen = s.IntegerField(help_text="Events that the present pass has looked at.")
    expected = s.IntegerField(help_text="Events in the range when the run was planned.")


class RepricingDetail(RepricingAnswer):
    counted = ChangedAnswer(help_text="What would change.")
    applied = ChangedAnswer(help_text="What has changed.")
    rows = ChangedRowAnswer(many=True)


class RepricingsAnswer(s.Serializer[object]):
    repricings = RepricingAnswer(many=True)


def run_data(run: Repricing) -> dict[str, Any]:
    return {
        "id": run.pk,
        "state": run.state,
        "stopped_because": run.stopped_because,
        "since": run.since.isoformat(),
        "until": run.until.isoformat(),
        "models": run.only_models,
        "only_unpriced": run.only_unpriced,
        "reason": run.reason,
        "made_at": run.made_at.isoformat(),
        "made_by": run.made_by,
        "applied_by": run.applied_by,
        "finished_at": run.finished_at and run.finished_at.isoformat(),
        "seen": run.seen,
        "expected": run.expected,
    }


def changed_data(changed: Changed) -> dict[str, Any]:
    return {
        "events": changed.events,
        "newly_priced": changed.newly_priced,
        "newly_unpriced": changed.newly_unpriced,
        "old_cost": plain(changed.old_cost),
        "new_cost": plain(changed.new_cost),
        "difference": plain(changed.difference),
    }


def detail_data(report: RunReport) -> dict[str, Any]:
    return run_data(report.run) | {
        "counted": changed_data(report.counted),
        "applied": changed_data(report.applied),
        "rows": [
            {"client": row.client, "day": row.day.isoformat(), **changed_data(row.changed)}
            for row in report.rows
        ],
    }


class Repricings(TermsView):
    @extend_schema(operation_id="list_repricings", tags=["Prices"], responses=RepricingsAnswer)
    def get(self, request: Request) -> Response:
        """The newest 50 runs."""
        return Response({"repricings": [run_data(run) for run in runs()]})

    @extend_schema(
        operation_id="plan_repricing",
        tags=["Prices"],
        request=NewRepricing,
        responses={201: RepricingDetail},
    )
    def post(self, request: Request) -> Response:
        """Begin to count what pricing these days again would change. Nothing changes yet."""
        data = self.valid(NewRepricing)
        try:
            days = checked_range(data.pop("since"), data.pop("until"))
        except PeriodError as error:
            raise Problem(400, "invalid_range", error.detail, field=error.field) from error
        run = plan_repricing(
            since=days.since,
            until=days.until,
            **data,
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(detail_data(_report(run.pk)), status=201)


class OneRepricing(TermsView):
    scopes: ClassVar = {"GET": READ_OR_MANAGE["GET"]}

    @extend_schema(operation_id="get_repricing", tags=["Prices"], responses=RepricingDetail)
    def get(self, request: Request, run_id: int) -> Response:
        """A run, how far it is, and what it changes per client and day."""
        return Response(detail_data(_report(run_id)))


class ApplyRepricing(TermsView):
    scopes: ClassVar = {"POST": READ_OR_MANAGE["POST"]}

    @extend_schema(
        operation_id="apply_repricing", tags=["Prices"], request=None, responses=RepricingDetail
    )
    def post(self, request: Request, run_id: int) -> Response:
        """Book what was counted. Every event keeps its old figure beside the new one."""
        apply_repricing(_report(run_id).run, actor=self.actor, now=timezone.now())
        return Response(detail_data(_report(run_id)))


class CancelRepricing(TermsView):
    scopes: ClassVar = {"POST": READ_OR_MANAGE["POST"]}

    @extend_schema(
        operation_id="cancel_repricing", tags=["Prices"], request=None, responses=RepricingDetail
    )
    def post(self, request: Request, run_id: int) -> Response:
        """End a run before its next batch. What was applied stays applied."""
        cancel_repricing(_report(run_id).run, actor=self.actor, now=timezone.now())
        return Response(detail_data(_report(run_id)))


def _report(run_id: int) -> RunReport:
    report = run_report(run_id)
    if report is None:
        raise Problem(404, "not_found", "There is no such run.")
    return report
