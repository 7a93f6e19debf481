"""Scenario of budgets: where each would end if what is supposed happened, beside its forecast.

In:   a scenario, standings and their forecasts.   Out: an Ahead for each.
Promises: what is spent stays as it is; where nothing is supposed it is the forecast, to the last decimal.
Never: an alert. What would happen is nothing that happened.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.flow.scenario import ROUNDED, assumptions_of
from billing.models import Budget, Scenario
from billing.money import minus
from billing.reports.budgets import Standing
from billing.reports.forecast import Forecast
from billing.reports.scenario import Supposed, suppose


@dataclass(frozen=True, slots=True)
class Ahead:
    """A period's end under a scenario, beside its forecast."""

    expected: Decimal
    exhausted_on: date | None
    path: tuple[tuple[date, Decimal], ...]


def suppose_for(scenario: Scenario, budgets: Iterable[Budget], *, today: date) -> Supposed:
    """What a scenario supposes of the calls that these budgets count."""
    is_narrow = any(each.feature or each.environment for each in budgets)
    return suppose(assumptions_of(scenario.terms), today=today, is_narrow=is_narrow)


def ahead_of(
    standing: Standing, heading: Forecast | None, supposed: Supposed | None
) -> Ahead | None:
    """Where a budget would end; None without a forecast. One of what is billed takes the share of its cost."""
    if heading is None or supposed is None:
        return None
    budget = standing.budget

    def share(day: date) -> Decimal:
        return supposed.share(
            day,
            client_id=None if budget.project_id else budget.client_id,
            project_id=budget.project_id,
            model=budget.model,
            feature=budget.feature,
            environment=budget.environment,
        )

    return ahead(heading, spent=standing.spent, amount=budget.amount, share=share)


def ahead(
    heading: Forecast, *, spent: Decimal, amount: Decimal, share: Callable[[date], Decimal]
) -> Ahead:
    """Where a budget ends in a scenario: what is spent stays, each day to come costs its share."""
    path, so_far, before = [], spent, spent
    for day, expected in heading.path:
        so_far = ROUNDED.fma(minus(expected, before), share(day), so_far)
        before = expected
        path.append((day, so_far))
    exhausted = None
    if spent < amount:
        exhausted = next((day for day, used in path if used >= amount), None)
    return Ahead(so_far, exhausted, tuple(path))
