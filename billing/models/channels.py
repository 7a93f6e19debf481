"""Channels and deliveries: where messages go, and what became of each.

A Delivery is written with what it tells of, in one transaction, and sent later (billing/flow/send_due.py).
Addresses and signing secrets are sealed (tenants/sealed.py); `shown` is what people may see of an address.
"""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from tenants.models import Tenant, User
from tenants.models.owned import TenantOwned


class ChannelKind(models.TextChoices):
    EMAIL = "email", "E-mail"
    SLACK = "slack", "Slack"
    TEAMS = "teams", "Microsoft Teams"
    WEBHOOK = "webhook", "Webhook"


class Channel(TenantOwned):
    """One place that messages can be sent to. Archived, never deleted: the log keeps its name."""

    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=ChannelKind)
    name = models.CharField(max_length=120)
    shown = models.CharField(max_length=254)
    target = models.TextField()
    """Sealed: an address, or a URL. Empty when the channel is archived."""
    secret = models.TextField(blank=True)
    """Sealed; of webhooks only."""
    old_secret = models.TextField(blank=True)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    """Until then messages carry a signature of either secret."""
    created_at = models.DateTimeField(auto_now_add=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    """When it first took a message."""
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=300, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantOwned.Meta):
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="channel_in_tenant"),
            models.CheckConstraint(
                condition=Q(old_secret="") | Q(old_secret_until__isnull=False),
                name="channel_old_secret_ends",
            ),
            models.CheckConstraint(
                condition=Q(disabled_at__isnull=True) | ~Q(disabled_reason=""),
                name="channel_says_why_it_is_off",
            ),
            models.CheckConstraint(
                condition=~Q(target="") | Q(archived_at__isnull=False), name="channel_has_a_target"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DeliveryState(models.TextChoices):
    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


OPEN = (DeliveryState.DUE, DeliveryState.SENDING)


class Delivery(TenantOwned):
    """One message to one person or channel. `next_at` says when it is due, or taken up again."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False)
    about = models.CharField(max_length=120)
    target = models.CharField(max_length=30)
    """`person:12` or `channel:7`: once for the same `about`."""
    person = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    channel = models.ForeignKey(
        Channel,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    message = models.JSONField()
    message_id = models.UUIDField()
    """Of the Message-ID of mails and the webhook-id: the same in every attempt."""
    state = models.CharField(max_length=8, choices=DeliveryState, default=DeliveryState.DUE)
    attempts = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    next_at = models.DateTimeField()
    give_up_at = models.DateTimeField(db_default=Now() + timedelta(days=3))
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)
    """Why the last attempt failed, in words."""

    class Meta(TenantOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="delivery_in_tenant"),
            models.UniqueConstraint(fields=["tenant", "about", "target"], name="delivery_once"),
            models.CheckConstraint(
                condition=Q(person__isnull=True, channel__isnull=False)
                | Q(person__isnull=False, channel__isnull=True),
                name="delivery_to_one",
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "next_at"], name="delivery_due", condition=Q(state__in=OPEN)
            ),
            models.Index(
                fields=["tenant", "created_at"],
                name="delivery_mail_waits",
                condition=Q(state__in=OPEN, person__isnull=False),
            ),
            models.Index(fields=["tenant", "-id"], name="delivery_newest_first"),
            models.Index(fields=["tenant", "channel", "-id"], name="delivery_of_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.about} to {self.target}"


class Outcome(models.TextChoices):
    SENT = "sent"
    LATER = "later"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """The process that sent it ended before it could say what came of it."""


class DeliveryAttempt(TenantOwned):
    """One try of one delivery: what the other side said, and how long it took."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="+", db_index=False)
    delivery = models.ForeignKey(
        Delivery,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    number = models.IntegerField()
    at = models.DateTimeField()
    outcome = models.CharField(max_length=8, choices=Outcome)
    code = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=300, blank=True)
    milliseconds = models.IntegerField(null=True)

    class Meta(TenantOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["tenant", "delivery", "number"], name="attempt_once"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number}: {self.outcome}"
