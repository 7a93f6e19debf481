"""Invitations: a role for an address, for a week, once. Of the token only its SHA-256 stays.

The row knows whether its mail went out. Until then the token is kept, sealed, so that it can be sent again.
"""

from datetime import datetime

from django.db import models

from tenants.models.owned import TenantOwned
from tenants.models.people import Role, User, client_exactly_for_viewers
from tenants.models.tenant import Client, Tenant


class Invitation(TenantOwned):
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=Role)
    client = models.ForeignKey(
        Client,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
    )
    digest = models.BinaryField(max_length=32, unique=True)
    sealed_token = models.TextField(blank=True)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    invited_by_label = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)
    mail_tried_at = models.DateTimeField(null=True, blank=True)
    mail_trouble = models.CharField(max_length=80, blank=True)

    class Meta(TenantOwned.Meta):
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="invitation_in_tenant"),
            models.UniqueConstraint(
                fields=["tenant", "email"],
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="invitation_one_open",
            ),
            models.CheckConstraint(
                condition=client_exactly_for_viewers(), name="invitation_client_for_viewers"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} as {self.role}"

    def is_open(self, *, now: datetime) -> bool:
        return self.accepted_at is None and self.revoked_at is None and now < self.expires_at
