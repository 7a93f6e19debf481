"""Budgets over HTTP: read where they stand, set them, change their terms, take them out of use."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api import budget_schemas as schemas
from billing.api.catalogue import ManagedView, found
from billing.flow.choose_channels import channels_of, choose_channels, chosen_by_budget
from billing.flow.set_budget import (
    Counts,
    NewTerms,
    archive_budget,
    change_budget,
    member_of,
    set_budget,
    terms_of,
    values_of,
)
from billing.models import Budget, Scenario
from billing.money import amount, plain
from billing.periods import today_in
from billing.reports.budgets import Standing, standings
from billing.reports.forecast import Forecast
from billing.reports.scenario_budgets import Ahead, ahead_of, suppose_for
from billing.watch.check import forecasts_of
from tenants.actions import ActionError
from tenants.models import Client, Project, Tenant

OF_TERMS = [field.name for field in fields(NewTerms)]
NARROW = ("model", "feature", "environment")
READ = ("client", "project", "owner", "deputy")
SCENARIO = [
    OpenApiParameter(
        "scenario", int, description="Tell beside the forecast what would happen in this one."
    )
]


def budget_data(
    standing: Standing, heading: Forecast | None, channels: list[int] | None
) -> dict[str, Any]:
    budget, period = standing.budget, standing.period
    return terms_data(budget) | {
        "id": budget.pk,
        "name": budget.name,
        "scope": scope_data(budget),
        "channels": channels,
        "shared_with_client": budget.shared_with_id is not None,
        "version": budget.version,
        "archived": budget.archived_at is not None,
        "period_since": period.since.isoformat(),
        "period_until": period.until.isoformat(),
        "spent": plain(standing.spent),
        "remaining": plain(standing.remaining),
        "percent": standing.percent,
        "unpriced_events": standing.used.unpriced_events,
        "next_threshold": standing.next_threshold,
        "next_reset": standing.next_reset and standing.next_reset.isoformat(),
        "forecast": heading and forecast_data(heading),
        "as_of": standing.as_of.isoformat(),
    }


def forecast_data(heading: Forecast) -> dict[str, Any]:
    return {
        "expected": plain(heading.expected),
        "low": plain(heading.low),
        "high": plain(heading.high),
        "exhausted_on": heading.exhausted_on and heading.exhausted_on.isoformat(),
    }


def supposed_data(found: Ahead | None) -> dict[str, Any] | None:
    if found is None:
        return None
    exhausted_on = found.exhausted_on and found.exhausted_on.isoformat()
    return {"expected": plain(found.expected), "exhausted_on": exhausted_on}


def terms_data(budget: Budget) -> dict[str, Any]:
    return {name: getattr(budget, name) for name in OF_TERMS} | {
        "amount": plain(budget.amount),
        "since": budget.since and budget.since.isoformat(),
        "until": budget.until and budget.until.isoformat(),
        "owner": budget.owner.email,
        "deputy": budget.deputy and budget.deputy.email,
    }


def scope_data(budget: Budget) -> dict[str, str]:
    scope = {name: getattr(budget, name) for name in NARROW if getattr(budget, name)}
    if budget.project:
        return {"project": budget.project.slug, **scope}
    return {"client": budget.client.slug, **scope} if budget.client else scope


class BudgetView(ManagedView):
    @property
    def budgets(self) -> QuerySet[Budget]:
        """The budgets that the key may know of."""
        bound = self.key.project
        known = Budget.objects.select_related(*READ)
        return known.filter(**({"project__slug": bound} if bound else {}))

    def answer(
        self, budget: Budget, *, status: int = 200, scenario: Scenario | None = None
    ) -> Response:
        found = self.listed([self.budgets.get(pk=budget.pk)], scenario=scenario)
        return Response(found[0], status=status)

    def scenario_asked(self, query: Mapping[str, str]) -> Scenario | None:
        """The one in use that `?scenario=` names; a key that is bound to a project knows of none."""
        wanted = query.get("scenario", "")
        if not wanted:
            return None
        is_number = wanted.isascii() and wanted.isdecimal() and len(wanted) < 10
        number = int(wanted) if is_number and not self.key.project else 0
        scenario = Scenario.objects.filter(pk=number, archived_at=None).first()
        if scenario is None:
            detail = "There is no such scenario in use."
            raise ActionError("unknown_scenario", detail, field="scenario")
        return scenario

    def listed(
        self, budgets: Iterable[Budget], *, scenario: Scenario | None = None
    ) -> list[dict[str, Any]]:
        """Where budgets stand, where they are heading, what would happen in a scenario, where they are told."""
        day, budgets = today(), list(budgets)
        found = standings(budgets, today=day)
        headings = forecasts_of(found, today=day)
        known = [each.budget for each in found] if self.knows_channels else []
        channels = chosen_by_budget(known)
        supposed = suppose_for(scenario, budgets, today=day) if scenario else None
        return [
            budget_data(standing, heading, channels.get(standing.budget.pk))
            | {"supposed": supposed_data(ahead_of(standing, heading, supposed))}
            for standing, heading in zip(found, headings, strict=True)
        ]

    @property
    def knows_channels(self) -> bool:
        """As at /channels: a key that is bound to a project knows of none."""
        return not self.key.project

    def choose(self, budget: Budget, data: dict[str, Any]) -> None:
        """The channels that a body names, if it does."""
        if "channels" in data:
            choose_channels(budget, channels_of(data["channels"]), actor=self.actor)


class Budgets(BudgetView):
    @extend_schema(
        operation_id="list_budgets",
        tags=["Budgets"],
        responses=schemas.BudgetsAnswer,
        parameters=SCENARIO,
    )
    def get(self, request: Request) -> Response:
        """Every budget in use, and where it stands now."""
        scenario = self.scenario_asked(request.query_params)
        in_use = self.budgets.filter(archived_at=None)
        return Response({"budgets": self.listed(in_use, scenario=scenario)})

    @extend_schema(
        operation_id="create_budget",
        tags=["Budgets"],
        request=schemas.NewBudget,
        responses={201: schemas.BudgetAnswer},
    )
    def post(self, request: Request) -> Response:
        """Set a budget. Somebody answers for it: without an owner there is none."""
        data = self.valid(schemas.NewBudget)
        budget = set_budget(
            actor=self.actor,
            name=data["name"],
            counts=counts_of(data.get("scope") or {}),
            terms=NewTerms(**given_terms(data)),
            shared=data.get("shared_with_client", False),
            now=timezone.now(),
        )
        self.choose(budget, data)
        return self.answer(budget, status=201)


class OneBudget(BudgetView):
    @extend_schema(
        operation_id="get_budget",
        tags=["Budgets"],
        responses=schemas.BudgetAnswer,
        parameters=SCENARIO,
    )
    def get(self, request: Request, budget_id: int) -> Response:
        """One budget, and where it stands now."""
        scenario = self.scenario_asked(request.query_params)
        return self.answer(found(self.budgets, what="budget", pk=budget_id), scenario=scenario)

    @extend_schema(
        operation_id="change_budget",
        tags=["Budgets"],
        request=schemas.BudgetTerms(partial=True),
        responses=schemas.BudgetAnswer,
    )
    def patch(self, request: Request, budget_id: int) -> Response:
        """Change some of a budget. Other terms are a new version, which tells of each threshold anew."""
        budget = found(self.budgets, what="budget", pk=budget_id, archived_at=None)
        serializer = schemas.BudgetTerms(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        data = dict(serializer.validated_data)
        terms: dict[str, Any] = values_of(terms_of(budget)) | given_terms(data)
        budget = change_budget(
            budget,
            actor=self.actor,
            name=data.get("name", budget.name),
            terms=NewTerms(**terms),
            shared=data.get("shared_with_client", budget.shared_with_id is not None),
            now=timezone.now(),
        )
        self.choose(budget, data)
        return self.answer(budget)

    @extend_schema(operation_id="archive_budget", tags=["Budgets"], responses={204: None})
    def delete(self, request: Request, budget_id: int) -> Response:
        """Take a budget out of use; its versions and alerts stay."""
        budget = found(self.budgets, what="budget", pk=budget_id)
        archive_budget(budget, actor=self.actor, now=timezone.now())
        return Response(status=204)


def today() -> date:
    return today_in(Tenant.objects.get().timezone, now=timezone.now())


def counts_of(scope: dict[str, str]) -> Counts:
    """The scope of a new budget, with the client or project that it names."""
    if scope.get("client") and scope.get("project"):
        detail = "A budget counts a client or a project; a project has its client."
        raise ActionError("invalid_field", detail, field="scope")
    client = project = None
    if slug := scope.get("client"):
        client = Client.objects.filter(slug=slug).first()
        if client is None:
            detail = "There is no such client in this tenant."
            raise ActionError("unknown_client", detail, field="scope.client")
    if slug := scope.get("project"):
        project = Project.objects.select_related("client").filter(slug=slug).first()
        if project is None:
            detail = "There is no such project in this tenant."
            raise ActionError("unknown_project", detail, field="scope.project")
    return Counts(client, project, **{name: scope.get(name, "") for name in NARROW})


def given_terms(data: dict[str, Any]) -> dict[str, Any]:
    """The terms that a body names, as the verbs take them."""
    terms = {name: data[name] for name in OF_TERMS if name in data}
    if "amount" in terms:
        terms["amount"] = dollars_of(terms["amount"])
    for name in ("thresholds", "forecast_thresholds"):
        if name in terms:
            terms[name] = tuple(terms[name])
    for name in ("owner", "deputy"):
        if terms.get(name):
            terms[name] = member_of(terms[name], field=name)
    return terms


def dollars_of(text: str) -> Decimal:
    try:
        return amount(text)
    except ValueError as error:
        raise ActionError("invalid_field", f"amount is {error}.", field="amount") from error
