"""Scenarios: what a company supposes of days to come, prices and growth. Of them nothing is ever booked."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from tenants.models.owned import TenantOwned


class Scenario(TenantOwned):
    """A name and its assumptions. Open to every member of the company, to no client."""

    tenant_id = models.IntegerField()
    name = models.TextField()
    terms = models.JSONField()
    """As `flow/scenario.py` writes and reads them: {"prices": [...], "growth": [...]}."""
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.TextField()
    changed_at = models.DateTimeField(db_default=Now())
    changed_by = models.TextField()
    archived_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "name"],
                condition=Q(archived_at=None),
                name="scenario_name_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name
