"""Words: what an alert of a budget says, from one set of figures, for every kind of channel.

In:   alerts, where the budget stands, whom it is for.   Out: a Message.
Promise: a sentence with the figures first; then what moved, what is expected, what is missing, who answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.urls import reverse

from billing.channels.message import Link, Message, absolute
from billing.flow.acknowledge import AlertLink, signed
from billing.models import Alert, Budget
from billing.models.alerts import AlertKind
from billing.models.budgets import Basis
from billing.money import dollars, plain
from billing.periods import DayRange
from billing.reports.budgets import Standing
from billing.reports.forecast import Forecast
from billing.reports.movers import movers
from billing.reports.spend import spend
from tenants.models import Project, Tenant, User

CLOSED = {AlertKind.LATE: "used", AlertKind.UNDONE: "no longer reached"}
WHOLE = Decimal(10)
"""From so many dollars on an estimate is said in whole ones."""


@dataclass(frozen=True, slots=True)
class Told:
    """All that the words are made of."""

    tenant: Tenant
    alerts: Sequence[Alert]
    standing: Standing
    today: date
    forecast: Forecast | None = None
    reason: str = ""
    """Why a closed period moved."""

    @property
    def budget(self) -> Budget:
        return self.standing.budget

    @property
    def kind(self) -> AlertKind:
        return AlertKind(self.alerts[-1].kind)


def budget_message(told: Told, person: User | None) -> Message:
    """The message for one person, with a link of their own; or for channels."""
    percents = percent_list([each.threshold for each in told.alerts])
    return Message(
        kind=f"budget.{'threshold' if told.kind == AlertKind.SPENT else told.kind.value}",
        subject=f"{told.budget.name}: {_subject(told, percents)}",
        headline=_headline(told, percents),
        facts=tuple(_facts(told)),
        links=links(told.tenant, told.alerts[-1], person),
        data=_data(told),
    )


def links(tenant: Tenant, alert: Alert, person: User | None) -> tuple[Link, ...]:
    """Acknowledge first: by a link of the person's own, or after signing in."""
    page = absolute(reverse("alert", args=[tenant.slug, alert.pk]))
    if person is None:
        return (Link("Acknowledge", page), *_budget_link(tenant, alert))
    token = signed(AlertLink(tenant.pk, alert.pk, person.pk))
    own = absolute(reverse("alert_link", args=[token]))
    return (Link("Acknowledge", own), *_budget_link(tenant, alert))


def percent_list(thresholds: Sequence[int]) -> str:
    """`50 %`, `50 % and 80 %`, `50 %, 80 % and 100 %`."""
    *others, last = [f"{each} %" for each in thresholds]
    return f"{', '.join(others)} and {last}" if others else last


def period_words(budget: Budget, period: DayRange) -> str:
    """`month to 30 Nov`, `day of 22 Nov`, `3 Nov to 16 Nov`."""
    if budget.period == "day":
        return f"day of {day_words(period.since)}"
    if budget.period == "fixed":
        return f"{day_words(period.since)} to {day_words(period.last)}"
    return f"{budget.period} to {day_words(period.last)}"


def left_words(period: DayRange, *, today: date) -> str:
    """How many days are left, today not counted."""
    left = (period.last - today).days
    if left <= 0:
        return "This is its last day" if left == 0 else "It has ended"
    return f"{left} {'day' if left == 1 else 'days'} left"


def day_words(day: date) -> str:
    return f"{day.day} {day:%b}"


def estimate(amount: Decimal) -> str:
    return dollars(amount, places=0) if amount >= WHOLE else dollars(amount)


def spent_words(standing: Standing) -> str:
    """`$812.40 of $1,000.00`, with a sign before it when something has no price."""
    least = "≥ " if standing.used.unpriced_events else ""
    return f"{least}{dollars(standing.spent)} of {dollars(standing.budget.amount)}"


def forecast_words(found: Forecast, period: DayRange) -> str:
    """`$1,420 by 30 Nov, 100 % on 26 Nov`."""
    return f"{estimate(found.expected)} {forecast_detail(found, period)}"


def forecast_detail(found: Forecast, period: DayRange) -> str:
    words = f"by {day_words(period.last)}"
    if found.exhausted_on:
        words += f", 100 % on {day_words(found.exhausted_on)}"
    return words


def _subject(told: Told, percents: str) -> str:
    amount = dollars(told.budget.amount)
    ended = f"{period_words(told.budget, told.standing.period)}, which has ended"
    return {
        AlertKind.SPENT: f"{percents} of {amount} used",
        AlertKind.FORECAST: f"{percents} of {amount} expected",
        AlertKind.LATE: f"{percents} of {amount} reached in the {ended}",
        AlertKind.UNDONE: f"{percents} of {amount} no longer reached in the {ended}",
    }[told.kind]


