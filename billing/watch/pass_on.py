"""Pass on: an alert that nobody acknowledged in time goes to others; one that was put off comes back.

In:   the active tenant and the time.   Out: deliveries, in the scope's one transaction, once for each alert.
"""

from datetime import datetime

from billing.channels.message import Message
from billing.flow.acknowledge import pass_on, wake
from billing.flow.alert import responsible
from billing.flow.choose_channels import chosen_channels
from billing.flow.deliver import enqueue
from billing.flow.switch_off import owners
from billing.models import Alert, Budget
from billing.money import dollars, plain
from billing.watch.words import links
from tenants.models import Tenant, User


def pass_on_alerts(*, now: datetime) -> int:
    """Tell the deputy and the owners of the company what nobody has acknowledged; returns how much that was."""
    tenant = Tenant.objects.get()
    due = pass_on(now=now)
    for alert in due:
        budget = alert.budget
        if budget is None:
            continue
        hours = budget.escalate_after_hours
        said = f"{budget.owner} has not acknowledged this for {hours} hours. {alert.headline}"
        about = f"alert:{alert.pk}:escalated"
        for person in others(budget):
            message = _again("escalated", alert, budget, tenant=tenant, person=person, said=said)
            enqueue(message, people=[person], about=about, now=now)
        message = _again("escalated", alert, budget, tenant=tenant, person=None, said=said)
        enqueue(message, channels=chosen_channels(budget), about=about, now=now)
    return len(due)


def wake_alerts(*, now: datetime) -> int:
    """Tell the owner again what was put off until now."""
    tenant = Tenant.objects.get()
    due = wake(now=now)
    for alert in due:
        budget = alert.budget
        for person in responsible(budget) if budget else owners():
            said = f"You wanted to hear of this again today. {alert.headline}"
            message = _again("reminder", alert, budget, tenant=tenant, person=person, said=said)
            about = f"alert:{alert.pk}:again:{now:%Y-%m-%d}"
            enqueue(message, people=[person], about=about, now=now)
    return len(due)


def others(budget: Budget) -> list[User]:
    """The deputy, then the owners of the company, each once."""
    people = [*([budget.deputy] if budget.deputy else []), *owners()]
    return list({person.pk: person for person in people}.values())


def _again(
    what: str,
    alert: Alert,
    budget: Budget | None,
    *,
    tenant: Tenant,
    person: User | None,
    said: str,
) -> Message:
    name = budget.name if budget else alert.get_kind_display().capitalize()
    facts = [("Told on", f"{alert.made_at:%d %b %Y, %H:%M} UTC")]
    if budget:
        facts += [("Used then", f"{dollars(alert.spent)} of {dollars(alert.amount)}")]
        facts += [("Responsible", str(budget.owner))]
    return Message(
        kind=f"budget.{what}",
        subject=f"{name}: {'not acknowledged' if what == 'escalated' else 'a reminder'}",
        headline=said,
        facts=tuple(facts),
        links=links(tenant, alert, person),
        data={
            "alert": alert.pk,
            "kind": alert.kind,
            "threshold": alert.threshold,
            "budget": budget and {"id": budget.pk, "name": budget.name, "version": alert.version},
            "spent": plain(alert.spent),
            "amount": plain(alert.amount),
            "made_at": alert.made_at.isoformat(),
        },
    )
