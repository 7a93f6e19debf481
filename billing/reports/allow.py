"""Allow: may a project spend some more, by the hard budgets that enclose it.

In:   a project, an estimate, and what else is known of the call.   Out: yes or no, which budget decided, and
      as of when.
Promises: the figures are rollups plus journal at this moment, as on every page; two questions to the database,
      however many budgets there are. It is no reservation: calls that ask at the same time are told the same,
      and a budget can be passed by what they spend together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from billing.models import Budget
from billing.models.budgets import Basis
from billing.money import total
from billing.periods import DayRange, today_in
from billing.reports.billed import FACTOR, markup_of
from billing.reports.budgets import Standing, Used, source_of
from tenants.scoping import active_scope

NAMES = ("model", "feature", "environment")
_NEEDED = {"id", "tenant_id", "name", "client_id", "project_id", *NAMES, "amount", "basis"}
_NEEDED |= {"period", "starts_on", "since", "until"}
_READ = tuple(each.attname for each in Budget._meta.concrete_fields if each.attname in _NEEDED)
"""In the order of the model, as `from_db` takes them."""
# A budget of one model, feature or environment encloses the calls that name it.
_ENCLOSING = f"""
SELECT b.id IS NOT NULL, t.timezone, {", ".join(f"b.{name}" for name in _READ)}
FROM tenants_project p JOIN tenants_tenant t ON t.id = p.tenant_id
LEFT JOIN billing_budget b ON b.tenant_id = p.tenant_id AND b.hard AND b.archived_at IS NULL
    AND (b.client_id IS NULL OR b.project_id = p.id OR (b.client_id = p.client_id AND b.project_id IS NULL))
    AND {" AND ".join(f"b.{name} IN ('', %({name})s)" for name in NAMES)}
WHERE p.tenant_id = %(tenant)s AND p.slug = %(project)s
"""  # noqa: S608  built from constants only
_DAYS = """
SELECT {place} AS place, day, sum(cost), sum({billed}), sum(unpriced)
FROM ({rollup} UNION ALL {journal}) bucket {markup} GROUP BY day
"""

Counted = tuple[int | None, int | None, str, str, str]
"""What a budget counts: client, project, model, feature, environment."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """`decides` is the budget with the least left; None: no hard budget encloses the call."""

    allow: bool
    decides: Standing | None
    as_of: datetime


def allowed(
    project: str,
    *,
    estimate: Decimal,
    now: datetime,
    model: str = "",
    feature: str = "",
    environment: str = "",
) -> Allowed | None:
    """Whether every hard budget around a call has the estimate left, and something at all.

    None: there is no project with this slug.
    """
    asked: dict[str, Any] = {"tenant": active_scope().tenant_id, "project": project}
    asked |= {"model": model, "feature": feature, "environment": environment}
    with connection.cursor() as cursor:
        cursor.execute(_ENCLOSING, asked)
        rows = cursor.fetchall()
    if not rows:
        return None
    today = today_in(rows[0][1], now=now)
    budgets = [Budget.from_db(connection.alias, _READ, row[2:]) for row in rows if row[0]]
    found = _standings(budgets, today=today, now=now)
    if not found:
        return Allowed(True, None, now)
    least = min(found, key=lambda each: (each.remaining, each.budget.pk))
    return Allowed(least.remaining > 0 and least.remaining >= estimate, least, now)


def _standings(budgets: Iterable[Budget], *, today: date, now: datetime) -> list[Standing]:
    """Those that count today, each where it stands; the days of what several count are read once."""
    current = [
        (each, period)
        for each in budgets
        if (period := each.cycle.around(today)).since <= today < period.until
    ]
    read: dict[Counted, list[tuple[Budget, DayRange]]] = {}
    for each, period in current:
        read.setdefault(_counted(each), []).append((each, period))
    found = []
    for together, days in zip(read.values(), _days(list(read.values())), strict=True):
        for each, period in together:
            inside = [row for day, *row in days if period.since <= day < period.until]
            spent = total(row[each.basis == Basis.BILLED] for row in inside)
            used = Used(spent, int(sum(row[2] for row in inside)))
            found.append(Standing(each, period, used, now))
    return found


def _days(read: Sequence[Sequence[tuple[Budget, DayRange]]]) -> list[list[tuple[Any, ...]]]:
    """(day, cost, billed, unpriced events) of each of these, over all the days that its budgets need."""
    found: list[list[tuple[Any, ...]]] = [[] for _ in read]
    if not read:
        return found
    parameters: dict[str, Any] = {"tenant": active_scope().tenant_id}
    parts = []
    for place, together in enumerate(read):
        budget = together[0][0]
        where = "tenant_id = %(tenant)s AND day >= %({0}_first)s AND day < %({0}_last)s"
        parameters[f"{place}_first"] = min(period.since for _, period in together)
        parameters[f"{place}_last"] = max(period.until for _, period in together)
        for name, value in zip(("client_id", "project_id", *NAMES), _counted(budget), strict=True):
            if value:
                where += f" AND {name} = %({{0}}_{name})s"
                parameters[f"{place}_{name}"] = value
        is_billed = any(each.basis == Basis.BILLED for each, _ in together)
        rollup, journal = source_of(where.format(place), is_narrow=budget.is_narrow)
        parts.append(
            _DAYS.format(
                place=place,
                rollup=rollup,
                journal=journal,
                billed=f"cost * {FACTOR}" if is_billed else "0",
                markup=markup_of("bucket") if is_billed else "",
            )
        )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), parameters)
        for place, *row in cursor.fetchall():
            found[place].append(tuple(row))
    return found


def _counted(budget: Budget) -> Counted:
    return (
        budget.client_id,
        budget.project_id,
        budget.model,
        budget.feature,
        budget.environment,
    )
