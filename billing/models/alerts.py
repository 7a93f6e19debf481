"""Alerts: what somebody was told, once, and who took it on. A row first, a message second."""

from django.db import models

from billing.models.budgets import Budget
from billing.models.measures import money
from tenants.models import Tenant, User
from tenants.models.owned import TenantOwned


class AlertKind(models.TextChoices):
    """Of a budget: the first four. Of the whole company: the rest."""

    SPENT = "spent", "used"
    FORECAST = "forecast", "forecast"
    LATE = "late", "crossed after its end"
    UNDONE = "undone", "no longer reached"
    SPIKE = "spike", "spike"
    SILENCE = "silence", "silence"
    UNPRICED = "unpriced", "model without a price"
    NEW_MODEL = "new_model", "new model"


class Alarm(TenantOwned):
    """One kind of alarm of a company, where its owners have chosen; see flow/set_alarm.py for the rest."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=AlertKind)
    is_on = models.BooleanField()
    floor = money()
    """Dollars below which it is silent."""

    class Meta(TenantOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "kind"], name="alarm_once"),
            models.CheckConstraint(condition=models.Q(floor__gte=0), name="alarm_floor"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {'on' if self.is_on else 'off'}"


class Alert(TenantOwned):
    """One threshold of one version of a budget in one period; or one alarm about a `subject` on a day."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    budget = models.ForeignKey(
        Budget, null=True, on_delete=models.PROTECT, related_name="alerts", db_constraint=False
    )
    version = models.IntegerField(default=0)
    kind = models.CharField(max_length=10, choices=AlertKind)
    since = models.DateField()
    until = models.DateField()
    """The period, [since, until)."""
    threshold = models.IntegerField(default=0)
    subject = models.TextField(default="")
    """What an alarm is about: the slug of a project, a model; '' where a budget says it."""
    spent = money()
    amount = money()
    headline = models.TextField()
    """The first sentence, as it was sent."""
    made_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    acknowledged_label = models.CharField(max_length=254, default="")
    note = models.TextField(default="")
    snoozed_until = models.DateTimeField(null=True)
    escalate_at = models.DateTimeField(null=True)
    """When others are told unless somebody has acknowledged by then; None: never."""
    escalated_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="alert_in_tenant"),
            models.UniqueConstraint(
                fields=["tenant", "budget", "version", "since", "threshold", "kind", "subject"],
                nulls_distinct=False,
                name="alert_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "id"],
                name="alert_open",
                condition=models.Q(acknowledged_at=None),
            )
        ]

    def __str__(self) -> str:
        return self.headline
