"""Alerts over HTTP: what was told, and taking it on."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api import budget_schemas as schemas
from billing.api.catalogue import ManagedView, found
from billing.api.queries import refuse_unknown
from billing.flow.acknowledge import acknowledge
from billing.models import Alert
from billing.money import plain
from tenants.problems import Problem

PER_PAGE = 100


def alert_data(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.pk,
        "kind": alert.kind,
        "headline": alert.headline,
        "budget": alert.budget and {"id": alert.budget.pk, "name": alert.budget.name},
        "version": alert.version,
        "threshold": alert.threshold,
        "subject": alert.subject,
        "period_since": alert.since.isoformat(),
        "period_until": alert.until.isoformat(),
        "spent": plain(alert.spent),
        "amount": plain(alert.amount),
        "made_at": alert.made_at.isoformat(),
        "acknowledged_at": alert.acknowledged_at and alert.acknowledged_at.isoformat(),
        "acknowledged_by": alert.acknowledged_label or None,
        "note": alert.note,
        "snoozed_until": alert.snoozed_until and alert.snoozed_until.isoformat(),
        "escalated_at": alert.escalated_at and alert.escalated_at.isoformat(),
    }


class AlertView(ManagedView):
    @property
    def alerts(self) -> QuerySet[Alert]:
        """The alerts that the key may know of."""
        bound = self.key.project
        known = Alert.objects.select_related("budget")
        return known.filter(**({"budget__project__slug": bound} if bound else {}))


class Alerts(AlertView):
    scopes: ClassVar = {"GET": frozenset({"read"})}

    @extend_schema(
        operation_id="list_alerts",
        tags=["Budgets"],
        responses=schemas.AlertsAnswer,
        parameters=[
            OpenApiParameter("state", str, description="open: not acknowledged by anybody."),
            OpenApiParameter("cursor", str, description="Where a page ended."),
        ],
    )
    def get(self, request: Request) -> Response:
        """What was told, newest first, with who took it on."""
        query = request.query_params
        refuse_unknown(query, {"state", "cursor"})
        alerts, cursor = self.alerts, query.get("cursor", "")
        if query.get("state", "open") != "open":
            raise Problem(422, "invalid_field", "state is open, or is left out.", field="state")
        if "state" in query:
            alerts = alerts.filter(acknowledged_at=None)
        if cursor:
            if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
                raise Problem(400, "invalid_cursor", "This is no cursor of a page.", field="cursor")
            alerts = alerts.filter(pk__lt=int(cursor))
        rows = list(alerts[: PER_PAGE + 1])
        more = str(rows[PER_PAGE - 1].pk) if len(rows) > PER_PAGE else None
        listed = [alert_data(each) for each in rows[:PER_PAGE]]
        return Response({"alerts": listed, "next_cursor": more})


class Acknowledge(AlertView):
    scopes: ClassVar = {"POST": frozenset({"manage"})}

    @extend_schema(
        operation_id="acknowledge_alert",
        tags=["Budgets"],
        request=schemas.AcknowledgeBody,
        responses=schemas.AlertAnswer,
    )
    def post(self, request: Request, alert_id: int) -> Response:
        """Take an alert on, with what was told of its budget before. Doing it twice changes nothing."""
        alert = found(self.alerts, what="alert", pk=alert_id)
        note = self.valid(schemas.AcknowledgeBody).get("note", "")
        acknowledge(alert, actor=self.actor, note=note, now=timezone.now())
        return Response(alert_data(found(self.alerts, what="alert", pk=alert_id)))
