"""Budgets: how much of each is used in its period, from rollups and journal in one snapshot.

In:   budgets and days.   Out: a Standing for each, or its spend day by day.
Promises: consumption is a sum over the days of the period, there is no counter; a thousand budgets are one
query. An unpriced event costs nothing here and is counted beside it: the true figure is then higher.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.timezone import now

from billing.models import Budget
from billing.models.budgets import Basis
from billing.money import TOKEN_CLASSES, ZERO, minus, ratio
from billing.periods import DayRange
from billing.reports.billed import FACTOR, markup_of
from tenants.scoping import active_scope

_PARAMETER = re.compile(r"%\((\w+)\)s")
TENANT, CLIENT, PROJECT = range(3)
"""What a budget counts, and what every bucket of spend belongs to at once."""

_OF_COST = " + ".join(f"cost_{name}" for name in TOKEN_CLASSES)
_UNPRICED = "CASE WHEN priced THEN 0 ELSE events END AS unpriced"
_BUCKET = f"""SELECT day, client_id, project_id, {{names}}, {_OF_COST} AS cost, {_UNPRICED}
    FROM {{table}} WHERE {{where}}"""  # noqa: S608
_PROJECT_DAY = """SELECT day, client_id, project_id, {names}, cost, unpriced
    FROM billing_projectday WHERE {where}"""
_NAMES = "model, feature, environment"
_NO_NAMES = "'' AS model, '' AS feature, '' AS environment"
# Added up in three steps, each on far fewer rows than the one before: per day and project, per period and
# project, then for the three scopes that a project belongs to.
_WITH = """
WITH asked AS (
    SELECT * FROM unnest(%(place)s::int[], %(since)s::date[], %(until)s::date[], %(scope)s::int[],
        %(of)s::int[], %(model)s::text[], %(feature)s::text[], %(environment)s::text[])
        a (place, since, until, scope, of, model, feature, environment)
), daily AS (
    SELECT day, client_id, project_id, CASE WHEN %(by_model)s THEN model ELSE '' END AS model,
        CASE WHEN %(by_feature)s THEN feature ELSE '' END AS feature,
        CASE WHEN %(by_environment)s THEN environment ELSE '' END AS environment,
        sum(cost) AS cost, sum({billed}) AS billed, sum(unpriced) AS unpriced
    FROM ({rollup} UNION ALL {journal}) bucket {markup}
    GROUP BY 1, 2, 3, 4, 5, 6
), spend AS (
    SELECT {keys}, client_id, project_id, model, feature, environment,
        sum(cost) AS cost, sum(billed) AS billed, sum(unpriced) AS unpriced
    FROM {source} GROUP BY {keys}, client_id, project_id, model, feature, environment
), scoped AS (
    SELECT {keys}, scope, of, model, feature, environment,
        sum(cost) AS cost, sum(billed) AS billed, sum(unpriced) AS unpriced
    FROM spend CROSS JOIN LATERAL (VALUES ({tenant_scope}, 0), ({client_scope}, client_id),
        ({project_scope}, project_id)) s (scope, of)
    GROUP BY {keys}, scope, of, model, feature, environment
)
"""
_FITS = " AND ".join(
    f"(asked.{name} = '' OR asked.{name} = scoped.{name})"
    for name in ("model", "feature", "environment")
)
_BY_PERIOD = f"""{_WITH}
SELECT place, sum(cost), sum(billed), sum(unpriced) FROM asked JOIN scoped USING (scope, of, since, until)
WHERE {_FITS} GROUP BY place
"""  # noqa: S608
_PERIODS = (
    """(SELECT DISTINCT since, until FROM asked) span JOIN daily ON day >= since AND day < until"""
)
_BY_DAY = f"""{_WITH}
SELECT place, day, sum(cost), sum(billed), sum(unpriced) FROM asked JOIN scoped USING (scope, of)
WHERE day >= since AND day < until AND {_FITS} GROUP BY place, day
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Window:
    """Some days of what a budget counts."""

    budget: Budget
    days: DayRange


@dataclass(frozen=True, slots=True)
class Used:
    """What was spent, by the budget's basis, and how many events have no price yet."""

    spent: Decimal
    unpriced_events: int


