"""What ledger, journal and rollups count, column for column alike, so that their sums can be compared."""

from decimal import Decimal

from django.db import models


def money() -> "models.DecimalField[Decimal, Decimal]":
    """US dollars, exact: NUMERIC(38,18)."""
    return models.DecimalField(max_digits=38, decimal_places=18)


class Counted(models.Model):
    """Tokens and cost per token class (billing/money.py). `tokens_web_search` counts searches."""

    tokens_input = models.BigIntegerField()
    tokens_cache_write_5m = models.BigIntegerField()
    tokens_cache_write_1h = models.BigIntegerField()
    tokens_cache_read = models.BigIntegerField()
    tokens_output = models.BigIntegerField()
    tokens_web_search = models.BigIntegerField()
    cost_input = money()
    cost_cache_write_5m = money()
    cost_cache_write_1h = money()
    cost_cache_read = money()
    cost_output = money()
    cost_web_search = money()
    cost_uncached = money()
    """What the same calls would have cost had nothing been cached."""
    discount = models.DecimalField(
        max_digits=38, decimal_places=18, default=Decimal(0), db_default=Decimal(0)
    )
    """List price less cost; negative where a tenant agreed on more than the list asks."""

    class Meta:
        abstract = True