def _headline(told: Told, percents: str) -> str:
    standing = told.standing
    period = f"{period_words(told.budget, standing.period)}, {told.tenant.timezone}"
    if told.kind == AlertKind.FORECAST and told.forecast:
        expected = estimate(told.forecast.expected)
        return (
            f"{percents} expected: {expected} of {dollars(told.budget.amount)} ({period});"
            f" {spent_words(standing)} used so far."
        )
    if told.kind in CLOSED:
        return (
            f"{percents} {CLOSED[told.kind]} in a period that has ended: {spent_words(standing)} ({period}),"
            f" since {told.reason}."
        )
    return f"{percents} used: {spent_words(standing)} ({period})."


def _facts(told: Told) -> list[tuple[str, str]]:
    standing, budget = told.standing, told.budget
    facts = [("Budget", f"{budget.name}, {scope_words(budget)}")]
    is_over = standing.period.until <= told.today
    if not is_over:
        facts.append(("Time", f"{left_words(standing.period, today=told.today)}."))
        if told.forecast:
            facts.append(("Forecast", f"{forecast_words(told.forecast, standing.period)}."))
    if mover := biggest_mover(standing, today=told.today):
        facts.append(("Biggest mover", mover))
    if count := standing.used.unpriced_events:
        events = "event" if count == 1 else "events"
        facts.append(("Unpriced", f"{count} {events}, so the true figure is higher."))
    facts.append(("Responsible", str(budget.owner)))
    return facts


def scope_words(budget: Budget) -> str:
    """What a budget counts: `all of Globex`, `Support bot, production only`, `all of Acme, as billed`."""
    if budget.project:
        words = budget.project.name
    else:
        words = f"all of {budget.client.name}" if budget.client else "everything"
    only = [each for each in (budget.model, budget.feature, budget.environment) if each]
    words = f"{words}, {' and '.join(only)} only" if only else words
    return f"{words}, as billed" if budget.basis == Basis.BILLED else words


def biggest_mover(standing: Standing, *, today: date) -> str:
    """What changed most against as many days of the period before: a project; of one project, a model."""
    budget, period = standing.budget, standing.period
    if budget.basis == Basis.BILLED or budget.feature:
        return ""
    days = DayRange(period.since, min(period.until, today + (period.until - period.last)))
    before = budget.cycle.before(period)
    same = DayRange(before.since, min(before.until, before.since + (days.until - days.since)))
    dimension = "model" if budget.project else "project"
    now, then = (_by(dimension, budget, each) for each in (days, same))
    found = movers(now, then)
    if not found:
        return ""
    name, change = found[0].key, found[0].change
    if dimension == "project":
        name = Project.objects.values_list("name", flat=True).get(slug=name)
    sign = "+" if change > 0 else ""
    return f"{name} {sign}{dollars(change)} against {_before_words(budget)}."


def _by(dimension: str, budget: Budget, days: DayRange) -> dict[str, Decimal]:
    report = spend(
        days,
        granularity="total",
        group_by=[dimension],
        client=budget.client.slug if budget.client else "",
        project=budget.project.slug if budget.project else "",
        model=budget.model,
        environment=budget.environment,
    )
    return {row.keys[dimension]: row.measures.cost for row in report.rows}


def _before_words(budget: Budget) -> str:
    return {
        "day": "the day before",
        "week": "the week before",
        "month": "the same days of last month",
        "quarter": "the same days of last quarter",
        "fixed": "as many days before",
    }[budget.period]


def _budget_link(tenant: Tenant, alert: Alert) -> tuple[Link, ...]:
    if alert.budget_id is None:
        return ()
    return (Link("Budget", absolute(reverse("budget", args=[tenant.slug, alert.budget_id]))),)


def _data(told: Told) -> dict[str, object]:
    standing, found = told.standing, told.forecast
    budget = told.budget
    return {
        "alerts": [each.pk for each in told.alerts],
        "kind": told.kind.value,
        "thresholds": [each.threshold for each in told.alerts],
        "budget": {"id": budget.pk, "name": budget.name, "version": budget.version},
        "period_since": standing.period.since.isoformat(),
        "period_until": standing.period.until.isoformat(),
        "timezone": told.tenant.timezone,
        "amount": plain(budget.amount),
        "spent": plain(standing.spent),
        "remaining": plain(standing.remaining),
        "percent": standing.percent,
        "unpriced_events": standing.used.unpriced_events,
        "forecast": found and plain(found.expected),
        "exhausted_on": found and found.exhausted_on and found.exhausted_on.isoformat(),
        "owner": budget.owner.email,
        "reason": told.reason,
        "as_of": standing.as_of.isoformat(),
    }
