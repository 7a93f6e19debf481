"""Closed periods: what late or corrected events moved in a period that had ended.

In:   the days that changed lately, and the versions of the budgets.   Out: a Finding for each threshold that is
      crossed now and was not when the period ended, or was and is no longer; and in words, why.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import connection

from billing.flow.alert import Finding, Told, told_of
from billing.flow.store import Bound
from billing.models import Budget, BudgetVersion, SpendDay
from billing.models.alerts import AlertKind
from billing.models.budgets import Terms
from billing.money import TOKEN_CLASSES, dollars
from billing.periods import DayRange, start_of
from billing.reports.budgets import Standing, Window, consumption
from tenants.scoping import active_scope

LONGEST = timedelta(days=92)
"""Of a period that turns by itself: its first days may lie so long before the budget was made."""
LOOKS_BACK = timedelta(days=2)
"""A change is looked at for so long, so that a lost bell loses no notice; found again it is not told again."""

_COST = " + ".join(f"cost_{name}" for name in TOKEN_CLASSES)
_OF = """tenant_id = %(tenant)s AND occurred_at >= %(since)s AND occurred_at < %(until)s
    AND (%(client)s::int IS NULL OR client_id = %(client)s)"""
ARRIVED = f"""
SELECT count(*), coalesce(sum({_COST}), 0) FROM billing_usageevent
WHERE {_OF} AND received_at >= %(until)s AND (%(project)s::int IS NULL OR project_id = %(project)s)
"""  # noqa: S608
CORRECTED = f"""
SELECT count(*), coalesce(sum({_COST}), 0) FROM billing_eventcorrection WHERE {_OF} AND made_at >= %(until)s
"""  # noqa: S608


def closed_findings(
    budgets: Sequence[Budget], *, today: date, zone: str, now: datetime
) -> Iterator[tuple[Finding, Standing]]:
    """What changed days moved in periods that have ended, by the terms that were in force then."""
    days = changed_days(budgets, today=today, now=now)
    windows = closed_windows(budgets, days, today=today, zone=zone) if days else []
    if not windows:
        return
    first = min(each.days.since for each in windows)
    told = told_of([each.budget for each in windows], since=first)
    for window, used in zip(windows, consumption(windows), strict=True):
        standing = Standing(window.budget, window.days, used, now)
        for kind, thresholds in _moved(standing, told[window.budget.pk]).items():
            if thresholds:
                yield finding_of(kind, standing, thresholds), standing


def changed_days(budgets: Sequence[Budget], *, today: date, now: datetime) -> list[date]:
    """Days that are over and have changed since, from about the first budget on."""
    first = min((each.created_at for each in budgets), default=now) - LOOKS_BACK
    changed = SpendDay.objects.filter(
        day__gte=first.date() - LONGEST, day__lt=today, changed_at__gte=now - LOOKS_BACK
    )
    return list(changed.order_by("day").values_list("day", flat=True))


def closed_windows(
    budgets: Sequence[Budget], days: Sequence[date], *, today: date, zone: str
) -> list[Window]:
    """The closed periods that hold a changed day, each with its budget as it was when the period ended."""
    versions: dict[int, list[BudgetVersion]] = {each.pk: [] for each in budgets}
    for version in BudgetVersion.objects.filter(budget__in=versions).order_by("number"):
        versions[version.budget_id].append(version)
    found = {}
    for budget in budgets:
        for day in days:
            window = _closed(budget, versions[budget.pk], day, today=today, zone=zone)
            if window:
                found[budget.pk, window.days.since, window.days.until] = window
    return list(found.values())


def _closed(
    budget: Budget, versions: Sequence[BudgetVersion], day: date, *, today: date, zone: str
) -> Window | None:
    """The newest version that was made before its period around the day ended, if that is over."""
    for version in reversed(versions):
        period = version.cycle.around(day)
        if not period.since <= day < period.until:
            continue
        if version.made_at < start_of(period.until, timezone=zone):
            return Window(under(budget, version), period) if period.until <= today else None
    return None


def under(budget: Budget, version: BudgetVersion) -> Budget:
    """The budget as it was by an earlier version's terms."""
    then = copy(budget)
    for field in Terms._meta.fields:
        setattr(then, field.attname, getattr(version, field.attname))
    then.version = version.number
    return then


def _moved(standing: Standing, told: set[Told]) -> dict[AlertKind, tuple[int, ...]]:
    budget, since = standing.budget, standing.period.since

    def was_told(threshold: int, *kinds: AlertKind) -> bool:
        return any((budget.version, since, threshold, kind) in told for kind in kinds)

    moved: dict[AlertKind, list[int]] = {AlertKind.LATE: [], AlertKind.UNDONE: []}
    for threshold in budget.thresholds:
        known = was_told(threshold, AlertKind.SPENT, AlertKind.LATE)
        if standing.reaches(threshold) and not known:
            moved[AlertKind.LATE].append(threshold)
        if not standing.reaches(threshold) and known:
            moved[AlertKind.UNDONE].append(threshold)
    return {kind: tuple(each) for kind, each in moved.items()}


def finding_of(kind: AlertKind, standing: Standing, thresholds: tuple[int, ...]) -> Finding:
    """These thresholds of a budget in one of its periods."""
    return Finding(
        kind=kind,
        period=standing.period,
        thresholds=thresholds,
        budget=standing.budget,
        spent=standing.spent,
    )


def why(budget: Budget, period: DayRange, *, zone: str) -> str:
    """What moved a closed period, in words: events that came after its end, corrections made since."""
    parameters: Bound = {
        "tenant": active_scope().tenant_id,
        "since": start_of(period.since, timezone=zone),
        "until": start_of(period.until, timezone=zone),
        "client": budget.client_id,
        "project": budget.project_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(ARRIVED, parameters)
        late, late_cost = cursor.fetchone()
        cursor.execute(CORRECTED, parameters)
        corrected, corrected_cost = cursor.fetchone()
    said = []
    if late:
        said.append(f"{late} {_events(late)} arrived after its end ({_signed(late_cost)})")
    if corrected:
        verb = "was" if corrected == 1 else "were"
        said.append(
            f"{corrected} {_events(corrected)} {verb} corrected afterwards ({_signed(corrected_cost)})"
        )
    return " and ".join(said) or "its days were counted anew"


def _events(count: int) -> str:
    return "event" if count == 1 else "events"


def _signed(cost: Decimal) -> str:
    return f"+{dollars(cost)}" if cost > 0 else dollars(cost)
