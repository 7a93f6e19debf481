"""The audit log: who changed what. The serving role may insert and read, never change or delete."""

from django.db import models

from tenants.models.owned import TenantOwned
from tenants.models.people import User
from tenants.models.tenant import Tenant


class AuditEntry(TenantOwned):
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(
        User, null=True, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    """May point to nobody: the log outlives an account and is not changed for its sake."""
    actor_label = models.CharField(max_length=254)
    """The actor's address, or `key <prefix>` or `command`, as it was then."""
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=200)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta(TenantOwned.Meta):
        ordering = ["-id"]
        indexes = [models.Index(fields=["tenant", "-id"], name="audit_newest_first")]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
