"""What the machine knows of itself: signs of life, days to prove, and what the proofs found."""

from django.db import models

from tenants.models.owned import TenantOwned


class Heartbeat(models.Model):
    """When a task that runs by the clock last ran to its end (billing/tasks.py)."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%dT%H:%M:%S%z}"


class SpendDay(TenantOwned):
    """A day of a tenant: when its rollups last changed, when they were last proved and what differed."""

    pk = models.CompositePrimaryKey("tenant_id", "day")
    changed_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    tenant_id = models.IntegerField()
    day = models.DateField()
    differences = models.IntegerField(default=0)
    """Buckets whose rollup and journal did not add up to the ledger; 0 before the first proof."""

    class Meta(TenantOwned.Meta):
        indexes = [
            models.Index(
                fields=["tenant_id", "day"],
                name="spendday_wrong",
                condition=models.Q(differences__gt=0),
            )
        ]

    def __str__(self) -> str:
        return f"{self.day}, {self.differences} differences"


class Verification(TenantOwned):
    """One comparison of ledger and rollups: the days [since, until) of a tenant. Kept for 90 days."""

    pk = models.CompositePrimaryKey("tenant_id", "id")
    id = models.BigIntegerField()
    at = models.DateTimeField()
    tenant_id = models.IntegerField()
    since = models.DateField()
    until = models.DateField()
    differences = models.IntegerField()
    milliseconds = models.IntegerField()

    class Meta(TenantOwned.Meta):
        indexes = [models.Index(fields=["tenant_id", "-at"], name="verification_newest_first")]

    def __str__(self) -> str:
        return f"{self.since} to {self.until}, {self.differences} differences"
