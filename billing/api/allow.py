"""GET /api/v1/allow: may this project spend some more? Asked before a call to the model."""

from decimal import Decimal
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.budget_schemas import AllowAnswer
from billing.api.queries import refuse_unknown
from billing.money import ZERO, amount, plain
from billing.periods import today_in
from billing.reports.allow import Allowed, allowed
from tenants.keyview import KeyView
from tenants.models import Project, Tenant
from tenants.problems import Problem

NAMED = ("model", "feature", "environment")


class Allow(KeyView):
    scopes: ClassVar = {"GET": frozenset({"read"})}

    @extend_schema(
        operation_id="may_spend",
        tags=["Budgets"],
        responses=AllowAnswer,
        parameters=[
            OpenApiParameter(
                "project", str, description="Required unless the key is bound to one."
            ),
            OpenApiParameter("estimate", str, description="Dollars that the call may cost."),
            *(
                OpenApiParameter(name, str, description=f"Of the call; for budgets of one {name}.")
                for name in NAMED
            ),
        ],
    )
    def get(self, request: Request) -> Response:
        """May a project spend so much more? The strictest hard budget around it decides.

        It is no reservation, and it says how things stood at `as_of`: ask before each call or each task, and
        decide yourself what to do when there is no answer.
        """
        query = request.query_params
        refuse_unknown(query, {"project", "estimate", *NAMED})
        found = allowed(
            self._project(query.get("project", "")),
            estimate=_estimate(query.get("estimate", "") or "0"),
            today=today_in(Tenant.objects.get().timezone, now=timezone.now()),
            **{name: query.get(name, "") for name in NAMED},
        )
        return Response(allow_data(found, only_project=bool(self.key.project)))

    def _project(self, asked: str) -> Project:
        slug = self.project_of(asked)
        if not slug:
            raise Problem(422, "missing_field", "Say which project asks.", field="project")
        project = Project.objects.filter(slug=slug).first()
        if project is None:
            raise Problem(404, "not_found", "There is no such project in this tenant.")
        return project


def allow_data(found: Allowed, *, only_project: bool) -> dict[str, Any]:
    """A key that is bound to a project learns the answer, not the figures of what is around it."""
    decides = found.decides
    if decides and only_project and decides.budget.project_id is None:
        decides = None
    return {
        "allow": found.allow,
        "budget": decides and decides.budget.name,
        "remaining": decides and plain(decides.remaining),
        "amount": decides and plain(decides.budget.amount),
        "unpriced_events": decides.used.unpriced_events if decides else 0,
        "next_reset": decides and decides.next_reset and decides.next_reset.isoformat(),
        "as_of": found.as_of.isoformat(),
    }


def _estimate(text: str) -> Decimal:
    try:
        found = amount(text)
    except ValueError as error:
        raise Problem(422, "invalid_field", f"estimate is {error}.", field="estimate") from error
    if found < ZERO:
        raise Problem(422, "invalid_field", "estimate is not negative.", field="estimate")
    return found
