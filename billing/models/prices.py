"""Prices: what the provider asks, what a tenant agreed on, what a client is billed; with dates and who."""

from django.db import models
from django.db.models import F, Q

from tenants.models.owned import TenantOwned

AGREED_FROM = 1_000_000
"""Ids of agreed prices lie above, of list prices below: an event's `price_id` names one row of both."""


class Dated(models.Model):
    """Valid on the days [since, until); null is open. Added once, closed once, never edited."""

    since = models.DateField(null=True)
    until = models.DateField(null=True)
    note = models.TextField(blank=True, default="")
    added_at = models.DateTimeField(auto_now_add=True)
    added_by = models.TextField(default="")
    """The label of an actor (tenants/audit.py); '' for what came with the product."""
    closed_at = models.DateTimeField(null=True)
    closed_by = models.TextField(default="")

    class Meta:
        abstract = True


class Rates(Dated):
    """Dollars per million tokens of one model, for one speed and prompt-size tier, over a span of UTC days.

    A row with `over_prompt_tokens` > 0 prices the whole request when its prompt is strictly larger.
    Overlapping spans are impossible: exclusion constraints hold them apart (migrations 0003 and 0011).
    """

    provider = models.CharField(max_length=60)
    model = models.CharField(max_length=200)
    speed = models.CharField(max_length=20, default="standard")
    over_prompt_tokens = models.BigIntegerField(default=0)
    input = models.DecimalField(max_digits=17, decimal_places=6)
    cache_write_5m = models.DecimalField(max_digits=17, decimal_places=6)
    cache_write_1h = models.DecimalField(max_digits=17, decimal_places=6)
    cache_read = models.DecimalField(max_digits=17, decimal_places=6)
    output = models.DecimalField(max_digits=17, decimal_places=6)
    web_search = models.DecimalField(max_digits=17, decimal_places=6)
    """Per million searches, so that every class is counted alike ($10 per 1,000 = 10000)."""
    batch_multiplier = models.DecimalField(max_digits=7, decimal_places=3, null=True)
    us_multiplier = models.DecimalField(max_digits=7, decimal_places=3, null=True)
    source = models.TextField()
    checked_on = models.DateField()

    class Meta:
        abstract = True
        ordering = ["provider", "model", "speed", "over_prompt_tokens", "since"]

    def __str__(self) -> str:
        return f"{self.provider}/{self.model} from {self.since or 'the start'}"


def span_not_empty(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(since=None) | Q(until=None) | Q(since__lt=F("until")), name=name
    )


def rates_not_negative(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(input__gte=0)
        & Q(cache_write_5m__gte=0)
        & Q(cache_write_1h__gte=0)
        & Q(cache_read__gte=0)
        & Q(output__gte=0)
        & Q(web_search__gte=0)
        & Q(over_prompt_tokens__gte=0),
        name=name,
    )


class PriceRow(Rates):
    """The list: what the provider asks of everybody."""

    confidence = models.CharField(max_length=20)

    class Meta(Rates.Meta):
        constraints = [
            span_not_empty("price_span_not_empty"),
            rates_not_negative("price_not_negative"),
        ]


class AgreedPrice(Rates, TenantOwned):
    """What one tenant pays for a model instead of the list price, or where the list has none.

    On the days on which it has rows for a model and speed, the list's rows of these do not count.
    """

    tenant_id = models.IntegerField()

    class Meta(Rates.Meta, TenantOwned.Meta):
        constraints = [
            span_not_empty("agreed_span_not_empty"),
            rates_not_negative("agreed_not_negative"),
            models.CheckConstraint(condition=Q(id__gt=AGREED_FROM), name="agreed_id_above_list"),
        ]


class Discount(Dated, TenantOwned):
    """Per cent off the list price of a model, or ('') of every model of the provider, over UTC days.

    The model's own row comes before the one for every model; an agreed price is never discounted.
    """

    tenant_id = models.IntegerField()
    provider = models.CharField(max_length=60)
    model = models.CharField(max_length=200, blank=True, default="")
    percent = models.DecimalField(max_digits=5, decimal_places=2)

    class Meta(TenantOwned.Meta):
        ordering = ["provider", "model", "since"]
        constraints = [
            span_not_empty("discount_span_not_empty"),
            models.CheckConstraint(
                condition=Q(percent__gt=0) & Q(percent__lte=100),
                name="discount_is_per_cent",
                violation_error_message="A discount is more than 0 and at most 100 per cent.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.percent} % off {self.model or 'every model'}"


class Markup(Dated, TenantOwned):
    """Per cent that a client is billed above cost, over days of the tenant's zone."""

    client_column = "client_id"

    tenant_id = models.IntegerField()
    client_id = models.IntegerField()
    percent = models.DecimalField(max_digits=6, decimal_places=2)

    class Meta(TenantOwned.Meta):
        ordering = ["client_id", "since"]
        constraints = [
            span_not_empty("markup_span_not_empty"),
            models.CheckConstraint(
                condition=Q(percent__gte=-100) & Q(percent__lte=1000),
                name="markup_is_per_cent",
                violation_error_message="A mark-up is from -100 to 1,000 per cent.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.percent} % on client {self.client_id}"


class ModelAlias(models.Model):
    """Another exact name of a priced model. Names match whole, never by their beginning."""

    provider = models.CharField(max_length=60)
    alias = models.CharField(max_length=200)
    model = models.CharField(max_length=200)

    class Meta:
        ordering = ["provider", "alias"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "alias"], name="alias_once"),
        ]

    def __str__(self) -> str:
        return f"{self.alias} = {self.model}"
