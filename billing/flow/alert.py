"""Alert: a row first, once, and its message in the same transaction.

In:   what is to be told, if it has not been told.   Out: the alerts that are new, each told to its people.
Promise: one row per budget, version, period, threshold and kind, by a unique key, so that neither a retry nor a
second worker tells again. The row and its deliveries are kept together or not at all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import connection

from billing.channels.message import Message
from billing.flow.choose_channels import chosen_channels
from billing.flow.deliver import enqueue
from billing.flow.set_budget import may_see
from billing.flow.store import Bound
from billing.flow.switch_off import owners
from billing.models import Alert, Budget
from billing.models.alerts import AlertKind
from billing.money import ZERO
from billing.periods import DayRange
from tenants.models import User
from tenants.scoping import active_scope

FULL = 100
"""From this threshold on an alert that nobody acknowledges is passed on."""

# In the order of the key, so that two workers who find the same do not wait for each other in a circle.
RAISE = """
INSERT INTO billing_alert (tenant_id, budget_id, version, kind, since, until, threshold, subject, spent, amount,
    headline, made_at, acknowledged_label, note, escalate_at)
SELECT %(tenant)s, %(budget)s, %(version)s, %(kind)s, %(since)s, %(until)s, threshold, %(subject)s, %(spent)s,
    %(amount)s, '', %(now)s, '', '', CASE WHEN threshold >= %(full)s THEN %(escalate_at)s::timestamptz END
FROM unnest(%(thresholds)s::int[]) threshold ORDER BY threshold
ON CONFLICT (tenant_id, budget_id, version, since, threshold, kind, subject) DO NOTHING
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be told: thresholds of a budget in a period, or one alarm about a `subject`."""

    kind: AlertKind
    period: DayRange
    thresholds: tuple[int, ...] = (0,)
    budget: Budget | None = None
    subject: str = ""
    spent: Decimal = ZERO


Told = tuple[int, date, int, str]
"""Version, start of the period, threshold and kind: what of a budget has been told."""


def told_of(budgets: Sequence[Budget], *, since: date) -> dict[int, set[Told]]:
    """What has been told of each budget in periods that began on that day or later."""
    found: dict[int, set[Told]] = {each.pk: set() for each in budgets}
    rows = Alert.objects.filter(budget__in=found, since__gte=since).values_list(
        "budget_id", "version", "since", "threshold", "kind"
    )
    for budget, version, start, threshold, kind in rows.iterator():
        if budget is not None:
            found[budget].add((version, start, threshold, kind))
    return found


def raise_alerts(
    finding: Finding, *, words: Callable[[Sequence[Alert], User | None], Message], now: datetime
) -> list[Alert]:
    """Keep what is new of a finding and tell of it, all thresholds in one message; nothing new: nothing.

    `words` makes the message for one person, or for channels (None).
    """
    alerts = _kept(finding, now=now)
    if not alerts:
        return []
    highest, budget = alerts[-1], finding.budget
    people = responsible(budget) if budget else owners()
    for person in people:
        enqueue(words(alerts, person), people=[person], about=f"alert:{highest.pk}", now=now)
    message = words(alerts, None)
    if channels := chosen_channels(budget) if budget else []:
        enqueue(message, channels=channels, about=f"alert:{highest.pk}", now=now)
    Alert.objects.filter(pk__in=[each.pk for each in alerts]).update(headline=message.headline)
    return alerts


def responsible(budget: Budget) -> list[User]:
    """Who is told: the owner; the owners of the company when that person has gone."""
    if may_see(budget.owner, budget):
        return [budget.owner]
    return owners()


def _kept(finding: Finding, *, now: datetime) -> list[Alert]:
    """The alerts that were not there before, lowest threshold first."""
    budget = finding.budget
    hours = budget.escalate_after_hours if budget and finding.kind == AlertKind.SPENT else None
    parameters: Bound = {
        "tenant": active_scope().tenant_id,
        "budget": budget.pk if budget else None,
        "version": budget.version if budget else 0,
        "kind": finding.kind.value,
        "since": finding.period.since,
        "until": finding.period.until,
        "thresholds": list(finding.thresholds),
        "subject": finding.subject,
        "spent": finding.spent,
        "amount": budget.amount if budget else ZERO,
        "now": now,
        "full": FULL,
        "escalate_at": now + timedelta(hours=hours) if hours else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(RAISE, parameters)
        made = [alert for (alert,) in cursor.fetchall()]
    return list(Alert.objects.filter(pk__in=made).order_by("threshold"))
