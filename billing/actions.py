"""Changes to how the books are kept. Each leaves an audit entry, in the same transaction."""

from django.db import transaction
from django.utils import timezone

from billing.flow import zone as zones
from billing.flow.doorbell import ring
from billing.models import Retention
from billing.models.keeping import LEAST_MONTHS, MOST_MONTHS
from tenants.actions import ActionError, check_timezone
from tenants.audit import Actor, record
from tenants.models import Tenant
from tenants.scoping import active_scope

__all__ = ["ActionError", "change_timezone", "set_retention"]


def change_timezone(zone: str, *, actor: Actor) -> None:
    """Move the active tenant to another time zone; workers make its days anew (billing/flow/zone.py).

    Its own zone changes nothing. ActionError for a zone that is none, and while another change is under way.
    """
    tenant = Tenant.objects.get()
    check_timezone(zone)
    try:
        if zones.start(zone, now=timezone.now()):
            before, after = {"timezone": tenant.timezone}, {"timezone": zone}
            record("tenant.timezone", actor=actor, subject=tenant.slug, before=before, after=after)
    except zones.AlreadyMoving as error:
        raise ActionError("zone_change_running", str(error), field="timezone") from error
    tenant_id = active_scope().tenant_id
    transaction.on_commit(lambda: ring(tenant_id, task="move_days"))


def set_retention(months: int | None, *, actor: Actor) -> None:
    """Keep the ledger's events for so many whole months before the present one; None: for ever.

    What the setting lets go goes in the night after; sums stay. ActionError for less than two months.
    """
    if months is not None and not LEAST_MONTHS <= months <= MOST_MONTHS:
        detail = f"Keep events for {LEAST_MONTHS} to {MOST_MONTHS} months, or for ever."
        raise ActionError("invalid_field", detail, field="months")
    retention = Retention.objects.first() or Retention()
    before, retention.months = retention.months, months
    retention.save()
    record(
        "tenant.retention",
        actor=actor,
        subject=Tenant.objects.get().slug,
        before={"months": before},
        after={"months": months},
    )
