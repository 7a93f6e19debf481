"""The price book: what a provider asks, from when to when, and who says so. Rows are closed, never edited."""

from django.db import models
from django.db.models import F, Q


class PriceRow(models.Model):
    """Dollars per million tokens of one model, for one speed and prompt-size tier, over a span of UTC days.

    A row with `over_prompt_tokens` > 0 prices the whole request when its prompt is strictly larger.
    Overlapping spans are impossible: an exclusion constraint holds them apart (migration 0002).
    """

    provider = models.CharField(max_length=60)
    model = models.CharField(max_length=200)
    speed = models.CharField(max_length=20, default="standard")
    over_prompt_tokens = models.BigIntegerField(default=0)
    since = models.DateField(null=True)
    until = models.DateField(null=True)
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
    confidence = models.CharField(max_length=20)
    checked_on = models.DateField()
    note = models.TextField(blank=True)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["provider", "model", "speed", "over_prompt_tokens", "since"]
        constraints = [
            models.CheckConstraint(
                condition=Q(since=None) | Q(until=None) | Q(since__lt=F("until")),
                name="price_span_not_empty",
            ),
            models.CheckConstraint(
                condition=Q(input__gte=0)
                & Q(cache_write_5m__gte=0)
                & Q(cache_write_1h__gte=0)
                & Q(cache_read__gte=0)
                & Q(output__gte=0)
                & Q(web_search__gte=0)
                & Q(over_prompt_tokens__gte=0),
                name="price_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider}/{self.model} from {self.since or 'the start'}"


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
