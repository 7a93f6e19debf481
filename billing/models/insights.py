"""What a night found in the ledger: sums per day, breaks of the cache, tasks; and what people said to it.

All but the last two tables are made anew from the ledger, day by day (billing/insights/night.py).
"""

from django.db import models

from billing.models.measures import money
from tenants.models.owned import TenantOwned


class SumKind(models.TextChoices):
    BREAK = "break"  # label: cause, detail: model
    BAND = "band"  # label: prompts of at least so many tokens
    TURN = "turn"  # label: the how-manieth call of its session
    STREAMED = "streamed"  # label: yes, no or unknown
    TRIM = "trim"  # label: tokens to which prompts were cut, detail: model
    LIFETIME = "lifetime"  # label: 5m or 1h, for all writes, detail: model
    BATCH = "batch"  # label: environment, detail: feature
    IDLE = "idle"  # label: environment


class InsightSum(TenantOwned):
    """One figure of one project and day. `saving` is what the change that `kind` names would have saved,
    by the price engine on the very events; negative where it would have cost. Sums may overlap."""

    pk = models.CompositePrimaryKey("tenant_id", "day", "project_id", "kind", "label", "detail")
    tenant_id = models.IntegerField()
    day = models.DateField()
    project_id = models.IntegerField()
    kind = models.TextField(choices=SumKind)
    label = models.TextField()
    detail = models.TextField()
    events = models.BigIntegerField()
    tokens = models.BigIntegerField()
    cost = money()
    saving = money()

    class Meta(TenantOwned.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.label}"


class CacheBreak(TenantOwned):
    """One event that wrote to the cache again what it could have read."""

    pk = models.CompositePrimaryKey("tenant_id", "day", "project_id", "cause", "occurred_at", "key")
    tenant_id = models.IntegerField()
    day = models.DateField()
    project_id = models.IntegerField()
    cause = models.TextField()
    occurred_at = models.DateTimeField()
    key = models.UUIDField()
    model = models.TextField()
    tokens = models.BigIntegerField()
    wasted = money()
    gap_seconds = models.IntegerField()

    class Meta(TenantOwned.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.cause} {self.key}"


class TaskDay(TenantOwned):
    """What one task did on one day. `first_cost` is of its first call, on the day of that call, else zero."""

    pk = models.CompositePrimaryKey("tenant_id", "day", "project_id", "task")
    tenant_id = models.IntegerField()
    day = models.DateField()
    project_id = models.IntegerField()
    task = models.TextField()
    turns = models.BigIntegerField()
    unpriced = models.BigIntegerField()
    tool_calls = models.BigIntegerField()
    cost = money()
    first_cost = money()

    class Meta(TenantOwned.Meta):
        pass

    def __str__(self) -> str:
        return self.task


class InsightDay(TenantOwned):
    """A day that was looked at, and when."""

    pk = models.CompositePrimaryKey("tenant_id", "day")
    tenant_id = models.IntegerField()
    day = models.DateField()
    built_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        pass

    def __str__(self) -> str:
        return str(self.day)


class InsightNote(TenantOwned):
    """What somebody answered to an insight: done, or not for us."""

    pk = models.CompositePrimaryKey("tenant_id", "insight")
    tenant_id = models.IntegerField()
    insight = models.TextField()
    """The insight's key, such as `break:support-bot:system_changed` with the project's id for its slug."""
    state = models.TextField(choices=[("done", "done"), ("dismissed", "dismissed")])
    noted_by = models.TextField()
    noted_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.insight} {self.state}"


class Patient(TenantOwned):
    """An environment or feature that can wait: nobody needs its answers at once."""

    pk = models.CompositePrimaryKey("tenant_id", "dimension", "value")
    tenant_id = models.IntegerField()
    dimension = models.TextField(choices=[("environment", "environment"), ("feature", "feature")])
    value = models.TextField()
    marked_by = models.TextField()
    marked_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.dimension} {self.value}"
