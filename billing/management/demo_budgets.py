"""The budgets of the demo, and how its people answer alerts. Amounts are shares of what four weeks cost.

In:   the active tenant and the time.   Out: budgets with owners; later acknowledged and snoozed alerts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from billing.flow.acknowledge import acknowledge, snooze
from billing.flow.set_budget import Counts, NewTerms, set_budget
from billing.management.demo_company import OWNER
from billing.models import Alert
from billing.models.budgets import Basis
from billing.periods import DayRange
from billing.reports.spend import spend
from tenants.models import Client, Project, User

FOUR_WEEKS = timedelta(days=28)
FAR = timedelta(days=12)
ALARMS_ANSWERED_AFTER = timedelta(days=5)
NOTES = (
    "Seen. It is the launch, as planned.",
    "Spoke with the client: they know.",
    "The import ran twice; it is stopped.",
    "Raised with the team, prompt is being cut.",
)


@dataclass(frozen=True, slots=True)
class BudgetPlan:
    """`percent`: the amount, per cent of the four weeks before it was set."""

    name: str
    percent: int
    period: str
    owner: str = OWNER
    deputy: str = ""
    client: str = ""
    project: str = ""
    environment: str = ""
    shared: bool = False
    hard: bool = False
    thresholds: tuple[int, ...] = (50, 80, 100)
    answered_after: timedelta = timedelta(hours=5)
    """How long its owner takes to acknowledge an alert."""
    snoozes: bool = False
    """Whether its owner puts the newest one off."""


MARIA, GEORGI = "maria@northwind.example", "georgi@northwind.example"
BUDGETS: Mapping[str, tuple[BudgetPlan, ...]] = {
    "northwind": (
        BudgetPlan("Everything", 130, "month", answered_after=FAR, thresholds=(80, 100, 120)),
        BudgetPlan("Acme, this month", 150, "month", client="acme", shared=True),
        BudgetPlan(
            "Contract agent, this week",
            24,
            "week",
            owner=MARIA,
            deputy=GEORGI,
            project="contract-agent",
            answered_after=FAR,
        ),
        BudgetPlan(
            "Support bot, a day",
            9,
            "day",
            project="support-bot",
            hard=True,
            thresholds=(100, 200),
        ),
        BudgetPlan("Fabrikam, this quarter", 420, "quarter", owner=GEORGI, client="fabrikam"),
        BudgetPlan(
            "Wingtip archives, this week",
            33,
            "week",
            owner=GEORGI,
            client="wingtip",
            answered_after=FAR,
            snoozes=True,
        ),
        BudgetPlan("Staging", 110, "month", owner=MARIA, environment="staging"),
    ),
    "brightside": (BudgetPlan("Everything", 120, "month"),),
}


def set_budgets(plans: tuple[BudgetPlan, ...], *, today: date, now: datetime) -> None:
    """Set them on a day, by what the four weeks before it cost."""
    for plan in plans:
        client = Client.objects.filter(slug=plan.client).first()
        project = Project.objects.select_related("client").filter(slug=plan.project).first()
        basis = client.price_view if client and plan.shared else Basis.COST
        set_budget(
            actor=_person(plan.owner),
            name=plan.name,
            counts=Counts(client=client, project=project, environment=plan.environment),
            shared=plan.shared,
            terms=NewTerms(
                amount=_amount(plan, today=today),
                period=plan.period,
                owner=_person(plan.owner),
                deputy=_person(plan.deputy) if plan.deputy else None,
                basis=basis,
                thresholds=plan.thresholds,
                forecast_thresholds=(100,) if plan.period in ("month", "quarter") else (),
                hard=plan.hard,
            ),
            now=now,
        )


def answer(plans: tuple[BudgetPlan, ...], *, now: datetime) -> None:
    """Acknowledge what its people would have acknowledged by now."""
    patience = {plan.name: plan.answered_after for plan in plans}
    for alert in Alert.objects.filter(acknowledged_at=None).select_related("budget__owner"):
        budget = alert.budget
        wait = patience[budget.name] if budget else ALARMS_ANSWERED_AFTER
        if now - alert.made_at >= wait:
            actor = budget.owner if budget else _person(OWNER)
            acknowledge(alert, actor=actor, note=NOTES[alert.pk % len(NOTES)], now=now)


def put_off(plans: tuple[BudgetPlan, ...], *, now: datetime) -> None:
    """The newest alert of budgets whose owner wants to hear of it again in two days."""
    for plan in plans:
        newest = Alert.objects.filter(budget__name=plan.name, acknowledged_at=None).first()
        if plan.snoozes and newest:
            snooze(newest, actor=_person(plan.owner), until=now + timedelta(days=2))


def _amount(plan: BudgetPlan, *, today: date) -> Decimal:
    """Whole dollars, two digits of them: what somebody would type."""
    cost = spend(
        DayRange(today - FOUR_WEEKS, today),
        granularity="total",
        client=plan.client,
        project=plan.project,
        environment=plan.environment,
    ).total.cost
    whole = max(int(cost * plan.percent) // 100, 1)
    step = 10 ** max(len(str(whole)) - 2, 0)
    return Decimal(whole // step * step)


def _person(email: str) -> User:
    return User.objects.get(email=email)
