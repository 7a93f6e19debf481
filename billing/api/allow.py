"""GET /api/v1/allow: may this project spend some more? Asked before a call to the model."""

from decimal import Decimal
from typing import Any, ClassVar

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from billing.api.budget_schemas import AllowAnswer
from billing.api.queries import refuse_unknown
from billing.money import ZERO, amount, plain
from billing.reports.allow import Allowed, allowed
from tenants.actions import note_key_use
from tenants.keys import FoundKey
from tenants.keyview import KeyView, asks_plainly, project_of
from tenants.problems import Problem
from tenants.scoping import ANSWER_WITHIN, tenant_scope

NAMED = ("model", "feature", "environment")


class Allow(KeyView):
    scopes: ClassVar = {"GET": frozenset({"read"})}
    opens_own_scope = True

    @classmethod
    def answer_plainly(cls, request: HttpRequest, key: FoundKey) -> HttpResponse | None:
        """An application asks before each call to a model: it does not wait for DRF."""
        return answer(request, key) if asks_plainly(request, "GET") else None

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
    def get(self, request: Request) -> HttpResponse:
        """May a project spend so much more? The strictest hard budget around it decides.

        It is no reservation, and it says how things stood at `as_of`: ask before each call or each task, and
        decide yourself what to do when there is no answer.
        """
        return answer(request._request, self.key)


def answer(request: HttpRequest, key: FoundKey) -> HttpResponse:
    """What a request is told. Raises Problem."""
    query, now = request.GET, timezone.now()
    refuse_unknown(query, {"project", "estimate", *NAMED})
    project = project_of(key, query.get("project", ""))
    if not project:
        raise Problem(422, "missing_field", "Say which project asks.", field="project")
    with tenant_scope(key.tenant_id, within=ANSWER_WITHIN):
        note_key_use(key, now=now)
        found = allowed(
            project,
            estimate=_estimate(query.get("estimate", "") or "0"),
            now=now,
            **{name: query.get(name, "") for name in NAMED},
        )
        if found is None:
            raise Problem(404, "not_found", "There is no such project in this tenant.")
    body = allow_data(found, only_project=bool(key.project))
    return HttpResponse(msgspec.json.encode(body), content_type="application/json")


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
