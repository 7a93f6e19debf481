"""GET /api/v1/spend: the one report, as JSON."""

from datetime import UTC, date, datetime
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.queries import refuse_unknown
from billing.api.schemas import SpendAnswer
from billing.money import plain
from billing.periods import PeriodError, range_from_query, today_in
from billing.reports.components import COMPONENT
from billing.reports.spend import TOKEN_CLASS, Measures, ReportError, Row, spend
from tenants.keyview import KeyView
from tenants.models import Tenant
from tenants.problems import Problem

FILTERS = ("client", "project", "model", "environment")
OF_WHOLE_CALLS = ("cost_list", "billed", "cost_uncached", "saving")
PARAMETERS = {"since", "until", "range", "granularity", "group_by", *FILTERS}


def measures_data(measures: Measures) -> dict[str, Any]:
    return {
        "events": measures.events,
        "cost": plain(measures.cost),
        "cost_list": plain(measures.cost_list),
        "billed": plain(measures.billed),
        "cost_uncached": plain(measures.cost_uncached),
        "saving": plain(measures.saving),
        "tokens": measures.tokens,
        "unpriced_events": measures.unpriced_events,
    }


def row_data(row: Row) -> dict[str, Any]:
    """A row of one token class has its cost only: discount, mark-up and caching are of the whole call.

    Of a component all is known but the discount.
    """
    data = {"period": row_period(row.period), **row.keys, **measures_data(row.measures)}
    if TOKEN_CLASS in row.keys:
        return data | dict.fromkeys(OF_WHOLE_CALLS)
    return data | ({"cost_list": None} if COMPONENT in row.keys else {})


def row_period(period: date | datetime | None) -> str | None:
    if isinstance(period, datetime):
        return period.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return period.isoformat() if period else None


class Spend(KeyView):
    scopes: ClassVar = {"GET": frozenset({"read"})}

    @extend_schema(
        operation_id="get_spend",
        tags=["Spend"],
        responses=SpendAnswer,
        parameters=[
            OpenApiParameter("since", date, description="First day, in the tenant's zone."),
            OpenApiParameter("until", date, description="The day after the last one."),
            OpenApiParameter(
                "range", str, description="Instead of days: today, 7d, month, last-month, 90d."
            ),
            OpenApiParameter(
                "granularity", str, description="day (default), hour, month or total."
            ),
            OpenApiParameter(
                "group_by",
                str,
                description="Up to two of client, project, model, provider, api_key, variant,"
                " feature, environment, component, token_class, with a comma between.",
            ),
            *(OpenApiParameter(name, str, description=f"Only this {name}.") for name in FILTERS),
        ],
    )
    def get(self, request: Request) -> Response:
        """Spend by period and dimension; the rows add up to the total exactly."""
        query = request.query_params
        refuse_unknown(query, PARAMETERS)
        tenant = Tenant.objects.get()
        filters = {name: query.get(name, "") for name in FILTERS}
        filters["project"] = self.project_of(filters["project"])
        try:
            days = range_from_query(query, today=today_in(tenant.timezone, now=timezone.now()))
            report = spend(
                days,
                granularity=query.get("granularity", "day"),
                group_by=[name for name in query.get("group_by", "").split(",") if name],
                client=filters["client"],
                project=filters["project"],
                model=filters["model"],
                environment=filters["environment"],
            )
        except PeriodError as error:
            raise Problem(400, "invalid_range", error.detail, field=error.field) from error
        except ReportError as error:
            raise Problem(400, error.code, error.detail, field=error.field) from error
        return Response(
            {
                "currency": "USD",
                "timezone": tenant.timezone,
                "since": days.since.isoformat(),
                "until": days.until.isoformat(),
                "as_of": report.as_of.isoformat(),
                "rows": [row_data(row) for row in report.rows],
                "total": {"period": None, **measures_data(report.total)},
            }
        )
