"""Budgets: what may be spent on what, in which period, and who answers for it.

A budget carries the terms in force; each change of terms is also a version, which is never edited. What a
client viewer may see is decided by one column: the client that the budget is shared with.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from billing.cycles import PERIODS, Cycle
from billing.models.channels import Channel
from billing.models.measures import money
from tenants.models import Client, Project, Tenant, User
from tenants.models.owned import TenantOwned

MOST_THRESHOLDS = 10
HIGHEST_THRESHOLD = 1_000
THRESHOLDS = [50, 80, 100]
ESCALATE_AFTER = 24


class Basis(models.TextChoices):
    """What is counted: what the calls cost, or what the client is billed for them."""

    COST = "cost", "what it costs"
    BILLED = "billed", "what the client is billed"


class Terms(models.Model):
    """How much, how long, at what shares to tell, and whom. Thresholds are whole per cent."""

    amount = money()
    period = models.CharField(max_length=10, choices=[(name, name) for name in PERIODS])
    starts_on = models.SmallIntegerField(default=1)
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    basis = models.CharField(max_length=10, choices=Basis, default=Basis.COST)
    thresholds = ArrayField(models.IntegerField())
    forecast_thresholds = ArrayField(models.IntegerField())
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    deputy = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    escalate_after_hours = models.IntegerField(null=True, blank=True)
    """After how many hours without acknowledgement others are told of 100 %; None: never."""
    hard = models.BooleanField(default=False)
    """`GET /api/v1/allow` says no when it is used up."""

    class Meta:
        abstract = True

    @property
    def cycle(self) -> Cycle:
        return Cycle(self.period, self.starts_on, self.since, self.until)


class Budget(Terms, TenantOwned):
    """Its name and what it counts stay for ever. `client` is set for a budget of a project as well."""

    client_column = "shared_with_id"

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    client = models.ForeignKey(
        Client, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    project = models.ForeignKey(
        Project, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    model = models.TextField(default="")
    feature = models.TextField(default="")
    environment = models.TextField(default="")
    shared_with = models.ForeignKey(
        Client, null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    """The client of this budget, when its viewers may see it."""
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="budget_in_tenant"),
            models.UniqueConstraint(
                fields=["tenant", "name"],
                condition=models.Q(archived_at=None),
                name="budget_name_once",
            ),
            models.CheckConstraint(
                condition=models.Q(shared_with=None)
                | models.Q(client__isnull=False, shared_with=models.F("client")),
                name="budget_shared_with_its_client",
            ),
            models.CheckConstraint(
                condition=models.Q(project=None) | models.Q(client__isnull=False),
                name="budget_project_has_client",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_narrow(self) -> bool:
        """Whether it counts one model, feature or environment only."""
        return bool(self.model or self.feature or self.environment)


class BudgetVersion(Terms, TenantOwned):
    """The terms as somebody made them. The serving role may add and read, never change or delete."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    budget = models.ForeignKey(
        Budget, on_delete=models.PROTECT, related_name="versions", db_constraint=False
    )
    number = models.IntegerField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    made_label = models.CharField(max_length=254)
    """The person's address, or `key <prefix>` or `command`, as it was then."""

    class Meta(TenantOwned.Meta):
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "budget", "number"], name="budget_version_once"
            )
        ]

    def __str__(self) -> str:
        return f"version {self.number} of budget {self.budget_id}"


class BudgetChannel(TenantOwned):
    """A place besides the owner's mailbox that is told of a budget's alerts."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    budget = models.ForeignKey(
        Budget, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    channel = models.ForeignKey(
        Channel, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )

    class Meta(TenantOwned.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "budget", "channel"], name="budget_channel_once"
            )
        ]

    def __str__(self) -> str:
        return f"budget {self.budget_id} to channel {self.channel_id}"
