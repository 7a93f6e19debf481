"""Other lists: what the installed genai-prices asks, in the shape of our price book.

In:   a day.   Out: a `ListedModel` per provider and model, under the list's own ids.
Promises: every rate is the list's own Decimal, per million. What the list does not state, or what costtrack
cannot tell from a usage object, is None, and `not_mapped` says why.
Never: a derived, rounded or guessed rate; the network. Only the nightly comparison imports this: the package
costs 9 MB and 0.13 s, its data 5 MB more when they are first read (docs/decisions/0010).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final

from genai_prices import __version__ as list_version
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ClauseEquals,
    ClauseOr,
    ModelInfo,
    ModelPrice,
    PriceContext,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from billing.flow.price_book import FAST, STANDARD
from billing.money import EXACT, TOKEN_CLASSES, ZERO, ratio

VERSION: Final = f"genai-prices {list_version}"

Listed = tuple[Decimal | None, ...]  # as money.TOKEN_CLASSES

# Of each class the keys of the list that may hold it; the first that is there counts.
_KEYS: Final[tuple[tuple[str, ...], ...]] = (
    ("input_mtok",),
    ("cache_write_5m_mtok", "cache_write_mtok"),
    ("cache_write_1h_mtok",),
    ("cache_read_mtok",),
    ("output_mtok",),
    ("web_searches_kcount",),
)
_MAPPED: Final = {key for keys in _KEYS for key in keys}
_SEARCHES: Final = "web_searches_kcount"  # per thousand; the book counts per million, as everything
_WORDS: Final = dict(
    zip(
        TOKEN_CLASSES,
        ("input", "cache writes", "one-hour cache writes", "cache reads", "output", "web searches"),
        strict=True,
    )
)
_MOST_DECIMALS: Final = 6  # of a rate in the price book
_MULTIPLIER_DECIMALS: Final = 3
_REASONING: Final = "output_reasoning_mtok"
_FEES: Final = {"requests_kcount": "each request has a fee beside its tokens"}
_BATCH: Final[PriceContext] = {"processing": "batch"}
_FAST: Final[PriceContext] = {"speed": "fast"}
_NOON: Final = time(12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ListedRow:
    """Rates per million for prompts of strictly more than `over_prompt_tokens`; None: not known."""

    speed: str
    over_prompt_tokens: int
    rates: Listed


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One model of the list on one day. No rows: the list has no price that a usage object can be held to.

    `since` and `until` bound the price where the list knows; `changed_on` are all days it knows of.
    """

    provider: str
    model: str
    names: tuple[str, ...]
    """Other names that mean exactly this model."""
    since: date | None
    until: date | None
    changed_on: tuple[date, ...]
    rows: tuple[ListedRow, ...]
    batch_multiplier: Decimal | None
    not_mapped: tuple[str, ...]


def listed_models(day: date, *, providers: Collection[str] | None = None) -> list[ListedModel]:
    """The list on a day, of these providers or of all. A model without a price yet is left out."""
    return [
        found
        for provider in get_snapshot().providers
        if providers is None or provider.id in providers
        for model in provider.models
        if (found := listed_model(provider.id, model, day=day)) is not None
    ]


def listed_model(provider: str, model: ModelInfo, *, day: date) -> ListedModel | None:
    """One model of the list in our shape; None where it has no price yet on this day."""
    starts = tuple(sorted(set(_starts(model))))
    since, until = _span(model, starts, day)
    if since is not None and since > day:
        return None
    at = datetime.combine(day, _NOON)
    notes: dict[str, None] = {}  # a set that keeps its order
    rows: list[ListedRow] = []
    multiplier = None
    reason = _unpriceable(model, model.get_prices(at))
    if reason:
        notes[reason] = None
    else:
        rows = _rows(model.get_prices(at), STANDARD, notes)
        multiplier = _batch_multiplier(model, rows, at=at, notes=notes)
        if _has_variant(model, _FAST, at=at):
            rows += _rows(model.get_prices(at, _FAST), FAST, notes)
        _note_variants(model, notes)
    return ListedModel(
        provider=provider,
        model=model.id,
        names=tuple(name for name in _exact_names(model) if name != model.id),
        since=since,
        until=until,
        changed_on=starts,
        rows=tuple(rows),
        batch_multiplier=multiplier,
        not_mapped=tuple(notes),
    )


def _starts(model: ModelInfo) -> Iterator[date]:
    if isinstance(model.prices, list):
        for each in model.prices:
            if isinstance(each.constraint, StartDateConstraint):
                yield each.constraint.start_date


def _span(model: ModelInfo, starts: tuple[date, ...], day: date) -> tuple[date | None, date | None]:
    """From when the price of this day is known to hold, and when the list changes it."""
    past = [start for start in starts if start <= day]
    later = [start for start in starts if start > day]
    since = past[-1] if past else None
    if since is None and later and isinstance(model.prices, list):
        first = model.prices[0].constraint
        if first is not None:  # the list would take the first price even before it begins
            since = later[0]
    return since, later[0] if later else None


