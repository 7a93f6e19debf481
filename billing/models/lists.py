"""Other lists of prices, as the nightly comparison read them: proposals, never what anything is billed at.

Of no tenant. Only the comparison writes here (billing/flow/compare_prices.py), as the dispatching role.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class ListedPrice(models.Model):
    """What another list asks for a model that the price book does not have, for prompts above a size.

    Dollars per million; null: the list has no such price that an event could be held to, and `not_mapped` says
    what and why. A row without any rate stands for a model that cannot be priced by its tokens.
    """

    provider = models.CharField(max_length=60)
    model = models.CharField(max_length=200)
    speed = models.CharField(max_length=20)
    over_prompt_tokens = models.BigIntegerField()
    since = models.DateField(null=True)
    until = models.DateField(null=True)
    input = models.DecimalField(max_digits=17, decimal_places=6, null=True)
    cache_write_5m = models.DecimalField(max_digits=17, decimal_places=6, null=True)
    cache_write_1h = models.DecimalField(max_digits=17, decimal_places=6, null=True)
    cache_read = models.DecimalField(max_digits=17, decimal_places=6, null=True)
    output = models.DecimalField(max_digits=17, decimal_places=6, null=True)
    web_search = models.DecimalField(max_digits=17, decimal_places=6, null=True)
    batch_multiplier = models.DecimalField(max_digits=7, decimal_places=3, null=True)
    names = ArrayField(models.CharField(max_length=200))
    """Other exact names of the model."""
    not_mapped = ArrayField(models.TextField())
    version = models.CharField(max_length=60)
    checked_on = models.DateField()

    class Meta:
        ordering = ["provider", "model", "speed", "over_prompt_tokens"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "model", "speed", "over_prompt_tokens"], name="listed_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider}/{self.model} in {self.version}"

    @property
    def source(self) -> str:
        """What a price that is taken from here names as its source."""
        return f"{self.version}, checked {self.checked_on}"


class BookDifference(models.Model):
    """A figure on which book and list differ now (`Difference` of billing/flow/drift.py), and since when.

    A difference that is gone is deleted; one that comes back is new.
    """

    provider = models.CharField(max_length=60)
    model = models.CharField(max_length=200)
    what = models.CharField(max_length=20)
    speed = models.CharField(max_length=20)
    over_prompt_tokens = models.BigIntegerField()
    ours = models.TextField()
    theirs = models.TextField()
    reason = models.TextField()
    """Why it is known and no alarm, or ''."""
    version = models.CharField(max_length=60)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        ordering = ["reason", "provider", "model", "over_prompt_tokens", "what"]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "provider",
                    "model",
                    "what",
                    "speed",
                    "over_prompt_tokens",
                    "ours",
                    "theirs",
                ],
                name="difference_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider}/{self.model} {self.what}: {self.ours} here, {self.theirs} there"
