"""Re-pricing: price a part of the ledger again by today's book. A run is counted first, then applied."""

from datetime import date, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models

from billing.models.measures import money
from tenants.models.owned import TenantOwned


class RunState(models.TextChoices):
    COUNTING = "counting"
    READY = "ready"
    APPLYING = "applying"
    DONE = "done"
    CANCELLED = "cancelled"
    STOPPED = "stopped"


UNDER_WAY = (RunState.COUNTING, RunState.APPLYING)


class Repricing(TenantOwned):
    """One run over the events of [starts_at, ends_at). It works in batches and goes on behind the last one.

    Of two runs that share a moment only one is applied at a time (exclusion constraint, migration 0016).
    """

    tenant_id = models.IntegerField()
    made_at = models.DateTimeField()
    made_by = models.TextField()
    reason = models.TextField()
    since = models.DateField()
    until = models.DateField()
    """Days of the tenant's zone, as they were asked for."""
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    only_models = ArrayField(models.TextField(), default=list, blank=True)
    """Names as events report them; empty: all."""
    only_unpriced = models.BooleanField(default=False)
    state = models.TextField(choices=RunState, default=RunState.COUNTING)
    stopped_because = models.TextField(default="")
    book = models.TextField(default="")
    """The version of the price book that it was counted by; another one stops it."""
    expected = models.BigIntegerField()
    """Events in the range by the rollups: what `seen` is going to reach, if models are not chosen."""
    seen = models.BigIntegerField(default=0)
    last_at = models.DateTimeField(null=True)
    last_key = models.UUIDField(null=True)
    moved_at = models.DateTimeField()
    """When its last batch was committed."""
    applied_by = models.TextField(default="")
    finished_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "id"], name="repricing_in_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.since} to {self.until}, {self.state}"

    @property
    def last_day(self) -> date:
        return self.until - timedelta(days=1)

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY


class RepricedDay(TenantOwned):
    """What a run changes (or, `is_applied`, has changed) for one client on one day."""

    pk = models.CompositePrimaryKey("tenant_id", "repricing_id", "is_applied", "day", "client_id")
    tenant_id = models.IntegerField()
    repricing_id = models.BigIntegerField()
    client_id = models.IntegerField()
    day = models.DateField()
    is_applied = models.BooleanField()
    events = models.BigIntegerField()
    newly_priced = models.BigIntegerField()
    newly_unpriced = models.BigIntegerField()
    old_cost = money()
    new_cost = money()

    class Meta(TenantOwned.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.day}: {self.old_cost} to {self.new_cost}"
