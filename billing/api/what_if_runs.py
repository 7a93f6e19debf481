"""What-if at length over HTTP: ask, look, stop, go on. A worker prices every event, day by day."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.calculator_schemas import NewWhatIfRun, WhatIfRunAnswer, WhatIfRunsAnswer
from billing.api.catalogue import ManagedView, found
from billing.api.what_if import what_if_data
from billing.insights.what_if_run import answer_of, ask_what_if, resume_what_if, stop_what_if
from billing.models import WhatIfRun
from billing.periods import PeriodError, range_from_query, today_in
from tenants.models import Tenant
from tenants.problems import Problem


def run_data(run: WhatIfRun) -> dict[str, Any]:
    return {
        "id": run.pk,
        "state": run.state,
        "stopped_because": run.stopped_because,
        "settings": run.settings,
        "client": run.client,
        "project": run.project,
        "since": run.since.isoformat(),
        "until": run.until.isoformat(),
        "answered_until": run.next_day.isoformat(),
        "percent": run.percent,
        "asked_at": run.asked_at.isoformat(),
        "asked_by": run.asked_by,
    }


class RunView(ManagedView):
    def one(self, run_id: int) -> WhatIfRun:
        """Of a key that is bound to a project: one that asks about it."""
        bound = self.key.project
        runs = WhatIfRun.objects.filter(**({"project": bound} if bound else {}))
        run: WhatIfRun = found(runs, what="question", pk=run_id)
        return run


class WhatIfRuns(RunView):
    @extend_schema(operation_id="list_what_if_runs", tags=["Spend"], responses=WhatIfRunsAnswer)
    def get(self, request: Request) -> Response:
        """The newest hundred questions, answered or not."""
        bound = self.key.project
        runs = WhatIfRun.objects.filter(**({"project": bound} if bound else {}))
        return Response({"runs": [run_data(each) for each in runs[:100]]})

    @extend_schema(
        operation_id="ask_what_if",
        tags=["Spend"],
        request=NewWhatIfRun,
        responses={201: WhatIfRunAnswer},
    )
    def post(self, request: Request) -> Response:
        """Ask what `GET /what-if` asks, of as many events as there are."""
        data, now = self.valid(NewWhatIfRun), timezone.now()
        days = {name: str(data[name]) for name in ("since", "until")}
        try:
            span = range_from_query(days, today=today_in(Tenant.objects.get().timezone, now=now))
        except PeriodError as error:
            raise Problem(400, "invalid_range", error.detail, field=error.field) from error
        run = ask_what_if(
            span,
            data["settings"],
            client=data.get("client", ""),
            project=self.project_of(data.get("project", "")),
            actor=self.actor,
            now=now,
        )
        return Response(run_data(run), status=201)


class OneWhatIfRun(RunView):
    scopes: ClassVar = {"GET": frozenset({"read"})}

    @extend_schema(operation_id="get_what_if_run", tags=["Spend"], responses=WhatIfRunAnswer)
    def get(self, request: Request, run_id: int) -> Response:
        """A question and its answer as far as it is; days before `answered_until` are whole."""
        run = self.one(run_id)
        return Response(run_data(run) | {"answer": what_if_data(answer_of(run))})


class StopWhatIfRun(RunView):
    scopes: ClassVar = {"POST": frozenset({"manage"})}

    @extend_schema(
        operation_id="stop_what_if_run", tags=["Spend"], request=None, responses=WhatIfRunAnswer
    )
    def post(self, request: Request, run_id: int) -> Response:
        """End it before its next day; what is answered stays."""
        run = self.one(run_id)
        stop_what_if(run, actor=self.actor, now=timezone.now())
        return Response(run_data(run))


class ResumeWhatIfRun(RunView):
    scopes: ClassVar = {"POST": frozenset({"manage"})}

    @extend_schema(
        operation_id="resume_what_if_run", tags=["Spend"], request=None, responses=WhatIfRunAnswer
    )
    def post(self, request: Request, run_id: int) -> Response:
        """Go on where it was stopped."""
        run = self.one(run_id)
        resume_what_if(run, actor=self.actor, now=timezone.now())
        return Response(run_data(run))
