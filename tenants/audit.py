"""Write one line of the audit log, in the transaction of the change it tells of."""

from typing import Any

from tenants.models import AuditEntry, User

Actor = User | str
"""A person, or a label such as `key ct_AbCdEfGh` or `command`."""


def label_of(actor: Actor) -> str:
    """What stays of an actor when the account is gone."""
    return actor.email if isinstance(actor, User) else actor


def record(
    action: str,
    *,
    actor: Actor,
    subject: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    person = actor if isinstance(actor, User) else None
    AuditEntry.objects.create(
        actor=person,
        actor_label=label_of(actor),
        action=action,
        subject=subject[:200],
        before=before,
        after=after,
    )
