"""POST /api/v1/events/void: take an event back, with a reason. The ledger keeps both."""

from typing import ClassVar

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.catalogue import ManagedView
from billing.api.schemas import VoidAnswer, VoidBody
from billing.flow.doorbell import ring
from billing.flow.void import NoLongerKept, UnknownEvent, void
from billing.money import plain
from tenants.problems import Problem


class Void(ManagedView):
    scopes: ClassVar = {"POST": frozenset({"manage"})}

    @extend_schema(
        operation_id="void_event", tags=["Events"], request=VoidBody, responses=VoidAnswer
    )
    def post(self, request: Request) -> Response:
        """Take an event back. Doing it twice is a duplicate and changes nothing."""
        data = self.valid(VoidBody)
        source, event_id = data["source"], data["id"]
        try:
            done = void(
                source, event_id, reason=data["reason"], actor=self.actor, now=timezone.now()
            )
        except UnknownEvent as error:
            raise Problem(404, "not_found", str(error)) from error
        except NoLongerKept as error:
            raise Problem(422, "no_longer_kept", str(error), field="id") from error
        tenant_id = self.key.tenant_id
        transaction.on_commit(lambda: ring(tenant_id))
        return Response(
            {
                "status": "duplicate" if done.was_void else "voided",
                "source": source,
                "id": event_id,
                "cost": None if done.cost is None else plain(done.cost),
            }
        )
