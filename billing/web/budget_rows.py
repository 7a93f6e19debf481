"""Budget rows: what the list and the page of a budget say in a line.

In:   standings and forecasts.   Out: BudgetRow, in groups.   Never: a query.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import F, Q, QuerySet

from billing.models import Budget
from billing.money import dollars, minus
from billing.reports.budgets import Standing
from billing.reports.forecast import Forecast
from billing.templatetags.figures import day
from billing.watch.words import (
    estimate,
    forecast_detail,
    forecast_words,
    left_words,
    period_words,
    scope_words,
)
from billing.web.supposed import Choice
from tenants.access import Access

FULL = 100
BAR = 1_000
"""Units of a bar that is as long as the amount; more is cut off and said in words."""


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """`tone` is of the bar: good, then warn from 80 %, bad from 100 %. Marks are thresholds on the bar."""

    standing: Standing
    scope: str
    period: str
    percent: int
    bar: int
    marks: tuple[int, ...]
    tone: str
    next_words: str
    reset_words: str
    forecast_words: str
    forecast_amount: str
    forecast_detail: str
    exceeded_words: str
    supposed_words: str = ""
    """Where it would end in the scenario that the page shows."""

    @property
    def budget(self) -> Budget:
        return self.standing.budget


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    rows: tuple[BudgetRow, ...]


def seen_by(access: Access) -> QuerySet[Budget]:
    """The budgets in use that a person may see, with what their rows show."""
    budgets = Budget.objects.filter(archived_at=None).select_related("client", "project")
    if access.is_viewer:  # shared, and in the figures that the client is shown
        return budgets.filter(shared_with__price_view=F("basis"))
    budgets = budgets.select_related("owner", "deputy")
    if access.is_finance:
        return budgets
    return budgets.filter(Q(owner=access.user) | Q(deputy=access.user))


def budget_row(
    standing: Standing,
    *,
    today: date,
    forecast: Forecast | None = None,
    promised: Decimal | None = None,
    supposed: str = "",
) -> BudgetRow:
    budget = standing.budget
    highest = max(FULL, *budget.thresholds)
    return BudgetRow(
        standing=standing,
        scope=scope_words(budget),
        period=period_words(budget, standing.period),
        percent=standing.percent,
        bar=max(0, min(BAR, standing.percent * BAR // highest)),
        marks=tuple(each * BAR // highest for each in budget.thresholds if each < highest),
        tone=_tone(standing),
        next_words=_next_words(standing),
        reset_words=reset_words(standing, today=today),
        forecast_words=forecast_words(forecast, standing.period) if forecast else "",
        forecast_amount=estimate(forecast.expected) if forecast else "",
        forecast_detail=forecast_detail(forecast, standing.period) if forecast else "",
        exceeded_words=_exceeded_words(budget, promised),
        supposed_words=supposed,
    )


def groups_of(
    standings: Sequence[Standing],
    *,
    today: date,
    forecasts: Sequence[Forecast | None],
    promised: Mapping[int, Decimal],
    choice: Choice,
) -> list[Group]:
    """Budgets of everything first, then client by client, the client's own before its projects'."""
    rows: dict[str, list[BudgetRow]] = {}
    found = zip(standings, forecasts, strict=True)
    for standing, forecast in sorted(found, key=lambda each: _order(each[0].budget)):
        budget = standing.budget
        row = budget_row(
            standing,
            today=today,
            forecast=forecast,
            promised=promised.get(budget.pk),
            supposed=choice.words_of(standing, forecast),
        )
        rows.setdefault(budget.client.name if budget.client else "Everything", []).append(row)
    return [Group(title, tuple(each)) for title, each in rows.items()]


def reset_words(standing: Standing, *, today: date) -> str:
    """`resets on 1 Dec 2026; 9 days left`."""
    period = standing.period
    if today < period.since:
        return f"begins on {day(period.since)}"
    if today >= period.until:
        return f"ended on {day(period.last)}"
    left = left_words(period, today=today).lower()
    if standing.next_reset is None:
        return f"ends on {day(period.last)}; {left}"
    return f"resets on {day(standing.next_reset)}; {left}"


def _order(budget: Budget) -> tuple[bool, str, bool, str]:
    client = budget.client.name if budget.client else ""
    return (budget.client is not None, client, budget.project is not None, budget.name)


def _tone(standing: Standing) -> str:
    if standing.reaches(FULL):
        return "bad"
    return "warn" if standing.reaches(80) else "s1"


def _next_words(standing: Standing) -> str:
    threshold = standing.next_threshold
    if threshold is None:
        return "all thresholds reached"
    return f"{threshold} % at {dollars(standing.budget.amount * threshold / 100)}"


def _exceeded_words(budget: Budget, promised: Decimal | None) -> str:
    if promised is None:
        return ""
    more = dollars(minus(promised, budget.amount))
    return f"Budgets inside it add up to {dollars(promised)}: {more} more than it has."
