"""Scenarios over HTTP: make, change and archive them, and ask what would happen. Nothing of it is a fact."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api import scenario_schemas as schemas
from billing.api.catalogue import ManagedView, found
from billing.flow.scenario import assumptions_of
from billing.flow.set_scenario import archive_scenario, change_scenario, set_scenario
from billing.models import Scenario
from billing.money import plain
from billing.periods import today_in
from billing.reports.scenario import Figures, outlook, suppose
from tenants.models import Client, Tenant


def scenario_data(scenario: Scenario) -> dict[str, Any]:
    return {
        "id": scenario.pk,
        "name": scenario.name,
        "prices": scenario.terms["prices"],
        "growth": scenario.terms["growth"],
        "archived": scenario.archived_at is not None,
        "made_by": scenario.made_by,
        "changed_at": scenario.changed_at.isoformat(),
        "changed_by": scenario.changed_by,
    }


def figures_data(figures: Figures) -> dict[str, str]:
    return {"expected": plain(figures.expected), "supposed": plain(figures.supposed)}


class ScenarioView(ManagedView):
    @property
    def scenarios(self) -> QuerySet[Scenario]:
        """Those of the company; a key that is bound to a project knows of none."""
        return Scenario.objects.none() if self.key.project else Scenario.objects.all()

    def one(self, scenario_id: int, **lookup: Any) -> Scenario:
        scenario: Scenario = found(self.scenarios, what="scenario", pk=scenario_id, **lookup)
        return scenario


class Scenarios(ScenarioView):
    @extend_schema(
        operation_id="list_scenarios", tags=["Scenarios"], responses=schemas.ScenariosAnswer
    )
    def get(self, request: Request) -> Response:
        """Every scenario in use."""
        rows = self.scenarios.filter(archived_at=None)
        return Response({"scenarios": [scenario_data(each) for each in rows]})

    @extend_schema(
        operation_id="create_scenario",
        tags=["Scenarios"],
        request=schemas.NewScenario,
        responses={201: schemas.ScenarioAnswer},
    )
    def post(self, request: Request) -> Response:
        """Suppose something of days to come: dated changes of prices, growth."""
        data = self.valid(schemas.NewScenario)
        made = set_scenario(data["name"], terms_in(data), actor=self.actor, now=timezone.now())
        return Response(scenario_data(made), status=201)


class OneScenario(ScenarioView):
    @extend_schema(
        operation_id="get_scenario", tags=["Scenarios"], responses=schemas.ScenarioAnswer
    )
    def get(self, request: Request, scenario_id: int) -> Response:
        """One scenario, an archived one too."""
        return Response(scenario_data(self.one(scenario_id)))

    @extend_schema(
        operation_id="change_scenario",
        tags=["Scenarios"],
        request=schemas.NewScenario(partial=True),
        responses=schemas.ScenarioAnswer,
    )
    def patch(self, request: Request, scenario_id: int) -> Response:
        """Another name or other assumptions; `prices` and `growth` each replace what they were."""
        scenario = self.one(scenario_id, archived_at=None)
        serializer = schemas.NewScenario(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        data = dict(serializer.validated_data)
        change_scenario(
            scenario,
            name=data.get("name", scenario.name),
            terms=scenario.terms | terms_in(data),
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(scenario_data(scenario))

    @extend_schema(operation_id="archive_scenario", tags=["Scenarios"], responses={204: None})
    def delete(self, request: Request, scenario_id: int) -> Response:
        """Take a scenario out of use; it can still be read."""
        archive_scenario(self.one(scenario_id), actor=self.actor, now=timezone.now())
        return Response(status=204)


class ScenarioResult(ScenarioView):
    scopes = {"GET": frozenset({"read"})}

    @extend_schema(
        operation_id="get_scenario_result",
        tags=["Scenarios"],
        responses=schemas.ScenarioResultAnswer,
    )
    def get(self, request: Request, scenario_id: int) -> Response:
        """This month and the twelve after it, with the scenario and without, by month and by client.

        `expected` is the forecast; `supposed` is what would happen. Clients and months add up to the totals.
        """
        scenario, tenant = self.one(scenario_id), Tenant.objects.get()
        today = today_in(tenant.timezone, now=timezone.now())
        ahead = outlook(suppose(assumptions_of(scenario.terms), today=today))
        head = {"currency": "USD", "timezone": tenant.timezone, "scenario": scenario_data(scenario)}
        if ahead is None:
            return Response(head | {"result": None})
        slugs = dict(Client.objects.values_list("pk", "slug"))
        result = {
            "month": figures_data(ahead.month) | {"spent": plain(ahead.spent)},
            "next_twelve_months": figures_data(ahead.year),
            "months": [
                {"period": on.isoformat()[:7], **figures_data(each)}
                for on, each in ahead.months.items()
            ],
            "clients": [
                {
                    "client": slugs[each.client_id],
                    "month": figures_data(each.month),
                    "next_twelve_months": figures_data(each.year),
                }
                for each in ahead.clients
            ],
            "kept_at_their_price": plain(ahead.kept),
            "unpriced_events": ahead.unpriced_events,
        }
        return Response(head | {"result": result})


def terms_in(data: dict[str, Any]) -> dict[str, Any]:
    """The assumptions that a body names, as flow/scenario.py reads them."""
    return {name: data[name] for name in ("prices", "growth") if name in data}
