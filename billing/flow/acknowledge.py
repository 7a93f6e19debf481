"""Acknowledge: somebody takes an alert on; nobody does, and others are told; not now, and it comes back.

In:   an alert, who says so.   Out: what changed.
Promises: the first to acknowledge is the one who did; what was told of a budget up to then in that period is
acknowledged with it. Passing on and reminding happen once, whichever worker comes first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.db.models import Q, QuerySet

from billing.models import Alert
from billing.models.budgets import ESCALATE_AFTER
from tenants.audit import Actor, label_of, record
from tenants.models import User

LINK_LIVES = timedelta(days=30)
SALT = "billing.alert"
LONGEST_NOTE = 500


class BadLink(ValueError):
    """Not a link that was mailed, or one that is too old."""


@dataclass(frozen=True, slots=True)
class AlertLink:
    """Whose link it is, and to which alert of which tenant."""

    tenant_id: int
    alert_id: int
    user_id: int


def signed(link: AlertLink) -> str:
    return signing.dumps([link.tenant_id, link.alert_id, link.user_id], salt=SALT)


def read_link(token: str) -> AlertLink:
    """BadLink for one that was altered or is older than a month."""
    try:
        return AlertLink(*signing.loads(token, salt=SALT, max_age=LINK_LIVES))
    except (signing.BadSignature, TypeError, ValueError) as error:
        raise BadLink("This link is not valid any more.") from error


def _said(alert: Alert) -> str:
    """What it was about, as the page of alerts has it."""
    return f"{alert.budget.name}: {alert.headline}" if alert.budget else alert.headline


def acknowledge(alert: Alert, *, actor: Actor, note: str = "", now: datetime) -> bool:
    """Take an alert on, with what was told of the same budget and period before; False: somebody had."""
    taken = together(alert).update(
        acknowledged_at=now,
        acknowledged_by=actor if isinstance(actor, User) else None,
        acknowledged_label=label_of(actor),
        note=note[:LONGEST_NOTE],
        snoozed_until=None,
        escalate_at=None,
    )
    if taken:
        record("alert.acknowledged", actor=actor, subject=_said(alert), after={"note": note})
    alert.refresh_from_db()
    return bool(taken)


def snooze(alert: Alert, *, actor: Actor, until: datetime) -> bool:
    """Say nothing more of an alert until then; False: it is acknowledged already."""
    put_off = together(alert).update(snoozed_until=until)
    if put_off:
        after = {"until": until.isoformat()}
        record("alert.snoozed", actor=actor, subject=_said(alert), after=after)
    alert.refresh_from_db()
    return bool(put_off)


def together(alert: Alert) -> QuerySet[Alert]:
    """The alert and what was told of its budget and period until then, as far as it is open."""
    if alert.budget_id is None:
        return Alert.objects.filter(pk=alert.pk, acknowledged_at=None)
    return Alert.objects.filter(
        budget=alert.budget_id, since=alert.since, pk__lte=alert.pk, acknowledged_at=None
    )


def pass_on(*, now: datetime) -> list[Alert]:
    """Claim what nobody has acknowledged in time, once: the highest alert of each budget and period."""
    awake = Q(snoozed_until=None) | Q(snoozed_until__lte=now)
    due = Alert.objects.filter(awake, escalate_at__lte=now, acknowledged_at=None, escalated_at=None)
    return _claimed(due, escalated_at=now)


def wake(*, now: datetime) -> list[Alert]:
    """Claim what was put off until now: it is told again, and the time to acknowledge begins anew."""
    due = Alert.objects.filter(snoozed_until__lte=now, acknowledged_at=None)
    found = _claimed(due, snoozed_until=None)
    for alert in found:
        if alert.escalate_at:
            budget = alert.budget
            wait = (budget.escalate_after_hours if budget else None) or ESCALATE_AFTER
            later = now + timedelta(hours=wait)
            Alert.objects.filter(pk=alert.pk).update(escalate_at=later, escalated_at=None)
    return found


def _claimed(due: QuerySet[Alert], **marks: datetime | None) -> list[Alert]:
    """Mark what is due, skipping what another worker has in hand; the highest of each budget and period."""
    rows = list(due.select_for_update(skip_locked=True, of=("self",)).order_by("pk"))
    Alert.objects.filter(pk__in=[each.pk for each in rows]).update(**marks)
    return _highest(rows)


def _highest(alerts: Sequence[Alert]) -> list[Alert]:
    last = {(each.budget_id or -each.pk, each.since): each for each in alerts}
    return list(last.values())
