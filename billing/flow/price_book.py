"""Price book: the price rows as loaded, and the rate card that one call falls under.

In:   the list's rows and aliases, and a tenant's terms: agreed rows and discounts.
Out:  for a call, a `Card` or a reason.
Promises: a name, a day, a tier, a speed and a place each match exactly or not at all. A book whose
rows overlap, or whose rates the database would round, cannot be made.
Never: I/O, or a change after it was made. Cards are kept once found; only known names are kept, so
a stranger's names cannot fill the memory.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Final

from billing.flow.usage import Part, Usage
from billing.money import EXACT, TOKEN_CLASSES, ZERO, is_storable

Rates = tuple[Decimal, Decimal, Decimal, Decimal, Decimal, Decimal]  # as money.TOKEN_CLASSES

STANDARD: Final = "standard"
BATCH: Final = "batch"
PRIORITY: Final = "priority"
FAST: Final = "fast"
US: Final = "us"
LONG: Final = "long"
OTHER: Final = "other"
DISCOUNT: Final = "discount"
NO_PRICE_AT_DATE: Final = "no_price_at_date"

# Why an event has no price. The codes are stable: they stand in the ledger and in the API.
REASONS: Final[Mapping[str, str]] = {
    "unknown_provider": "The price book has no prices of this provider.",
    "unknown_model": "The price book has no model of exactly this name.",
    "no_price_at_date": "The model is known, but has no price row for this day and prompt size.",
    "priority_tier": "Priority tier is sold by contract; there is no list price.",
    "unknown_tier": "The response names a service tier that is not known.",
    "unknown_speed": "The response names a speed that is not known.",
    "unknown_geo": "The response names an inference geography that is not known.",
    "fast_with_batch": "Fast mode is not sold in batches, so the response contradicts itself.",
    "fast_not_offered": "The model has no fast mode prices.",
    "batch_not_offered": "The model has no batch price.",
    "us_not_offered": "The model has no price for US inference.",
    "unknown_iteration": "The response lists an iteration of a kind that is not known.",
    "unknown_attempt_model": "The response lists a billed iteration without naming its model.",
}

_LONG_CONTEXT_SUFFIX: Final = "[1m]"  # changes nothing in the price
_BASE: Final = -1  # what a prompt exceeds on the base row: an empty one too
_NO_FACTOR: Final = Decimal(1)
_FIRST_DAY: Final = date.min.toordinal()
_AFTER_LAST_DAY: Final = date.max.toordinal() + 1


class PriceBookError(ValueError):
    """The rows do not make a price book."""


@dataclass(frozen=True, slots=True)
class PriceEntry:
    """One row of the book. Rates are per million; days are UTC, since inclusive, until exclusive.

    A row with `over_prompt_tokens` is for the whole call when its prompt is strictly larger.
    A multiplier of None means that the model is not sold that way.
    """

    id: int
    provider: str
    model: str
    speed: str
    over_prompt_tokens: int
    since: date | None
    until: date | None
    rates: Rates
    batch_multiplier: Decimal | None
    us_multiplier: Decimal | None
    source: str = ""
    checked_on: date | None = None

    @property
    def first_day(self) -> int:
        return self.since.toordinal() if self.since else _FIRST_DAY

    @property
    def end_day(self) -> int:
        return self.until.toordinal() if self.until else _AFTER_LAST_DAY


@dataclass(frozen=True, slots=True)
class DiscountEntry:
    """A tenant pays list price x `factor` for a model, or ('') for every model of the provider."""

    provider: str
    model: str
    since: date | None
    until: date | None
    factor: Decimal

    @property
    def first_day(self) -> int:
        return self.since.toordinal() if self.since else _FIRST_DAY

    @property
    def end_day(self) -> int:
        return self.until.toordinal() if self.until else _AFTER_LAST_DAY


@dataclass(frozen=True, slots=True)
class Card:
    """What each token of one call costs: a price row under the modifiers of the response.

    `multipliers` are those of the token classes; of a search only the discount counts.
    """

    entry: PriceEntry
    multipliers: Mapping[str, Decimal]
    variant: str
    per_token: Rates

    def multipliers_of(self, token_class: str) -> Mapping[str, Decimal]:
        if token_class != "web_search":  # noqa: S105  a class, not a secret
            return self.multipliers
        return {name: each for name, each in self.multipliers.items() if name == DISCOUNT}


@dataclass(frozen=True, slots=True)
class Span:
    """The rows of one stretch of days: (prompt size to exceed, card or reason), largest first."""

    first_day: int
    end_day: int
    steps: tuple[tuple[int, Card | str], ...]


class PriceBook:
    """All price rows of one version of the book. Immutable; share it between threads.

    With a tenant's terms it is that tenant's book, and `list_book` the one without them: on the days on
    which a model has agreed rows for a speed, the list's rows of these do not count; a discount is taken
    off the list's rows only, the model's own before the one for every model.
    """

    def __init__(
        self,
        *,
        version: str,
        entries: Iterable[PriceEntry],
        aliases: Mapping[tuple[str, str], str],
        agreed: Iterable[PriceEntry] = (),
        discounts: Iterable[DiscountEntry] = (),
    ) -> None:
        self.version = version
        self.entries = tuple(entries)
        self.agreed = tuple(agreed)
        self.discounts = tuple(discounts)
        self.aliases = dict(aliases)
        self.list_book: PriceBook | None = None
        if self.agreed or self.discounts:
            self.list_book = PriceBook(version=version, entries=self.entries, aliases=self.aliases)
        self._rows: dict[tuple[str, str], list[PriceEntry]] = {}
        self._spans: dict[tuple[str, str, str, str, str], tuple[Span, ...]] = {}
        self.flat: dict[tuple[str, str, str, str, str, int], Card] = {}
        """Cards found so far that hold for prompts of any size: provider, model, tier, speed, geo, day."""
        for entry in (*self.agreed, *self.entries):
            self._rows.setdefault((entry.provider, entry.model), []).append(entry)
        self._providers = {provider for provider, _ in self._rows}
        for entry in (*self.entries, *self.agreed):
            _check(entry)
        for discount in self.discounts:
            for entry in self.entries:
                if entry.provider == discount.provider and discount.model in ("", entry.model):
                    _check(entry, factor=discount.factor)
        _check_overlaps(self.entries)
        _check_overlaps(self.agreed)

    def model_name(self, model: str, *, provider: str) -> str | None:
        """The name under which the book prices a reported model; None where it does not.

        A model's own name comes before an alias.
        """
        name = model.removesuffix(_LONG_CONTEXT_SUFFIX)
        if (provider, name) not in self._rows:
            name = self.aliases.get((provider, name), "")
        return name if (provider, name) in self._rows else None

    def card(self, part: Part, *, provider: str, usage: Usage, day: int) -> Card | str:
        """The card of one call on a UTC day (its ordinal), or the reason why there is none."""
        spans = self.spans(part.model, provider=provider, usage=usage)
        if isinstance(spans, str):
            return spans
        steps = next((each.steps for each in spans if each.first_day <= day < each.end_day), ())
        card = next((card for over, card in steps if part.prompt_tokens > over), NO_PRICE_AT_DATE)
        if len(steps) == 1 and isinstance(card, Card) and not card.entry.over_prompt_tokens:
            self.flat[provider, part.model, usage.tier, usage.speed, usage.geo, day] = card
        return card

    def spans(self, model: str, *, provider: str, usage: Usage) -> tuple[Span, ...] | str:
        """The cards of a model under the modifiers of a response, by day; or why there are none."""
        key = (provider, model, usage.tier, usage.speed, usage.geo)
        spans = self._spans.get(key)
        if spans is None:
            found = self._find_spans(model, provider, usage)
            if isinstance(found, str):
                return found
            spans = self._spans[key] = found
        return spans

    def _find_spans(self, model: str, provider: str, usage: Usage) -> tuple[Span, ...] | str:
        if provider not in self._providers:
            return "unknown_provider"
        name = self.model_name(model, provider=provider)
        if name is None:
            return "unknown_model"
        if reason := _modifier_reason(usage):
            return reason
        rows = [row for row in self._rows[provider, name] if row.speed == usage.speed]
        if not rows:
            return "fast_not_offered" if usage.speed == FAST else NO_PRICE_AT_DATE
        discounts = [
            each
            for each in self.discounts
            if each.provider == provider and each.model in ("", name)
        ]
        ends = {(row.first_day, row.end_day) for row in rows}
        ends |= {(discount.first_day, discount.end_day) for discount in discounts}
        days = sorted({day for pair in ends for day in pair})
        return tuple(
            Span(first, end, self._steps(rows, discounts, first, usage))
            for first, end in pairwise(days)
        )

    def _steps(
        self,
        rows: Iterable[PriceEntry],
        discounts: Iterable[DiscountEntry],
        day: int,
        usage: Usage,
    ) -> tuple[tuple[int, Card | str], ...]:
        valid = [row for row in rows if row.first_day <= day < row.end_day]
        agreed = [row for row in valid if row in self.agreed]
        factors = {
            each.model: each.factor for each in discounts if each.first_day <= day < each.end_day
        }
        factor = None if agreed else factors.get(max(factors, default=""))  # '' sorts first
        steps = sorted(agreed or valid, key=lambda row: row.over_prompt_tokens, reverse=True)
        return tuple((row.over_prompt_tokens or _BASE, _card(row, usage, factor)) for row in steps)


def variant_of(usage: Usage, *, is_long: bool = False) -> str:
    """What moves the price, joined: "standard", "batch+us", "long". Never a caller's own word."""
    if usage.tier == PRIORITY:
        return PRIORITY
    if _modifier_reason(usage) not in ("", "fast_with_batch"):
        return OTHER
    words = [word for word in (usage.tier, usage.speed) if word != STANDARD]
    words += [LONG] * is_long + [US] * (usage.geo == US)
    return "+".join(words) or STANDARD


