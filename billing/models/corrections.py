"""Corrections: rows beside the ledger that take back or change what an event counted. Nothing is edited.

The ledger is events plus corrections. A correction carries signed measures and the bucket they belong to; what
an event counts now is the sum of its row and of its corrections.
"""

from django.db import models

from billing.models.measures import Counted
from tenants.models.owned import TenantOwned


class Kind(models.TextChoices):
    VOID = "void"
    REPRICE = "reprice"


class EventCorrection(Counted, TenantOwned):
    """One step of one event; `number` counts them. `events` is -1 where it takes the event back.

    A re-pricing that leaves the event in its bucket adds one step with the difference in cost; one that moves
    it, as from unpriced to priced, takes it back and counts it anew. `price_id` is the new row's.
    """

    client_column = "client_id"

    pk = models.CompositePrimaryKey("tenant_id", "occurred_at", "key", "number")
    occurred_at = models.DateTimeField()
    made_at = models.DateTimeField()
    key = models.UUIDField()
    tenant_id = models.IntegerField()
    client_id = models.IntegerField()
    number = models.IntegerField()
    events = models.IntegerField()
    price_id = models.IntegerField(null=True)
    kind = models.TextField(choices=Kind)
    variant = models.TextField()
    reason = models.TextField()
    actor_label = models.TextField()
    repricing_id = models.BigIntegerField(null=True)
    """The run that made the step: it has the reason and the actor, once for a million steps."""
    unpriced_reason = models.TextField(default="", db_default="")

    class Meta(TenantOwned.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.kind} {self.number} of {self.key}"
