"""Check: what of a tenant's budgets is to be told now.

In:   the active tenant and the time.   Out: alerts and their deliveries, in the scope's one transaction.
Called after each fold for what was used, and by the clock for forecasts and for what nobody acknowledged.
Safe: twice, at once, or late. What was told is known by its row, and a period that turned has told nothing yet.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from billing.channels.message import Message
from billing.flow.alert import Finding, raise_alerts, told_of
from billing.models import Alert, Budget
from billing.models.alerts import AlertKind
from billing.periods import DayRange, today_in
from billing.reports.budgets import Standing, Window, day_by_day, standings
from billing.reports.forecast import HISTORY, Forecast, forecast
from billing.watch.closed import closed_findings, finding_of, why
from billing.watch.words import Told, budget_message
from tenants.models import Tenant, User

READ = ("client", "project", "owner", "deputy", "shared_with")


@dataclass(frozen=True, slots=True)
class Checked:
    budgets: int
    alerts: int


def check_budgets(*, now: datetime, forecasts: bool = False) -> Checked:
    """Evaluate every budget of the active tenant; `forecasts` too, which the clock asks for."""
    tenant = Tenant.objects.get()
    today = today_in(tenant.timezone, now=now)
    budgets = list(Budget.objects.filter(archived_at=None).select_related(*READ).order_by("pk"))
    current = [
        each
        for each in standings(budgets, today=today)
        if each.period.since <= today < each.period.until
    ]
    found = [
        *_spent(current),
        *(_expected(current, today=today) if forecasts else ()),
        *closed_findings(budgets, today=today, zone=tenant.timezone, now=now),
    ]
    made = [
        alert
        for finding, standing in found
        for alert in raise_alerts(finding, words=partial(_words, tenant, standing, today), now=now)
    ]
    return Checked(budgets=len(budgets), alerts=len(made))


def forecasts_of(found: Sequence[Standing], *, today: date) -> list[Forecast | None]:
    """Where each budget is heading, from the days of the last four weeks."""
    days = DayRange(today - timedelta(days=HISTORY), today + timedelta(days=1))
    spent = day_by_day([Window(each.budget, days) for each in found])
    return [
        forecast(
            {day: used.spent for day, used in by_day.items()},
            period=standing.period,
            today=today,
            spent=standing.spent,
            amount=standing.budget.amount,
        )
        for standing, by_day in zip(found, spent, strict=True)
    ]


def _spent(current: Sequence[Standing]) -> Iterator[tuple[Finding, Standing]]:
    """The thresholds that are reached and have not been told."""
    reached = [each for each in current if each.reaches(each.budget.thresholds[0])]
    if not reached:
        return
    told = told_of(
        [each.budget for each in reached], since=min(each.period.since for each in reached)
    )
    for standing in reached:
        budget = standing.budget
        new = tuple(
            each
            for each in budget.thresholds
            if standing.reaches(each)
            and (budget.version, standing.period.since, each, AlertKind.SPENT)
            not in told[budget.pk]
        )
        if new:
            yield finding_of(AlertKind.SPENT, standing, new), standing


def _expected(current: Sequence[Standing], *, today: date) -> Iterator[tuple[Finding, Standing]]:
    """The thresholds that the forecast reaches, that are not reached yet, and that have not been told."""
    asked = [each for each in current if each.budget.forecast_thresholds]
    if not asked:
        return
    told = told_of([each.budget for each in asked], since=min(each.period.since for each in asked))
    for standing, found in zip(asked, forecasts_of(asked, today=today), strict=True):
        budget = standing.budget
        new = tuple(
            each
            for each in budget.forecast_thresholds
            if found
            and found.expected * 100 >= each * budget.amount
            and not standing.reaches(each)
            and (budget.version, standing.period.since, each, AlertKind.FORECAST)
            not in told[budget.pk]
        )
        if new:
            yield finding_of(AlertKind.FORECAST, standing, new), standing


def _words(
    tenant: Tenant, standing: Standing, today: date, alerts: Sequence[Alert], person: User | None
) -> Message:
    kind = AlertKind(alerts[-1].kind)
    is_closed = kind in (AlertKind.LATE, AlertKind.UNDONE)
    reason = why(standing.budget, standing.period, zone=tenant.timezone) if is_closed else ""
    found = None if is_closed else forecasts_of([standing], today=today)[0]
    return budget_message(Told(tenant, alerts, standing, today, found, reason), person)