def _modifier_reason(usage: Usage) -> str:
    if usage.tier == PRIORITY:
        return "priority_tier"
    if usage.tier not in (STANDARD, BATCH):
        return "unknown_tier"
    if usage.speed not in (STANDARD, FAST):
        return "unknown_speed"
    if usage.geo not in ("", US):
        return "unknown_geo"
    if usage.tier == BATCH and usage.speed == FAST:
        return "fast_with_batch"
    return ""


def _card(row: PriceEntry, usage: Usage, discount: Decimal | None) -> Card | str:
    multipliers: dict[str, Decimal] = {}
    if usage.tier == BATCH:
        if row.batch_multiplier is None:
            return "batch_not_offered"
        multipliers[BATCH] = row.batch_multiplier
    if usage.geo == US:
        if row.us_multiplier is None:
            return "us_not_offered"
        multipliers[US] = row.us_multiplier
    searches = row.rates[5]
    if discount is not None:
        multipliers[DISCOUNT] = discount
        searches = EXACT.multiply(searches, discount)
    variant = variant_of(usage, is_long=row.over_prompt_tokens > 0)
    rates = (*row.rates[:5], searches)
    return Card(row, multipliers, variant, _per_token(rates, multipliers.values()))


def _per_token(rates: Rates, multipliers: Iterable[Decimal]) -> Rates:
    """Dollars for one of each class, exact and without trailing zeros."""
    factor = Decimal((0, (1,), -6))
    for multiplier in multipliers:
        factor = EXACT.multiply(factor, multiplier)
    a, b, c, d, e, searches = rates
    a, b, c, d, e = (EXACT.multiply(each, factor).normalize(EXACT) for each in (a, b, c, d, e))
    return a, b, c, d, e, EXACT.scaleb(searches, -6).normalize(EXACT)


