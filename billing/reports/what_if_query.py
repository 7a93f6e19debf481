"""How a query string names a change of past calls. Errors: ChangeError, with the parameter."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from billing.flow.change import CACHING, LEAST_PER_CENT, MOST_PER_CENT, Change
from billing.flow.scenario import ScenarioError, rates_of
from billing.money import TOKEN_CLASSES

RATES: Final = tuple(f"rate_{name}" for name in TOKEN_CLASSES)
SETTINGS: Final = ("model", "of_model", "caching", "batch", "us", "per_cent", *RATES)
_YES, _NO = ("1", "on", "true"), ("", "0", "false")


class ChangeError(ValueError):
    """The query asks for no change that there is. `field` names the parameter."""

    def __init__(self, detail: str, *, field: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


def change_of(query: Mapping[str, str]) -> Change:
    """`?model=&of_model=&caching=off|5m|1h&batch=1&us=1&per_cent=-50&rate_input=3&rate_output=15`; what is left
    out stays as it was.
    """
    caching = query.get("caching", "")
    if caching not in ("", *CACHING):
        raise ChangeError(f"caching is one of {', '.join(CACHING)}.", field="caching")
    return Change(
        model=_name(query, "model"),
        of_model=_name(query, "of_model"),
        caching=caching,
        batch=_is_on(query, "batch"),
        us=_is_on(query, "us"),
        per_cent=_per_cent(query.get("per_cent", "")),
        rates=_rates(query),
    )


def _rates(query: Mapping[str, str]) -> tuple[tuple[str, Decimal], ...]:
    given = {name: query.get(f"rate_{name}", "").strip() for name in TOKEN_CLASSES}
    try:
        return rates_of({name: text for name, text in given.items() if text}, field="rates")
    except ScenarioError as error:
        raise ChangeError(error.detail, field=error.field.replace("rates.", "rate_")) from error


def _name(query: Mapping[str, str], field: str) -> str:
    name = query.get(field, "").strip()
    if len(name) > 200:
        raise ChangeError("A model's name has at most 200 characters.", field=field)
    return name


def _is_on(query: Mapping[str, str], field: str) -> bool:
    text = query.get(field, "").lower()
    if text not in (*_YES, *_NO):
        raise ChangeError(f"{field} is 1 or 0.", field=field)
    return text in _YES


def _per_cent(text: str) -> int:
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    digits = text.removeprefix("-").removeprefix("+")
    if not text:
        return 0
    is_plain = digits.isascii() and digits.isdecimal() and len(text) <= 5
    if not is_plain or not LEAST_PER_CENT <= int(text) <= MOST_PER_CENT:
        detail = f"A whole number from {LEAST_PER_CENT} to {MOST_PER_CENT:,}."
        raise ChangeError(detail, field="per_cent")
    return int(text)
