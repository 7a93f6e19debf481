"""GET /api/v1/spend: the one report, as JSON."""

from datetime import date
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.queries import refuse_unknown
from billing.api.schemas import SpendAnswer
from billing.money import plain
from billing.periods import PRESETS, PeriodError, period_text, range_from_query, today_in
from billing.reports.components import COMPONENT
from billing.reports.filters import COLUMNS, NOT_NAMED
from billing.reports.ranking import leaders, top_of, with_other
from billing.reports.spend import TOKEN_CLASS, Measures, ReportError, Row, spend
from tenants.keyview import KeyView
from tenants.models import Tenant
from tenants.problems import Problem

FILTERS = (*COLUMNS, TOKEN_CLASS)
OF_WHOLE_CALLS = ("cost_list", "billed", "cost_uncached", "saving")
PARAMETERS = {"since", "until", "range", "granularity", "group_by", "top", *FILTERS}


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
    data = {"period": period_text(row.period), **row.keys, **measures_data(row.measures)}
    if TOKEN_CLASS in row.keys:
        return data | dict.fromkeys(OF_WHOLE_CALLS)
    return data | ({"cost_list": None} if COMPONENT in row.keys else {})


def _filter_words(name: str) -> str:
    """(none) is said once for all, where a dimension may be without a name."""
    none = f"; {NOT_NAMED}: what names none" if name in {"feature", "environment"} else ""
    return f"Only this {name}{none}."


class Spend(KeyView):
    scopes: ClassVar = {"GET": frozenset({"read"})}

    @extend_schema(
        operation_id="get_spend",
        tags=["Spend"],
        responses=SpendAnswer,
        parameters=[
            OpenApiParameter("since", date, description="First day, in the tenant's zone."),
            OpenApiParameter("until", date, description="The day after the last one."),
            OpenApiParameter("range", str, description=f"Instead of days: {', '.join(PRESETS)}."),
            OpenApiParameter(
                "granularity", str, description="day (default), hour, month or total."
            ),
            OpenApiParameter(
                "group_by",
                str,
                description="Up to two of client, project, model, provider, api_key, variant,"
                " feature, environment, component, token_class, with a comma between.",
            ),
            OpenApiParameter(
                "top",
                int,
                description="Of each dimension this many values by cost, the rest as (other).",
            ),
            *(OpenApiParameter(name, str, description=_filter_words(name)) for name in FILTERS),
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
            top = top_of(query.get("top", ""))
            group_by = [name for name in query.get("group_by", "").split(",") if name]
            report = spend(
                days, granularity=query.get("granularity", "day"), group_by=group_by, narrow=filters
            )
        except PeriodError as error:
            raise Problem(400, "invalid_range", error.detail, field=error.field) from error
        except ReportError as error:
            raise Problem(400, error.code, error.detail, field=error.field) from error
        rows = report.rows
        if top:
            rows = with_other(rows, keep=leaders(rows, group_by=group_by, top=top))
        return Response(
            {
                "currency": "USD",
                "timezone": tenant.timezone,
                "since": days.since.isoformat(),
                "until": days.until.isoformat(),
                "as_of": report.as_of.isoformat(),
                "rows": [row_data(row) for row in rows],
                "total": {
                    "period": None,
                    **measures_data(report.total),
                    **({"cost_list": None} if COMPONENT in group_by else {}),
                },
            }
        )
