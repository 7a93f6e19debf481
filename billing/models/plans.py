"""Plans: what a project is expected to cost, as the calculator had it. New ones are versions beside it."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from tenants.models.owned import TenantOwned


class ProjectPlan(TenantOwned):
    """One version of a project's plan; the one with the highest number counts. Never edited."""

    tenant_id = models.IntegerField()
    project_id = models.IntegerField()
    number = models.IntegerField()
    model_names = ArrayField(models.TextField())
    """The planned model first, then those that it was compared with."""
    settings = models.JSONField()
    """The calculator's parameters by name, all of them, so that later defaults change no plan."""
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.TextField()

    class Meta(TenantOwned.Meta):
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tenant_id", "project_id", "number"], name="plan_version_once"
            ),
        ]

    def __str__(self) -> str:
        return f"plan {self.number} of project {self.project_id}"
