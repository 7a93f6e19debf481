"""GET /api/v1/spend: the one report, as JSON."""

from collections.abc import Collection
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
from billing.reports.apart import UNPRICED, spend_apart
from billing.reports.buckets import TOKEN_CLASS
from billing.reports.components import COMPONENT
from billing.reports.filters import COLUMNS, NOT_NAMED, PRICED
from billing.reports.measures import Measures, Row
from billing.reports.ranking import leaders, top_of, with_other
from billing.reports.spend import ReportError, spend
from tenants.keyview import KeyView
from tenants.models import Tenant
from tenants.problems import Problem

FILTERS = (*COLUMNS, COMPONENT, TOKEN_CLASS)
APART = "apart"
OF_WHOLE_CALLS = ("cost_list", "billed", "cost_uncached", "saving")
AMOUNTS = ("cost", *OF_WHOLE_CALLS)
PARAMETERS = {"since", "until", "range", "granularity", "group_by", "top", "unpriced", *FILTERS}


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


def row_data(row: Row, *, unknown: Collection[str]) -> dict[str, Any]:
    """`unknown`: figures that this report does not have. What has no price has no amount at all."""
    open_figures = {*unknown, *AMOUNTS} if row.is_unpriced else unknown
    data = {"period": period_text(row.period), **row.keys, **measures_data(row.measures)}
    return data | dict.fromkeys(open_figures)


def apart_data(row: Row, *, unknown: Collection[str]) -> dict[str, Any]:
    marks = {"is_unpriced": row.is_unpriced, "is_partial": row.is_partial}
    return row_data(row, unknown=unknown) | marks


def unknown_of(asked: Collection[str]) -> tuple[str, ...]:
    """Of a token class only the cost is known: discount, mark-up and caching are of the whole call. Of a
    component all is known but the discount. `asked`: what is grouped or filtered by."""
    if TOKEN_CLASS in asked:
        return OF_WHOLE_CALLS
    return ("cost_list",) if COMPONENT in asked else ()


def _filter_words(name: str) -> str:
    """(none) is said once for all, where a dimension may be without a name."""
    if name == PRICED:
        return "yes: only what has a price; no: only what has none."
    none = f"; {NOT_NAMED}: what names none" if name in {"feature", "environment"} else ""
    also = "; events are then those in which it occurs" if name == COMPONENT else ""
    return f"Only this {name}{none}{also}."


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
            OpenApiParameter(
                "unpriced",
                str,
                enum=[APART],
                description="apart: what has no price in a row of its own per period, whose keys are"
                f" {UNPRICED}, `is_unpriced`, and whose amounts are null; a row whose value has more events"
                " there is `is_partial`. Only where something is told apart.",
            ),
            *(OpenApiParameter(name, str, description=_filter_words(name)) for name in FILTERS),
        ],
    )
    def get(self, request: Request) -> Response:
        """Spend by period and dimension; the rows add up to the total exactly.

        Components are kept by day: asked by the hour they are `unknown_granularity`.
        """
        query = request.query_params
        refuse_unknown(query, PARAMETERS)
        tenant = Tenant.objects.get()
        filters = {name: query.get(name, "") for name in FILTERS}
        filters["project"] = self.project_of(filters["project"])
        try:
            days = range_from_query(
                query,
                today=today_in(tenant.timezone, now=timezone.now()),
                week_starts_on=tenant.week_starts_on,
            )
            top = top_of(query.get("top", ""))
            group_by = [name for name in query.get("group_by", "").split(",") if name]
            is_apart = _is_apart(query.get("unpriced", ""))
            granularity = query.get("granularity", "day")
            if is_apart:
                report = spend_apart(
                    days, granularity=granularity, group_by=group_by, narrow=filters
                ).report
            else:
                report = spend(days, granularity=granularity, group_by=group_by, narrow=filters)
        except PeriodError as error:
            raise Problem(400, "invalid_range", error.detail, field=error.field) from error
        except ReportError as error:
            raise Problem(400, error.code, error.detail, field=error.field) from error
        rows = report.rows
        if top:
            rows = with_other(rows, keep=leaders(rows, group_by=group_by, top=top))
        narrowed = [name for name, value in filters.items() if value]
        unknown, data = unknown_of([*group_by, *narrowed]), apart_data if is_apart else row_data
        of_total = unknown_of([*narrowed, *({COMPONENT} & {*group_by})])
        return Response(
            {
                "currency": "USD",
                "timezone": tenant.timezone,
                "since": days.since.isoformat(),
                "until": days.until.isoformat(),
                "as_of": report.as_of.isoformat(),
                "rows": [data(row, unknown=unknown) for row in rows],
                "total": {
                    "period": None,
                    **measures_data(report.total),
                    **dict.fromkeys(of_total),
                },
            }
        )


def _is_apart(said: str) -> bool:
    if said not in {"", APART}:
        raise ReportError("invalid_choice", f"unpriced is {APART} or left out.", field="unpriced")
    return said == APART
