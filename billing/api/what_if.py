"""GET /api/v1/what-if: past spend beside what the same calls had cost under a change."""

from datetime import date
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.calculator_schemas import WhatIfAnswer
from billing.api.queries import refuse_unknown
from billing.flow.price_book import PriceBookError
from billing.money import plain
from billing.periods import PeriodError, range_from_query, today_in
from billing.reports.what_if import Compared, WhatIf, what_if
from billing.reports.what_if_query import RATES, SETTINGS, ChangeError, change_of
from tenants.keyview import KeyView
from tenants.models import Tenant
from tenants.problems import Problem

PARAMETERS = {"since", "until", "range", "client", "project", *SETTINGS}
HELP = {
    "model": "The model to call instead, at today's prices.",
    "of_model": "Change only the calls of this model.",
    "caching": "off, 5m or 1h: without caching, or this lifetime for every write.",
    "batch": "1: everything in batches.",
    "us": "1: everything with US inference.",
    "per_cent": "All prices higher by so many per cent; -50: half.",
    **dict.fromkeys(
        RATES, "Own rate, dollars per million; whatever the prompt's size, without a discount."
    ),
    "client": "Only this client.",
    "project": "Only this project.",
    "range": "Instead of days: today, 7d, month, last-month, 90d.",
}


def what_if_data(found: WhatIf) -> dict[str, Any]:
    return {
        "rows": [
            {"period": row.day.isoformat(), "client": row.client, **_figures(row)}
            for row in found.rows
        ],
        "total": {"period": None, **_figures(found)},
        "left_out": [
            {
                "reason": each.reason,
                "detail": each.words,
                "events": each.events,
                "cost": plain(each.cost),
            }
            for each in found.left_out.values()
        ],
        "unpriced_events": found.unpriced_events,
        "priced_one_by_one": found.one_by_one,
    }


def _figures(row: Compared | WhatIf) -> dict[str, Any]:
    return {"events": row.events, "old": plain(row.old), "new": plain(row.new)}


class WhatIfView(KeyView):
    scopes: ClassVar = {"GET": frozenset({"read"})}

    @extend_schema(
        operation_id="what_if",
        tags=["Spend"],
        responses=WhatIfAnswer,
        parameters=[
            OpenApiParameter("since", date, description="First day, in the tenant's zone."),
            OpenApiParameter("until", date, description="The day after the last one."),
            *(OpenApiParameter(name, str, description=text) for name, text in HELP.items()),
        ],
    )
    def get(self, request: Request) -> Response:
        """What the calls of a range had cost with another model, lifetime, batch, place or price."""
        query, now = request.query_params, timezone.now()
        refuse_unknown(query, PARAMETERS)
        tenant = Tenant.objects.get()
        try:
            days = range_from_query(
                query,
                today=today_in(tenant.timezone, now=now),
                week_starts_on=tenant.week_starts_on,
            )
            change = change_of(query)
            found = what_if(
                days,
                change,
                now=now,
                client=query.get("client", ""),
                project=self.project_of(query.get("project", "")),
            )
        except PeriodError as error:
            raise Problem(400, "invalid_range", error.detail, field=error.field) from error
        except ChangeError as error:
            raise Problem(400, "invalid_plan", error.detail, field=error.field) from error
        except PriceBookError as error:
            detail = "A price changed by that much is finer than 18 decimals."
            raise Problem(400, "invalid_plan", detail, field="per_cent") from error
        head = {"currency": "USD", "timezone": tenant.timezone}
        span = {"since": days.since.isoformat(), "until": days.until.isoformat()}
        return Response(head | span | what_if_data(found))
