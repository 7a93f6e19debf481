"""GET /api/v1/calculator: what a planned conversation costs at the tenant's prices, with the working."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.calculator_schemas import CalculatorAnswer
from billing.api.queries import refuse_unknown
from billing.flow.book import price_book
from billing.money import plain
from billing.reports.calculator import (
    BOUNDS,
    CHOICES,
    PARAMETERS,
    Estimate,
    NoPrice,
    Plan,
    PlanError,
    TurnCost,
    Working,
    estimates,
    plan_of,
    query_of,
)
from billing.reports.event_json import line_data
from tenants.keyview import KeyView
from tenants.problems import Problem


def estimate_data(found: Estimate | NoPrice) -> dict[str, Any]:
    if isinstance(found, NoPrice):
        return {"model": found.model, "unpriced_reason": found.reason, "detail": found.words}
    return {
        "model": found.model,
        "unpriced_reason": None,
        "first_turn": _turn(found.first),
        "last_turn": _turn(found.last),
        "conversation": plain(found.conversation),
        "conversation_uncached": plain(found.conversation_uncached),
        "per_1000_turns": plain(found.thousand_turns),
        "per_1000_turns_uncached": plain(found.thousand_turns_uncached),
        "month": plain(found.month),
        "month_uncached": plain(found.month_uncached),
        "saving": plain(found.saving),
        "multiplier": None if found.multiplier is None else plain(found.multiplier),
        "components": {name: plain(cost) for name, cost in found.parts.items()},
        "working": [_working(each) for each in found.workings],
    }


def _turn(turn: TurnCost) -> dict[str, Any]:
    return {
        "tokens": turn.tokens,
        "cost": plain(turn.cost),
        "cost_uncached": plain(turn.cost_uncached),
    }


def _working(working: Working) -> dict[str, Any]:
    lines = [line_data(line) for line in working.lines]
    return {
        "turn": working.number,
        "calls": working.calls,
        "lines": lines,
        "cost": plain(working.cost),
    }


def _parameters() -> list[OpenApiParameter]:
    standard = dict(query_of(Plan()))
    numbers = [
        OpenApiParameter(
            name, int, description=f"{least:,} to {most:,}; default {int(standard[name]):,}."
        )
        for name, (least, most) in BOUNDS.items()
    ]
    words = [
        OpenApiParameter(name, str, enum=known, description=f"Default {standard[name]}.")
        for name, known in CHOICES.items()
    ]
    models = OpenApiParameter(
        "model",
        str,
        many=True,
        description="Up to four, `model=a&model=b`; the first is the plan's.",
    )
    return [models, *numbers, *words]


class Calculator(KeyView):
    scopes: ClassVar = {"GET": frozenset({"read"})}

    @extend_schema(
        operation_id="calculate",
        tags=["Prices"],
        responses=CalculatorAnswer,
        parameters=_parameters(),
    )
    def get(self, request: Request) -> Response:
        """What a planned conversation costs per turn, conversation and month, cached and not, by model."""
        query = request.query_params
        refuse_unknown(query, PARAMETERS)
        try:
            plan = plan_of(query, models=query.getlist("model"))
        except PlanError as error:
            raise Problem(400, "invalid_plan", error.detail, field=error.field) from error
        found = estimates(plan, book=price_book(), now=timezone.now())
        return Response(
            {
                "currency": "USD",
                "plan": dict(query_of(plan)) | {"model": list(plan.models)},
                "estimates": [estimate_data(each) for each in found],
            }
        )