def _check(entry: PriceEntry, *, factor: Decimal = _NO_FACTOR) -> None:
    if entry.speed not in (STANDARD, FAST) or entry.over_prompt_tokens < 0:
        raise PriceBookError(f"price row {entry.id}: unknown speed or negative prompt size")
    if len(entry.rates) != len(TOKEN_CLASSES) or entry.first_day >= entry.end_day:
        raise PriceBookError(f"price row {entry.id}: needs six rates, and a day to be valid on")
    batch = _NO_FACTOR if entry.batch_multiplier is None else entry.batch_multiplier
    us = _NO_FACTOR if entry.us_multiplier is None else entry.us_multiplier
    if not all(each.is_finite() and each >= ZERO for each in (*entry.rates, batch, us)):
        raise PriceBookError(f"price row {entry.id}: a rate or multiplier is not an amount")
    rates = (*entry.rates[:5], EXACT.multiply(entry.rates[5], factor))
    for multipliers in ((), (batch,), (us,), (batch, us)):
        if not all(map(is_storable, _per_token(rates, (factor, *multipliers)))):
            raise PriceBookError(f"price row {entry.id}: a token's price is finer than 18 decimals")


def _check_overlaps(entries: Iterable[PriceEntry]) -> None:
    ordered = sorted(
        entries,
        key=lambda row: (row.provider, row.model, row.speed, row.over_prompt_tokens, row.first_day),
    )
    for row, later in pairwise(ordered):
        is_same = (row.provider, row.model, row.speed, row.over_prompt_tokens) == (
            later.provider,
            later.model,
            later.speed,
            later.over_prompt_tokens,
        )
        if is_same and later.first_day < row.end_day:
            raise PriceBookError(f"price rows {row.id} and {later.id} overlap")
