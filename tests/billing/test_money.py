"""Exact amounts, and how they are written."""

from decimal import Decimal, FloatOperation, Inexact, InvalidOperation, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import money
from billing.money import EXACT, amount, dollars, is_storable, minus, plain, ratio, total

STORABLE = st.decimals(
    min_value=Decimal("-99999999999999999999"),
    max_value=Decimal("99999999999999999999"),
    places=18,
    allow_nan=False,
    allow_infinity=False,
)


def test_the_classes_stand_in_the_order_of_the_contract():
    assert money.TOKEN_CLASSES == (
        "input",
        "cache_write_5m",
        "cache_write_1h",
        "cache_read",
        "output",
        "web_search",
    )


def test_arithmetic_that_would_round_is_an_error():
    with pytest.raises(Inexact):
        EXACT.divide(Decimal(1), Decimal(3))
    with pytest.raises(Inexact):
        EXACT.multiply(Decimal("1." + "1" * 40), Decimal("1." + "1" * 40))
    with pytest.raises(FloatOperation):
        EXACT.create_decimal(0.1)
    with pytest.raises(InvalidOperation):
        EXACT.add(Decimal("Infinity"), Decimal("-Infinity"))


def test_a_sum_keeps_all_38_digits_where_the_default_context_would_not():
    big, small = Decimal("99999999999999999999"), Decimal("0.000000000000000001")

    with localcontext(prec=28):
        exact = total([big, small])

    assert plain(exact) == "99999999999999999999.000000000000000001"
    assert plain(minus(exact, big)) == "0.000000000000000001"


def test_the_sum_of_nothing_is_zero():
    assert total([]) == 0


@given(st.lists(STORABLE, max_size=20))
def test_a_sum_does_not_depend_on_order(amounts):
    assert total(amounts) == total(reversed(amounts)) == total(sorted(amounts))


@given(STORABLE)
def test_plain_text_reads_back_as_the_same_amount(value):
    text = plain(value)

    assert amount(text) == value
    assert "E" not in text
    assert text == "0" or not (("." in text) and text.endswith(("0", ".")))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.0156000", "0.0156"),
        ("3.00E-8", "0.00000003"),
        ("1E+3", "1000"),
        ("100", "100"),
        ("0.000", "0"),
        ("-0", "0"),
        ("-4.030", "-4.03"),
    ],
)
def test_plain_has_no_exponent_and_no_trailing_zeros(value, text):
    assert plain(Decimal(value)) == text


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_what_is_not_an_amount_is_never_written(value):
    with pytest.raises((ValueError, InvalidOperation)):
        plain(Decimal(value))
    with pytest.raises(InvalidOperation):
        dollars(Decimal(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1234.5", "$1,234.50"),
        ("0", "$0.00"),
        ("-0", "$0.00"),
        ("-4.03", "−$4.03"),
        ("0.125", "$0.12"),
        ("0.135", "$0.14"),
        ("0.0156", "$0.02"),
        ("0.0051", "$0.01"),
        ("0.005", "$0.0050"),
        ("0.0016", "$0.0016"),
        ("0.000999", "$0.0010"),
        ("0.00000011", "$0.00000011"),
        ("-0.0016", "−$0.0016"),
        ("1000000", "$1,000,000.00"),
        ("99999999999999999999.994", "$99,999,999,999,999,999,999.99"),
    ],
)
def test_dollars_are_rounded_half_even_for_people(value, text):
    assert dollars(Decimal(value)) == text


def test_dollars_takes_other_places():
    assert dollars(Decimal("1234.56789"), places=4) == "$1,234.5679"
    assert dollars(Decimal("1234.5"), places=0) == "$1,234"
    all_digits = Decimal("99999999999999999999.123456789012")
    assert dollars(all_digits, places=12) == "$99,999,999,999,999,999,999.123456789012"


@given(STORABLE.filter(bool))
def test_an_amount_that_is_not_zero_never_shows_as_zero(value):
    assert set(dollars(value)) & set("123456789")


@pytest.mark.parametrize("text", ["12.50", "0", "-3.1", "0.000000000000000001", "9" * 20])
def test_plain_decimal_strings_are_read_exactly(text):
    assert amount(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", " 1", "1 ", "1\n", "+1", ".5", "1.", "1e3", "1_000", "0x1", "٣", "NaN", "Infinity"),
        *("9" * 21, "0." + "1" * 19),
    ],
)
def test_anything_else_is_not_an_amount(text):
    with pytest.raises(ValueError, match="plain decimal"):
        amount(text)


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("0.000000000000000001", True),
        ("0.0000000000000000010", True),
        ("0.0000000000000000001", False),
        ("99999999999999999999.999999999999999999", True),
        ("100000000000000000000", False),
        ("NaN", False),
        ("Infinity", False),
        ("0", True),
    ],
)
def test_storable_is_what_the_database_keeps_unrounded(value, fits):
    assert is_storable(Decimal(value)) is fits


def test_a_ratio_of_nothing_is_unknown():
    assert ratio(Decimal("0.0696"), Decimal(0)) is None
    assert ratio(Decimal("0.0696"), Decimal("0.0156"), places=2) == Decimal("4.46")
    assert ratio(1, 3) == Decimal("0.333333")
