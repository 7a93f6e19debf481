"""Prices: the active tenant's book as people read it: rows of the list, rows it agreed on, discounts.

In:   a provider, a model, a text to look for, a day.   Out: a `PricedModel` for each model, with its rows.
Promises: names match whole, an alias as well as the model's own; a row says whether it is the one that counts.
Never: a price of an event; that is billing/flow/price.py, by the same rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.models import AgreedPrice, Discount, ModelAlias, PriceRow
from billing.models.prices import AGREED_FROM, Dated, Rates
from billing.money import EXACT, TOKEN_CLASSES


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One row on the asked day. `counts`: no agreed row stands before it."""

    row: Rates
    is_agreed: bool
    is_valid: bool
    counts: bool

    @property
    def rates(self) -> dict[str, Decimal]:
        return {name: getattr(self.row, name) for name in TOKEN_CLASSES}

    @property
    def is_base(self) -> bool:
        return self.row.speed == "standard" and not self.row.over_prompt_tokens


@dataclass(frozen=True, slots=True)
class PricedModel:
    """One model: its lines of all times, and the discount that its list rows get on the asked day."""

    provider: str
    model: str
    aliases: tuple[str, ...]
    lines: tuple[PriceLine, ...]
    discounts: tuple[Discount, ...]
    discount: Discount | None
    on: date

    @property
    def counting(self) -> tuple[PriceLine, ...]:
        """What a call of the asked day is priced by: standard before fast, small prompts before large."""
        return tuple(line for line in self.lines if line.counts)

    @property
    def valid(self) -> tuple[PriceLine, ...]:
        return tuple(line for line in self.lines if line.is_valid)

    @property
    def changes_on(self) -> date | None:
        """The next day on which a row begins or ends."""
        days = {day for line in self.lines for day in (line.row.since, line.row.until)}
        days |= {day for each in self.discounts for day in (each.since, each.until)}
        return min((day for day in days if day and day > self.on), default=None)

    @property
    def paid_discount(self) -> Discount | None:
        """The discount, where a row of the list counts: an agreed price has none."""
        return self.discount if any(not line.is_agreed for line in self.counting) else None


def priced_models(
    on: date, *, provider: str = "", model: str = "", search: str = ""
) -> list[PricedModel]:
    """Every model that has, had or will have a price, by provider and name, as it stands on a UTC day.

    `model` is one model by its name or an alias; `search` any part of a provider's, model's or alias's name.
    """
    aliases: dict[tuple[str, str], list[str]] = {}
    for alias in ModelAlias.objects.all():
        aliases.setdefault((alias.provider, alias.model), []).append(alias.alias)
    rows: dict[tuple[str, str], list[Rates]] = {}
    for row in (*PriceRow.objects.all(), *AgreedPrice.objects.all()):
        rows.setdefault((row.provider, row.model), []).append(row)
    discounts = list(Discount.objects.all())
    own = {key for key in rows if key[1] == model}
    found = []
    for key in sorted(rows):
        names = (key[1], *aliases.get(key, ()))
        is_asked = model in names and (key in own or (key[0], model) not in own)
        if (provider and key[0] != provider) or (model and not is_asked):
            continue
        if search and not any(search.lower() in name.lower() for name in (key[0], *names)):
            continue
        found.append(_priced(key, names[1:], rows[key], discounts, on))
    return found


def price_row(row_id: int) -> Rates | None:
    """The row of an event's `price_id`: of the list, or agreed on by the active tenant."""
    if row_id > AGREED_FROM:
        return AgreedPrice.objects.filter(pk=row_id).first()
    return PriceRow.objects.filter(pk=row_id).first()


def after_discount(rate: Decimal, discount: Discount) -> Decimal:
    """What is paid of a list rate, exactly."""
    factor = EXACT.scaleb(EXACT.subtract(Decimal(100), discount.percent), -2)
    return EXACT.multiply(rate, factor)


def is_valid_on(row: Dated, on: date) -> bool:
    return (row.since is None or row.since <= on) and (row.until is None or on < row.until)


def discount_on(discounts: Iterable[Discount], model: str, on: date) -> Discount | None:
    """The one that counts: the model's own before the one for every model."""
    valid = {each.model: each for each in discounts if is_valid_on(each, on)}
    return valid.get(model) or valid.get("")


def _priced(
    key: tuple[str, str],
    aliases: Sequence[str],
    rows: Sequence[Rates],
    discounts: Iterable[Discount],
    on: date,
) -> PricedModel:
    provider, model = key
    agreed = {row.speed for row in rows if isinstance(row, AgreedPrice) and is_valid_on(row, on)}
    lines = []
    for row in sorted(rows, key=_order):
        is_agreed, is_valid = isinstance(row, AgreedPrice), is_valid_on(row, on)
        counts = is_valid and (is_agreed or row.speed not in agreed)
        lines.append(PriceLine(row, is_agreed=is_agreed, is_valid=is_valid, counts=counts))
    own = tuple(
        each for each in discounts if each.provider == provider and each.model in ("", model)
    )
    return PricedModel(
        provider=provider,
        model=model,
        aliases=tuple(aliases),
        lines=tuple(lines),
        discounts=own,
        discount=discount_on(own, model, on),
        on=on,
    )


def _order(row: Rates) -> tuple[bool, int, bool, date]:
    """Standard before fast, small prompts before large, agreed before the list, newest first."""
    newest = date.fromordinal(date.max.toordinal() - (row.since or date.min).toordinal() + 1)
    return row.speed != "standard", row.over_prompt_tokens, not isinstance(row, AgreedPrice), newest
