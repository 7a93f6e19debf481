"""The ledger and the identities: append-only. The serving role may insert and read, nothing else."""

from django.db import models

from billing.models.measures import Counted
from tenants.models.owned import TenantOwned


class UsageEvent(Counted, TenantOwned):
    """One call to a model, as it was reported and priced. Monthly partitions by `occurred_at` (UTC).

    `extras` holds what the raw usage object had beyond these columns (billing/flow/extras.py), `parts`
    the exact lines when one event was billed in several calls.
    """

    client_column = "client_id"

    pk = models.CompositePrimaryKey("tenant_id", "occurred_at", "key")
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    tool_calls = models.BigIntegerField(null=True)
    key = models.UUIDField()
    """The event's identity: a 128-bit hash of source and id (billing/flow/validate.py)."""
    tenant_id = models.IntegerField()
    client_id = models.IntegerField()
    project_id = models.IntegerField()
    api_key_id = models.IntegerField()
    price_id = models.IntegerField(null=True)
    """The price row of the top-level call; null: unpriced."""
    streamed = models.BooleanField(null=True)
    source = models.TextField()
    event_id = models.TextField()
    provider = models.TextField()
    model = models.TextField()
    variant = models.TextField()
    unpriced_reason = models.TextField()
    feature = models.TextField()
    environment = models.TextField()
    session = models.TextField()
    task = models.TextField()
    end_user = models.TextField()
    stop_reason = models.TextField()
    components = models.JSONField(null=True)
    tags = models.JSONField(null=True)
    extras = models.JSONField(null=True)

    class Meta(TenantOwned.Meta):
        indexes = [
            # The newest event of a model that has no price, among millions that have one (reports/unpriced.py).
            models.Index(
                fields=["tenant_id", "provider", "model", "variant", "occurred_at"],
                condition=models.Q(price_id=None),
                name="event_unpriced",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source}/{self.event_id}"


class EventKey(TenantOwned):
    """Identity for ever: outlives the ledger's old partitions, so a replay years later still counts once."""

    pk = models.CompositePrimaryKey("tenant_id", "key")
    payload_hash = models.BigIntegerField()
    """64 bits over everything the event said, its time included."""
    occurred_at = models.DateTimeField()
    key = models.UUIDField()
    tenant_id = models.IntegerField()

    class Meta(TenantOwned.Meta):
        pass

    def __str__(self) -> str:
        return str(self.key)
