"""Changes that reach into the ledger's totals. Each leaves an audit entry, in the same transaction."""

from datetime import timedelta

from billing.flow.locks import own_days
from billing.flow.verify import days_with_events, rebuild
from tenants.actions import ActionError, set_timezone
from tenants.audit import Actor

__all__ = ["ActionError", "change_timezone"]


def change_timezone(zone: str, *, actor: Actor) -> None:
    """Move the active tenant to another time zone and make its days anew, all at once or not at all.

    New events of the tenant wait meanwhile, since each of them lands on a day. ActionError for a zone
    that is none.
    """
    own_days()
    set_timezone(zone, actor=actor)
    span = days_with_events()
    if span:
        rebuild(span[0] - timedelta(days=1), until=span[1] + timedelta(days=1))
