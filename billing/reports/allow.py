"""Allow: may a project spend some more, by the hard budgets that enclose it.

In:   a project, an estimate, and what else is known of the call.   Out: yes or no, which budget decided, and
      as of when.
Promise: the figures are rollups plus journal at this moment. It is no reservation: calls that ask at the same
      time are told the same, and a budget can be passed by what they spend together.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q
from django.utils.timezone import now

from billing.models import Budget
from billing.reports.budgets import Standing, standings
from tenants.models import Project


@dataclass(frozen=True, slots=True)
class Allowed:
    """`decides` is the budget with the least left; None: no hard budget encloses the call."""

    allow: bool
    decides: Standing | None
    as_of: datetime


def allowed(
    project: Project,
    *,
    estimate: Decimal,
    today: date,
    model: str = "",
    feature: str = "",
    environment: str = "",
) -> Allowed:
    """Whether every hard budget around a call has the estimate left, and something at all.

    A budget of one model, feature or environment encloses the calls that name it.
    """
    named = {"model": model, "feature": feature, "environment": environment}
    narrow = Q(**{f"{name}__in": {"", value} for name, value in named.items()})
    scope = Q(client=None) | Q(client=project.client_id, project=None) | Q(project=project.pk)
    budgets = Budget.objects.filter(scope, narrow, hard=True, archived_at=None)
    found = [
        each
        for each in standings(budgets, today=today)
        if each.period.since <= today < each.period.until
    ]
    if not found:
        return Allowed(True, None, now())
    least = min(found, key=lambda each: (each.remaining, each.budget.pk))
    return Allowed(least.remaining > 0 and least.remaining >= estimate, least, least.as_of)