def _unpriceable(model: ModelInfo, prices: ModelPrice) -> str:
    """Why no rate of this model may be used; '' where some may."""
    if isinstance(model.prices, list) and any(
        isinstance(each.constraint, TimeOfDateConstraint) for each in model.prices
    ):
        return "The price depends on the time of day."
    stated = _stated(prices)
    for key, words in _FEES.items():
        if key in stated:
            return f"Not by tokens alone: {words}."
    if "input_mtok" not in stated:
        others = ", ".join(sorted(stated)) or "nothing"
        return f"There is no price of input tokens; the list states {others}."
    return ""


def _stated(prices: ModelPrice) -> dict[str, Decimal | TieredPrices]:
    return {key: price for key, price in vars(prices).items() if price is not None}


def _rows(prices: ModelPrice, speed: str, notes: dict[str, None]) -> list[ListedRow]:
    """A row for all prompts, and one for each size beyond which the list asks more for anything."""
    stated = _stated(prices)
    chosen = [next((key for key in keys if key in stated), None) for keys in _KEYS]
    if _REASONING in stated:
        chosen[TOKEN_CLASSES.index("output")] = None
        notes["Output has no price here: reasoning costs another rate than the rest."] = None
    missing = [
        _WORDS[name]
        for name, key in zip(TOKEN_CLASSES, chosen, strict=True)
        if key is None and not (name == "output" and _REASONING in stated)
    ]
    if missing:
        notes[f"No price of {', '.join(missing)}."] = None
    others = sorted(stated.keys() - _MAPPED - {_REASONING})
    if others:
        notes[
            "Priced apart there, not told apart here: " + ", ".join(map(_named, others)) + "."
        ] = None
    steps = {0} | {
        tier.start
        for key in chosen
        if key and isinstance(price := stated[key], TieredPrices)
        for tier in price.tiers
    }
    return [
        ListedRow(speed, over, tuple(_rate(stated, key, over=over, notes=notes) for key in chosen))
        for over in sorted(steps)
    ]


def _rate(
    stated: Mapping[str, Decimal | TieredPrices],
    key: str | None,
    *,
    over: int,
    notes: dict[str, None],
) -> Decimal | None:
    """What a prompt of more than `over` tokens pays; None where that is no exact amount."""
    if key is None:
        return None
    price = stated[key]
    rate = _step(price, over) if isinstance(price, TieredPrices) else price
    if type(rate) is not Decimal or not rate.is_finite() or rate < ZERO:
        notes[f"{_named(key).capitalize()}: {rate!r} is no exact amount."] = None
        return None
    if key == _SEARCHES:
        rate = EXACT.multiply(rate, Decimal(1_000))
    if rate != round(rate, _MOST_DECIMALS):
        notes[f"{_named(key).capitalize()}: {rate} is finer than six decimals."] = None
        return None
    return rate


def _step(price: TieredPrices, over: int) -> Decimal:
    rate = price.base
    for tier in price.tiers:  # they are in order
        if tier.start <= over:
            rate = tier.price
    return rate


def _named(key: str) -> str:
    for name, keys in zip(TOKEN_CLASSES, _KEYS, strict=True):
        if key in keys:
            return _WORDS[name]
    return key.removesuffix("_mtok").removesuffix("_kcount").replace("_", " ")


def _has_variant(model: ModelInfo, context: PriceContext, *, at: datetime) -> bool:
    return any(
        each.when == context and (each.constraint is None or each.constraint.active(at))
        for each in model.price_variants or ()
    )


def _batch_multiplier(
    model: ModelInfo, rows: list[ListedRow], *, at: datetime, notes: dict[str, None]
) -> Decimal | None:
    """The one factor between the batch and the standard rate of every token class, if there is one."""
    if not _has_variant(model, _BATCH, at=at):
        notes["No batch price."] = None
        return None
    batch = _rows(model.get_prices(at, _BATCH), STANDARD, {})
    factors: set[Decimal | None] = set()
    if [row.over_prompt_tokens for row in batch] != [row.over_prompt_tokens for row in rows]:
        factors.add(None)
    for row, other in zip(rows, batch, strict=False):
        for rate, reduced in list(zip(row.rates, other.rates, strict=True))[:-1]:
            if rate or reduced:
                factors.add(_factor(rate, reduced))
    found = factors.pop() if len(factors) == 1 else None
    if found is None or any(a.rates[-1] != b.rates[-1] for a, b in zip(rows, batch, strict=False)):
        notes["No batch price: the list's is not one factor on every rate."] = None
        return None
    return found


def _factor(rate: Decimal | None, reduced: Decimal | None) -> Decimal | None:
    if not rate or reduced is None:
        return None
    factor = ratio(reduced, rate, places=_MULTIPLIER_DECIMALS)
    return factor if factor is not None and EXACT.multiply(rate, factor) == reduced else None


def _note_variants(model: ModelInfo, notes: dict[str, None]) -> None:
    others = sorted(
        {
            f"{key} {value}".replace("_", " ")
            for each in model.price_variants or ()
            if each.when not in (_BATCH, _FAST)
            for key, value in each.when.items()
            if value != "default"
        }
    )
    if others:
        notes["Not mapped: the prices of " + ", ".join(others) + "."] = None


def _exact_names(model: ModelInfo) -> Iterator[str]:
    """The names that the list matches whole. Those that it matches by a beginning are no names."""
    clauses = model.match.or_ if isinstance(model.match, ClauseOr) else [model.match]
    for clause in clauses:
        if isinstance(clause, ClauseEquals):
            yield clause.equals
