"""GET /api/v1/insights/…: the questions of the insight pages, as JSON."""

from datetime import date
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.insight_schemas import CachingAnswer, InsightsAnswer
from billing.api.queries import refuse_unknown
from billing.insights.caching import caching
from billing.insights.ranked import Insight, month_to, ranked
from billing.money import plain
from billing.periods import DayRange, PeriodError, period_text, range_from_query, today_in
from billing.reports.event_filters import IDLE, PROMPT_ABOVE
from billing.reports.measures import Measures
from billing.reports.spend import ReportError
from tenants.keyview import KeyView
from tenants.models import Tenant
from tenants.problems import Problem

DAYS = [
    OpenApiParameter("since", str, description="First day, in the tenant's zone."),
    OpenApiParameter("until", str, description="The day after the last one."),
    OpenApiParameter(
        "range", str, description="Instead of days: today, 7d, month, last-month, 90d."
    ),
]


def caching_data(measures: Measures) -> dict[str, Any]:
    """A rate or multiplier of null: there is nothing to divide by."""
    hit_rate, multiplier = measures.cache_hit_rate, measures.multiplier
    return {
        "events": measures.events,
        "unpriced_events": measures.unpriced_events,
        "tokens": measures.tokens,
        "hit_rate": None if hit_rate is None else plain(hit_rate),
        "cost": plain(measures.cost),
        "cost_uncached": plain(measures.cost_uncached),
        "saving": plain(measures.saving),
        "multiplier": None if multiplier is None else plain(multiplier),
    }


def evidence_of(insight: Insight, *, today: date) -> str:
    """Where a program finds the events behind an insight, or the sums of those that no filter finds."""
    days = month_to(today)
    asked = {"since": days.since.isoformat(), "until": days.until.isoformat()}
    asked |= {"project": insight.project}
    call, name = {
        "break": ("insights/breaks", "cause"),
        "cache": ("insights/caching", "model"),
        "lifetime": ("events", "model"),
        "trim": ("events", PROMPT_ABOVE),
        "idle": ("events", "environment"),
    }.get(insight.kind, ("insights/sums", "kind"))
    asked[name] = insight.kind if name == "kind" else insight.label
    if insight.kind == "idle":
        asked[IDLE] = "yes"
    return f"/api/v1/{call}?{urlencode(asked)}"


class InsightView(KeyView):
    """A reading call about a span of days."""

    def days(self, request: Request, tenant: Tenant) -> DayRange:
        try:
            return range_from_query(
                request.query_params,
                today=today_in(tenant.timezone, now=timezone.now()),
                week_starts_on=tenant.week_starts_on,
            )
        except PeriodError as error:
            raise Problem(400, "invalid_range", error.detail, field=error.field) from error


class Caching(InsightView):
    scopes: ClassVar = {"GET": frozenset({"read"})}

    @extend_schema(
        operation_id="get_caching",
        tags=["Insights"],
        responses=CachingAnswer,
        parameters=[
            *DAYS,
            OpenApiParameter("granularity", str, description="day (default), month or total."),
            OpenApiParameter("client", str, description="Only this client."),
            OpenApiParameter("project", str, description="Only this project."),
            OpenApiParameter("model", str, description="Only this model."),
        ],
    )
    def get(self, request: Request) -> Response:
        """What caching saved, per period, project and model, after the premium of its writes.

        cost + saving = cost_uncached, exactly; multiplier = cost_uncached / cost.
        """
        query = request.query_params
        names = ("client", "project", "model")
        refuse_unknown(query, {"since", "until", "range", "granularity", *names})
        tenant = Tenant.objects.get()
        days = self.days(request, tenant)
        try:
            report = caching(
                days,
                granularity=query.get("granularity", "day"),
                client=query.get("client", ""),
                project=self.project_of(query.get("project", "")),
                model=query.get("model", ""),
            )
        except ReportError as error:
            raise Problem(400, error.code, error.detail, field=error.field) from error
        rows = [
            {"period": period_text(row.period), **row.keys, **caching_data(row.measures)}
            for row in report.rows
        ]
        return Response(
            {
                "currency": "USD",
                "timezone": tenant.timezone,
                "since": days.since.isoformat(),
                "until": days.until.isoformat(),
                "as_of": report.as_of.isoformat(),
                "rows": rows,
                "total": {"period": None, **caching_data(report.total)},
            }
        )


class Insights(InsightView):
    scopes: ClassVar = {"GET": frozenset({"read"})}

    @extend_schema(operation_id="list_insights", tags=["Insights"], responses=InsightsAnswer)
    def get(self, request: Request) -> Response:
        """What would have saved most in the last 30 days, as sentences with dollars."""
        refuse_unknown(request.query_params, ())
        today = today_in(Tenant.objects.get().timezone, now=timezone.now())
        found = ranked(today=today, project=self.project_of(""))
        return Response(
            {
                "currency": "USD",
                "insights": [
                    {
                        "key": each.key,
                        "kind": each.kind,
                        "project": each.project,
                        "monthly": plain(each.monthly),
                        "events": each.events,
                        "says": each.says,
                        "fix": each.fix,
                        "evidence": evidence_of(each, today=today),
                        "state": each.state,
                        "noted_by": each.noted_by,
                        "noted_at": each.noted_at and each.noted_at.isoformat(),
                    }
                    for each in found
                ],
            }
        )
