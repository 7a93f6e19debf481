"""The journal and the rollups: what the ledger adds up to, by bucket."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from billing.models.measures import Counted, money
from tenants.models.owned import TenantOwned


class Bucket(Counted, TenantOwned):
    """The dimensions spend is kept by. Unpriced events stand in buckets of their own (`priced` false)."""

    client_column = "client_id"

    tenant_id = models.IntegerField()
    day = models.DateField()
    """The day in the tenant's time zone."""
    client_id = models.IntegerField()
    project_id = models.IntegerField()
    api_key_id = models.IntegerField()
    priced = models.BooleanField()
    provider = models.TextField()
    model = models.TextField()
    variant = models.TextField()
    feature = models.TextField()
    environment = models.TextField()
    events = models.BigIntegerField()

    class Meta(TenantOwned.Meta):
        abstract = True


class SpendEntry(Bucket):
    """The journal: what one batch added to one bucket. Folding deletes it (billing/flow/fold.py)."""

    pk = models.CompositePrimaryKey("tenant_id", "id")
    id = models.BigIntegerField()
    hour = models.DateTimeField()
    """The UTC hour's start."""
    stored_at = models.DateTimeField(db_default=Now())
    split = models.JSONField(null=True)
    """What prompt components count of it: rows as ComponentSpend has them (billing/flow/journal.py)."""

    class Meta(Bucket.Meta):
        pass

    def __str__(self) -> str:
        return f"entry {self.id}"


class DailySpend(Bucket):
    """Spend per day of the tenant's zone."""

    pk = models.CompositePrimaryKey(
        "tenant_id",
        "day",
        "client_id",
        "project_id",
        "api_key_id",
        "priced",
        "provider",
        "model",
        "variant",
        "feature",
        "environment",
    )

    class Meta(Bucket.Meta):
        indexes: ClassVar = [
            models.Index(
                fields=["tenant_id", "day"],
                condition=models.Q(priced=False),
                name="dailyspend_unpriced",
            ),
            # A client's page reads that client's days, however many other clients there are.
            models.Index(fields=["tenant_id", "client_id", "day"], name="dailyspend_of_client"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model}"


class ProjectDay(TenantOwned):
    """What a project cost on a day: DailySpend added up, for sums over everything."""

    client_column = "client_id"

    pk = models.CompositePrimaryKey("tenant_id", "day", "client_id", "project_id")
    tenant_id = models.IntegerField()
    day = models.DateField()
    client_id = models.IntegerField()
    project_id = models.IntegerField()
    cost = money()
    unpriced = models.BigIntegerField()
    """Events without a price."""

    class Meta(TenantOwned.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.day} project {self.project_id}"


class HourlySpend(Bucket):
    """Spend per UTC hour; an hour that two of the tenant's days share is kept in two rows."""

    pk = models.CompositePrimaryKey(
        "tenant_id",
        "day",
        "hour",
        "client_id",
        "project_id",
        "api_key_id",
        "priced",
        "provider",
        "model",
        "variant",
        "feature",
        "environment",
    )
    hour = models.DateTimeField()

    class Meta(Bucket.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%dT%H} {self.model}"


class ComponentSpend(Bucket):
    """What one component of the prompt, or the answer, counts of a bucket of DailySpend.

    `events` are those in which the component occurs. What no row here has of a bucket is not split.
    """

    pk = models.CompositePrimaryKey(
        "tenant_id",
        "day",
        "client_id",
        "project_id",
        "component",
        "api_key_id",
        "priced",
        "provider",
        "model",
        "variant",
        "feature",
        "environment",
    )
    component = models.TextField()
    discount = None  # type: ignore[assignment]
    """It is known of whole calls only."""

    class Meta(Bucket.Meta):
        indexes: ClassVar = [
            models.Index(fields=["tenant_id", "client_id", "day"], name="componentspend_of_client"),
            models.Index(
                fields=["tenant_id", "project_id", "day"], name="componentspend_of_project"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model} {self.component}"


class DimensionValue(TenantOwned):
    """The values a free-text dimension has taken in one project on one day: the first 200 keep their name.

    Later ones are '(other)' in the rollups; the ledger has them all.
    """

    pk = models.CompositePrimaryKey("tenant_id", "day", "project_id", "dimension", "value")
    tenant_id = models.IntegerField()
    day = models.DateField()
    project_id = models.IntegerField()
    dimension = models.TextField()
    value = models.TextField()

    class Meta(TenantOwned.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.dimension} {self.value}"
