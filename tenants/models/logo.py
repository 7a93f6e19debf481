"""Logos: one of the company, one per client. The picture itself is in the row: it is small and rarely read."""

from django.db import models

from tenants.models.owned import TenantOwned
from tenants.models.tenant import Client, Tenant


class Logo(TenantOwned):
    """Without a client it is the company's own; client viewers read that one by `agency_logo()`."""

    client_column = "client_id"

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    client = models.ForeignKey(
        Client,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
    )
    digest = models.CharField(max_length=64)
    """SHA-256 of the picture, in hexadecimal: its address."""
    kind = models.CharField(max_length=10)
    width = models.IntegerField()
    height = models.IntegerField()
    picture = models.BinaryField()

    class Meta(TenantOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="logo_in_tenant"),
            models.UniqueConstraint(
                fields=["tenant", "client"], nulls_distinct=False, name="logo_once"
            ),
        ]

    def __str__(self) -> str:
        return self.digest[:12]
