"""GET /api/v1/unpriced: models whose events have no price, why, and whether the book has one by now."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.price_schemas import UnpricedAnswer
from billing.api.queries import refuse_unknown
from billing.flow.price import REASONS
from billing.reports.unpriced import UnpricedModel, unpriced_queue
from tenants.keyview import KeyView


def unpriced_data(model: UnpricedModel) -> dict[str, Any]:
    return {
        "provider": model.provider,
        "model": model.model,
        "events": model.events,
        "tokens": model.tokens,
        "since": model.since.isoformat(),
        "last": model.last.isoformat(),
        "clients": list(model.clients),
        "reasons": [{"code": code, "detail": REASONS.get(code, "")} for code in model.reasons],
        "priced_now": model.priced_now,
    }


class UnpricedModels(KeyView):
    scopes: ClassVar = {"GET": frozenset({"read"})}

    @extend_schema(operation_id="list_unpriced", tags=["Prices"], responses=UnpricedAnswer)
    def get(self, request: Request) -> Response:
        """What has no price yet: it is in no cost, and every total says how many. At most 200 models."""
        refuse_unknown(request.query_params, ())
        queue = unpriced_queue(project=self.project_of(""))
        return Response(
            {
                "events": queue.events,
                "model_count": queue.model_count,
                "models": [unpriced_data(each) for each in queue.models],
            }
        )
