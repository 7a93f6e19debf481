"""API keys: only the SHA-256 of a key is stored; the row stays after the key is revoked, for its name."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.models.owned import TenantOwned
from tenants.models.people import User
from tenants.models.tenant import Project, Tenant


class KeyScope(models.TextChoices):
    """What a key may do; none includes another."""

    INGEST = "ingest"
    READ = "read"
    MANAGE = "manage"


class ApiKey(TenantOwned):
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16)
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = ArrayField(models.CharField(max_length=10, choices=KeyScope))
    project = models.ForeignKey(
        Project,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
    )
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    replaced_by = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
    )
    """The key that took its place; this one works until `expires_at`."""

    class Meta(TenantOwned.Meta):
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="api_key_in_tenant"),
            models.CheckConstraint(
                condition=models.Q(scopes__len__gt=0), name="api_key_has_a_scope"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def works_at(self, now: datetime) -> bool:
        """What the lookup at the door says (tenants/keys.py)."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)
