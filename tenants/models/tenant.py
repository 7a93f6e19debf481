"""Tenant, client, project: whose spend it is. Rows are archived, never deleted: no figure loses its name."""

import zoneinfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from tenants.models.owned import TenantOwned


def validate_zone(name: str) -> None:
    """An IANA time zone that this system knows; links and `localtime` files do not count."""
    if name not in zoneinfo.available_timezones() or name in {"localtime", "Factory"}:
        raise ValidationError(f"{name!r} is not an IANA time zone such as Europe/Sofia")


class Tenant(TenantOwned):
    """One company. Its own row is visible inside its own scope only."""

    tenant_column = "id"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_zone])
    created_at = models.DateTimeField(auto_now_add=True)
    needs_second_factor = models.BooleanField(default=False)
    """Whoever has no second factor sets one up before anything else here."""
    week_starts_on = models.SmallIntegerField(default=1)
    """1 Monday to 7 Sunday: where new weekly budgets and ranges begin."""

    class Meta(TenantOwned.Meta):
        constraints = [
            models.CheckConstraint(condition=~models.Q(slug=""), name="tenant_slug_not_empty"),
            models.CheckConstraint(
                condition=models.Q(week_starts_on__range=(1, 7)), name="tenant_week_starts_on_a_day"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Named(TenantOwned):
    """What clients and projects share: a slug that is unique in the tenant, a name, an end."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    """Who answers for it; nobody has to."""

    class Meta(TenantOwned.Meta):
        abstract = True
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class PriceView(models.TextChoices):
    """In which figures a client sees the own spend: at the agency's cost, as billed, or tokens only."""

    COST = "cost"
    BILLED = "billed"
    HIDDEN = "hidden"


class Client(Named):
    """A customer of the tenant, with a view of its own spend."""

    client_column = "id"

    price_view = models.CharField(max_length=10, choices=PriceView, default=PriceView.COST)
    contact_name = models.CharField(max_length=120, blank=True)
    contact_email = models.EmailField(blank=True)
    """Whom the client reads that it may ask: kept here, since a client viewer sees no people."""

    class Meta(Named.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "slug"], name="client_slug_once"),
            models.UniqueConstraint(fields=["tenant", "id"], name="client_in_tenant"),
        ]


class Project(Named):
    """What sends events. It belongs to one client for ever, so past spend never moves."""

    client_column = "client_id"
    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, related_name="projects", db_constraint=False
    )

    class Meta(Named.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "slug"], name="project_slug_once"),
            models.UniqueConstraint(fields=["tenant", "id"], name="project_in_tenant"),
        ]
