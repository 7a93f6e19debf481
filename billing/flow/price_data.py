"""Price data: the price files that come with the project, as rows ready to be put into the book.

In:   a JSON file of `billing/data/` (dollars per million, as strings).   Out: `PriceData`.
Promises: every row says where it comes from and when it was checked.
Never: a derived rate. What the file does not state is None, or `PriceDataError`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from billing.flow.price_book import PriceBook, PriceEntry, Rates
from billing.money import amount

ANTHROPIC: Final = Path(__file__).parent.parent / "data" / "anthropic.json"

_Object = Mapping[str, object]


class PriceDataError(ValueError):
    """The file is not a price file."""


@dataclass(frozen=True, slots=True)
class PriceRecord:
    """One row of a price file: what `PriceEntry` holds, and what a person wants to know of it.

    `min_cacheable_tokens`, `retired_on` and `note` are facts of the model, repeated on each row.
    """

    provider: str
    model: str
    speed: str
    over_prompt_tokens: int
    since: date | None
    until: date | None
    rates: Rates
    batch_multiplier: Decimal | None
    us_multiplier: Decimal | None
    source: str
    confidence: str
    checked_on: date
    min_cacheable_tokens: int | None
    retired_on: date | None
    note: str

    def entry(self, number: int) -> PriceEntry:
        """The row as the book takes it, under the given id."""
        return PriceEntry(
            id=number,
            provider=self.provider,
            model=self.model,
            speed=self.speed,
            over_prompt_tokens=self.over_prompt_tokens,
            since=self.since,
            until=self.until,
            rates=self.rates,
            batch_multiplier=self.batch_multiplier,
            us_multiplier=self.us_multiplier,
        )


@dataclass(frozen=True, slots=True)
class PriceData:
    """A whole price file. `aliases` maps (provider, other name) to the model's name."""

    records: tuple[PriceRecord, ...]
    aliases: Mapping[tuple[str, str], str]

    def book(self, *, version: str) -> PriceBook:
        """A book of this file alone, rows numbered from 1: for work without a database."""
        entries = [record.entry(number) for number, record in enumerate(self.records, start=1)]
        return PriceBook(version=version, entries=entries, aliases=self.aliases)


def read_price_data(path: Path = ANTHROPIC) -> PriceData:
    """Read and check a price file. PriceDataError names what is wrong with it."""
    try:
        file = _object(json.loads(path.read_text(encoding="utf-8")))
        provider = _text(file, "provider")
        models = [_object(each) for each in _list(file, "models")]
        data = PriceData(
            records=tuple(
                _record(_object(row), model=model, provider=provider)
                for model in models
                for row in _list(model, "rows")
            ),
            aliases=_aliases(models, provider),
        )
        _check(data)
    except (KeyError, TypeError, ValueError) as error:
        raise PriceDataError(f"{path.name}: {error!r}") from error
    return data


def _aliases(models: Iterable[_Object], provider: str) -> dict[tuple[str, str], str]:
    aliases: dict[tuple[str, str], str] = {}
    for model in models:
        for alias in _list(model, "aliases"):
            if aliases.setdefault((provider, str(alias)), _text(model, "model")) != model["model"]:
                raise ValueError(f"{alias} is an alias of two models")
    return aliases


def _check(data: PriceData) -> None:
    book = data.book(version="check")
    for (provider, alias), model in data.aliases.items():
        if book.model_name(alias, provider=provider) != model:
            raise ValueError(f"the alias {alias} is a model, or {model} has no rows")


def _record(row: _Object, *, model: _Object, provider: str) -> PriceRecord:
    return PriceRecord(
        provider=provider,
        model=_text(model, "model"),
        speed=_text(row, "speed"),
        over_prompt_tokens=_number(row, "over_prompt_tokens") or 0,
        since=_day(row, "since"),
        until=_day(row, "until"),
        rates=(
            amount(_text(row, "input")),
            amount(_text(row, "cache_write_5m")),
            amount(_text(row, "cache_write_1h")),
            amount(_text(row, "cache_read")),
            amount(_text(row, "output")),
            amount(_text(row, "web_search")),
        ),
        batch_multiplier=_multiplier(model, "batch_multiplier"),
        us_multiplier=_multiplier(model, "us_multiplier"),
        source=_text(row, "source"),
        confidence=_text(row, "confidence"),
        checked_on=date.fromisoformat(_text(row, "checked_on")),
        min_cacheable_tokens=_number(model, "min_cacheable_tokens"),
        retired_on=_day(model, "retired_on"),
        note=str(model["note"]),
    )


def _object(value: object) -> _Object:
    if not isinstance(value, dict):
        raise TypeError("an object is missing")
    return value


def _list(values: _Object, key: str) -> list[object]:
    value = values[key]
    if not isinstance(value, list):
        raise TypeError(f"{key} must be a list")
    return value


def _text(values: _Object, key: str) -> str:
    value = values[key]
    if not isinstance(value, str) or not value:
        raise TypeError(f"{key} must be a text")
    return value


def _number(values: _Object, key: str) -> int | None:
    value = values[key]
    if value is None or (isinstance(value, int) and value >= 0):
        return value
    raise TypeError(f"{key} must be a whole number or null")


def _day(values: _Object, key: str) -> date | None:
    return None if values[key] is None else date.fromisoformat(_text(values, key))


def _multiplier(values: _Object, key: str) -> Decimal | None:
    return None if values[key] is None else amount(_text(values, key))
