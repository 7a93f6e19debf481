"""How a tenant's books are kept: for how long, from when on the ledger is whole, and a change of time zone."""

from django.db import models
from django.db.models import F, Q

from tenants.models.owned import TenantOwned

LEAST_MONTHS, MOST_MONTHS = 2, 120


class Retention(TenantOwned):
    """For how many whole months before the present one the ledger keeps events. No row, or null: for ever."""

    tenant_id = models.IntegerField(primary_key=True)
    months = models.SmallIntegerField(null=True)

    class Meta(TenantOwned.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(months__gte=LEAST_MONTHS, months__lte=MOST_MONTHS),
                name="retention_not_too_short",
            )
        ]

    def __str__(self) -> str:
        return f"{self.months} months" if self.months else "for ever"


class Horizon(TenantOwned):
    """What the ledger let go: events before `since` (UTC) may be gone. Written by `let_go_of_events` alone."""

    tenant_id = models.IntegerField(primary_key=True)
    since = models.DateField()
    first_day = models.DateField()
    """The first of the tenant's days that lies wholly behind `since`."""

    class Meta(TenantOwned.Meta):
        pass

    def __str__(self) -> str:
        return f"whole since {self.since}"


class ZoneChange(TenantOwned):
    """The tenant's last move to another time zone: under way until `finished_at`, newest days first.

    Events from `reached` on are on days of the zone `wanted`, earlier ones on days of the zone `before`.
    """

    tenant_id = models.IntegerField(primary_key=True)
    started_at = models.DateTimeField()
    worked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    reached = models.DateTimeField()
    oldest = models.DateTimeField(null=True)
    """The first event that had to move, as it was at the start."""
    whole_from = models.DateField(null=True)
    """The first day that could be moved as a whole, where the ledger had let older ones go."""
    before = models.TextField()
    wanted = models.TextField()

    class Meta(TenantOwned.Meta):
        constraints = [
            models.CheckConstraint(
                condition=~Q(before=F("wanted")), name="zone_change_changes_something"
            )
        ]

    def __str__(self) -> str:
        return f"{self.before} to {self.wanted}"