NOTHING = Used(ZERO, 0)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a budget stands in one of its periods."""

    budget: Budget
    period: DayRange
    used: Used
    as_of: datetime

    @property
    def spent(self) -> Decimal:
        return self.used.spent

    @property
    def remaining(self) -> Decimal:
        """Negative where more was spent."""
        return minus(self.budget.amount, self.spent)

    @property
    def share(self) -> Decimal:
        """Spent of the amount; rounded, to show."""
        return ratio(self.spent, self.budget.amount) or ZERO

    @property
    def percent(self) -> int:
        """Whole per cent used, rounded down, so that 100 is never said too early."""
        return int(self.spent * 100 // self.budget.amount)

    @property
    def next_threshold(self) -> int | None:
        return next((each for each in self.budget.thresholds if not self.reaches(each)), None)

    @property
    def next_reset(self) -> date | None:
        """The day on which the next period begins; fixed dates have none."""
        return None if self.budget.period == "fixed" else self.period.until

    def reaches(self, threshold: int) -> bool:
        return self.spent * 100 >= threshold * self.budget.amount


def standings(budgets: Iterable[Budget], *, today: date) -> list[Standing]:
    """Each budget in the period that a day lies in, in the order given."""
    asked = [Window(each, each.cycle.around(today)) for each in budgets]
    found, at = consumption(asked), now()
    return [
        Standing(window.budget, window.days, used, at)
        for window, used in zip(asked, found, strict=True)
    ]


def consumption(asked: Sequence[Window]) -> list[Used]:
    """What was used in each window, in the order given."""
    found = dict.fromkeys(range(len(asked)), NOTHING)
    for place, cost, billed, unpriced in _rows(_BY_PERIOD, asked, by_day=False):
        found[place] = _used(asked[place].budget, cost, billed, unpriced)
    return list(found.values())


def day_by_day(asked: Sequence[Window]) -> list[dict[date, Used]]:
    """The days of each window on which something was used, in the order given."""
    found: list[dict[date, Used]] = [{} for _ in asked]
    for place, day, cost, billed, unpriced in _rows(_BY_DAY, asked, by_day=True):
        found[place][day] = _used(asked[place].budget, cost, billed, unpriced)
    return found


def _used(budget: Budget, cost: Decimal, billed: Decimal, unpriced: Decimal) -> Used:
    return Used(billed if budget.basis == Basis.BILLED else cost, int(unpriced))


def _rows(sql: str, asked: Sequence[Window], *, by_day: bool) -> list[tuple[Any, ...]]:
    """Budgets of all models, features and environments are read from the days of projects, others by bucket."""
    places: dict[bool, list[int]] = {False: [], True: []}
    for place, each in enumerate(asked):
        places[each.budget.is_narrow].append(place)
    parts: list[str] = []
    values: dict[str, Any] = {}
    for is_narrow, these in places.items():
        if these:
            windows = {place: asked[place] for place in these}
            part, named = _part(sql, windows, by_day=by_day, is_narrow=is_narrow)
            parts.append(_PARAMETER.sub(rf"%(\1_{len(parts)})s", part))
            values |= {f"{name}_{len(parts) - 1}": value for name, value in named.items()}
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"({part})" for part in parts), values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def source_of(where: str, *, is_narrow: bool) -> tuple[str, str]:
    """SQL: what is kept and what is not folded yet, as (day, client_id, project_id, names, cost, unpriced).

    Days of projects are a hundredth of the buckets, but they name no model, feature or environment.
    """
    names = _NAMES if is_narrow else _NO_NAMES
    rollup = _BUCKET if is_narrow else _PROJECT_DAY
    return (
        rollup.format(table="billing_dailyspend", where=where, names=names),
        _BUCKET.format(table="billing_spendentry", where=where, names=names),
    )


def _part(
    sql: str, asked: Mapping[int, Window], *, by_day: bool, is_narrow: bool
) -> tuple[str, dict[str, Any]]:
    scope, windows = active_scope(), list(asked.values())
    budgets = [each.budget for each in windows]
    parameters = {
        "tenant": scope.tenant_id,
        "viewer": scope.client_id,
        "first": min(each.days.since for each in windows),
        "last": max(each.days.until for each in windows),
        "place": list(asked),
        "since": [each.days.since for each in windows],
        "until": [each.days.until for each in windows],
        "scope": [_scope(each)[0] for each in budgets],
        "of": [_scope(each)[1] for each in budgets],
        "clients": list({each.client_id for each in budgets}),
        "projects": list({each.project_id for each in budgets}),
    }
    for name in ("model", "feature", "environment"):
        values = [getattr(each, name) for each in budgets]
        parameters |= {name: values, f"by_{name}": any(values)}
    return _filled(sql, budgets, by_day=by_day, is_narrow=is_narrow), parameters


def _filled(sql: str, budgets: Sequence[Budget], *, by_day: bool, is_narrow: bool) -> str:
    """The statement for these budgets: it reads no client, project or mark-up that none of them counts."""
    where = "tenant_id = %(tenant)s AND day >= %(first)s AND day < %(last)s"
    if active_scope().client_id is not None:
        where += " AND client_id = %(viewer)s"
    if all(each.client_id is not None for each in budgets):
        where += " AND client_id = ANY(%(clients)s)"
    if all(each.project_id is not None for each in budgets):
        where += " AND project_id = ANY(%(projects)s)"
    is_billed = any(each.basis == Basis.BILLED for each in budgets)
    rollup, journal = source_of(where, is_narrow=is_narrow)
    return sql.format(
        rollup=rollup,
        journal=journal,
        markup=markup_of("bucket") if is_billed else "",
        billed=f"cost * {FACTOR}" if is_billed else "cost",
        keys="day" if by_day else "since, until",
        source="daily" if by_day else _PERIODS,
        tenant_scope=TENANT,
        client_scope=CLIENT,
        project_scope=PROJECT,
    )


def _scope(budget: Budget) -> tuple[int, int]:
    if budget.project_id is not None:
        return PROJECT, budget.project_id
    return (TENANT, 0) if budget.client_id is None else (CLIENT, budget.client_id)
