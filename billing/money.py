"""Money: exact decimal dollars, and the order in which the billed classes stand everywhere.

In:   Decimal amounts and decimal strings.   Out: exact Decimals, and text for JSON and pages.
Promises: arithmetic through `EXACT` never rounds; a result that does not fit is an error.
Never: binary fractions, in any direction. Only `dollars` and `ratio` round, to show or compare.
"""

import re
from collections.abc import Iterable
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    Inexact,
    InvalidOperation,
    Overflow,
)
from functools import reduce
from typing import Final

TOKEN_CLASSES: Final = (
    "input",
    "cache_write_5m",
    "cache_write_1h",
    "cache_read",
    "output",
    "web_search",
)
ZERO: Final = Decimal(0)
MAX_DECIMALS: Final = 18  # numeric(38,18): the database would round anything finer
MAX_WHOLE_DIGITS: Final = 20
MINUS: Final = "\N{MINUS SIGN}"

# The default context has 28 digits and rounds in silence; a sum of numeric(38,18) may need 38.
EXACT: Final = Context(
    prec=60, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero, FloatOperation]
)
_SHOWN: Final = Context(
    prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, Overflow, DivisionByZero]
)
_TWO_DIGITS: Final = Context(prec=2, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])
_FINEST: Final = Decimal((0, (1,), -MAX_DECIMALS))
_PLAIN_NUMBER: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,18})?", re.ASCII)


def amount(text: str) -> Decimal:
    """Read a plain decimal string that numeric(38,18) holds exactly.

    ValueError for the rest: Decimal() alone also takes exponents, underscores, NaN, infinities.
    """
    if not _PLAIN_NUMBER.fullmatch(text):
        raise ValueError("not a plain decimal with at most 20 digits before and 18 after the point")
    return Decimal(text)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum; zero for none."""
    return reduce(EXACT.add, amounts, ZERO)


def minus(one: Decimal, other: Decimal) -> Decimal:
    """The exact difference, one - other."""
    return EXACT.subtract(one, other)


def ratio(part: Decimal | int, whole: Decimal | int, *, places: int = 6) -> Decimal | None:
    """Part of whole, rounded half-even; None where whole is zero. To show or compare, not money."""
    if not whole:
        return None
    return _SHOWN.quantize(_SHOWN.divide(Decimal(part), Decimal(whole)), _last_place(places))


def is_storable(value: Decimal) -> bool:
    """Whether numeric(38,18) holds the value unrounded: 20 digits before the point, 18 after."""
    try:
        EXACT.quantize(value, _FINEST)
    except (Inexact, InvalidOperation):
        return False
    return value.is_finite() and value.adjusted() < MAX_WHOLE_DIGITS


def plain(value: Decimal) -> str:
    """The exact amount for JSON: no exponent, no trailing zeros, "0" for zero."""
    if not value:
        return "0"
    text = format(value, "f")
    if "." in text:
        return text.rstrip("0").rstrip(".")
    if not value.is_finite():
        raise ValueError("not an amount")
    return text


def dollars(value: Decimal, *, places: int = 2) -> str:
    """The amount for people: "$1,234.50", "−$4.03". Rounded half-even.

    An amount that is not zero never shows as zero: where it would, it gets two digits, "$0.0016".
    """
    shown = _SHOWN.quantize(value, _last_place(places))
    if value and not shown:
        two = _TWO_DIGITS.plus(value)
        shown = _SHOWN.quantize(two, _last_place(1 - two.adjusted()))
    sign = MINUS if shown < 0 else ""
    return f"{sign}${shown.copy_abs():,f}"


def _last_place(places: int) -> Decimal:
    return Decimal((0, (1,), -places))
