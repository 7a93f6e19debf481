"""Base of every model whose rows belong to one tenant: the first wall, on reads and on writes."""

from typing import Any, ClassVar

from django.db import models

from tenants.scoping import TenantManager, claim


class TenantOwned(models.Model):
    client_column: ClassVar[str] = ""
    """Column that holds the client; empty: client viewers see no row."""
    tenant_column: ClassVar[str] = "tenant_id"

    objects = TenantManager["TenantOwned"]()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        claim(self)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Checked here, since Django deletes a row in hand by its key alone, past every manager."""
        claim(self)
        return super().delete(*args, **kwargs)
