"""The book itself: what it refuses to be made of, and how it finds a card."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.flow.price import PriceBook, PriceEntry, Unpriced
from billing.flow.price_book import PriceBookError
from billing.flow.usage import Part, Usage
from tests.billing.pricing import BOOK, price, tokens

RATES = tuple(map(Decimal, ("3", "3.75", "6", "0.3", "15", "10000")))
ROW = PriceEntry(
    id=1,
    provider="anthropic",
    model="m",
    speed="standard",
    over_prompt_tokens=0,
    since=date(2026, 1, 1),
    until=date(2026, 7, 1),
    rates=RATES,
    batch_multiplier=Decimal("0.5"),
    us_multiplier=None,
)


def book(*entries, aliases=None):
    return PriceBook(version="v", entries=entries, aliases=aliases or {})


def dearer(factor):
    return tuple(rate * factor for rate in RATES)


def found(priced):
    return priced.reason if isinstance(priced, Unpriced) else priced.price_id


def test_rows_that_overlap_do_not_make_a_book():
    for later in (
        replace(ROW, id=2),
        replace(ROW, id=2, since=date(2026, 6, 30), until=None),
        replace(ROW, id=2, since=None, until=date(2026, 1, 2)),
    ):
        with pytest.raises(PriceBookError, match="overlap"):
            book(ROW, later)
        with pytest.raises(PriceBookError, match="overlap"):
            book(later, ROW)


def test_rows_that_touch_or_differ_do_make_a_book():
    book(
        ROW,
        replace(ROW, id=2, since=date(2026, 7, 1), until=None),
        replace(ROW, id=3, since=None, until=date(2026, 1, 1)),
        replace(ROW, id=4, speed="fast"),
        replace(ROW, id=5, over_prompt_tokens=200_000),
        replace(ROW, id=6, provider="bedrock"),
        replace(ROW, id=7, model="n"),
    )


@pytest.mark.parametrize(
    "broken",
    [
        {"speed": "warp"},
        {"over_prompt_tokens": -1},
        {"until": date(2026, 1, 1)},
        {"rates": RATES[:5]},
        {"rates": (*RATES[:5], Decimal("NaN"))},
        {"rates": (*RATES[:5], Decimal("Infinity"))},
        {"rates": (Decimal(-1), *RATES[1:])},
        {"batch_multiplier": Decimal("NaN")},
        {"us_multiplier": Decimal(-1)},
    ],
)
def test_a_broken_row_does_not_make_a_book(broken):
    with pytest.raises(PriceBookError, match="price row 1"):
        book(replace(ROW, **broken))


@pytest.mark.parametrize(
    "fine",
    [
        {"rates": (Decimal("0.0000000000001"), *RATES[1:])},
        {"rates": (Decimal("0.000000000001"), *RATES[1:])},
        {"batch_multiplier": Decimal("0.00000000000001")},
        {"rates": (Decimal("0.000000000001"), *RATES[1:]), "us_multiplier": Decimal(10)},
        {"rates": (Decimal("1E+30"), *RATES[1:])},
    ],
)
def test_a_price_that_the_database_would_round_does_not_make_a_book(fine):
    with pytest.raises(PriceBookError, match="18 decimals"):
        book(replace(ROW, **fine))


def test_a_price_of_18_decimals_is_kept_whole():
    row = replace(ROW, rates=(Decimal("0.000000000001"), *RATES[1:]), batch_multiplier=None)

    priced = price(tokens(1), model="m", at="2026-01-01T00:00:00Z", book=book(row))

    assert priced.cost == Decimal("0.000000000000000001")


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2025-12-31T23:59:59.999999Z", "no_price_at_date"),
        ("2026-01-01T00:00:00Z", 1),
        ("2026-06-30T23:59:59.999999Z", 1),
        ("2026-07-01T00:00:00Z", "no_price_at_date"),
        ("2026-07-02T00:00:00Z", 2),
        ("9999-12-31T23:59:59Z", 2),
        ("0001-01-01T00:00:00Z", "no_price_at_date"),
    ],
)
def test_a_gap_between_rows_has_no_price(at, expected):
    gapped = book(ROW, replace(ROW, id=2, since=date(2026, 7, 2), until=None))

    assert found(price(tokens(1), model="m", at=at, book=gapped)) == expected


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [(0, 1), (100, 1), (101, 2), (200, 2), (201, 3), (10**12, 3)],
)
def test_the_highest_tier_that_is_exceeded_takes_the_call(prompt, expected):
    tiers = book(
        replace(ROW, id=3, over_prompt_tokens=200, rates=dearer(4)),
        ROW,
        replace(ROW, id=2, over_prompt_tokens=100, rates=dearer(2)),
    )

    priced = price(tokens(prompt, out=1), model="m", at="2026-03-01T00:00:00Z", book=tiers)

    assert found(priced) == expected


def test_a_tier_without_a_base_row_has_no_price_below_it():
    tier = book(replace(ROW, over_prompt_tokens=100))
    at = "2026-03-01T00:00:00Z"

    assert found(price(tokens(100), model="m", at=at, book=tier)) == "no_price_at_date"
    assert found(price(tokens(101), model="m", at=at, book=tier)) == 1


def test_a_modifier_is_offered_row_by_row():
    rows = book(ROW, replace(ROW, id=2, since=date(2026, 7, 1), until=None, batch_multiplier=None))
    batch = tokens(1, service_tier="batch")

    before = price(batch, model="m", at="2026-06-30T00:00:00Z", book=rows)
    after = price(batch, model="m", at="2026-07-01T00:00:00Z", book=rows)

    assert (found(before), found(after)) == (1, "batch_not_offered")


def test_only_fast_rows_price_fast_calls():
    rows = book(replace(ROW, speed="fast"))
    at = "2026-03-01T00:00:00Z"

    assert found(price(tokens(1, speed="fast"), model="m", at=at, book=rows)) == 1
    assert found(price(tokens(1), model="m", at=at, book=rows)) == "no_price_at_date"


def test_trailing_zeros_of_the_database_do_not_reach_the_costs():
    padded = replace(ROW, rates=tuple(rate.quantize(Decimal("1E-9")) for rate in RATES))

    priced = price(tokens(7, out=9), model="m", at="2026-03-01T00:00:00Z", book=book(padded))

    assert [str(each) for each in priced.costs] == ["0.000021", "0", "0", "0", "0.000135", "0"]


def test_names_match_whole_and_a_models_own_name_comes_first():
    named = book(
        ROW,
        replace(ROW, id=2, model="n"),
        aliases={
            ("anthropic", "m-2026"): "m",
            ("anthropic", "n"): "m",
            ("anthropic", "gone"): "never-priced",
            ("bedrock", "elsewhere"): "m",
        },
    )

    names = ["m", "m[1m]", "m-2026", "m-2026[1m]", "n", "gone", "elsewhere", "m-", "", "[1m]"]
    assert [named.model_name(each, provider="anthropic") for each in names] == (
        ["m", "m", "m", "m", "n"] + [None] * 5
    )
    assert named.model_name("m", provider="bedrock") is None


def test_names_of_strangers_do_not_fill_the_memory():
    fresh = book(ROW)
    for number in range(1000):
        price(tokens(1, service_tier=f"t{number}"), model="m", book=fresh)
        price(tokens(1), model=f"m{number}", book=fresh)

    assert len(fresh._spans) == 0


def test_one_book_serves_many_threads():
    shared = PriceBook(version="v", entries=BOOK.entries, aliases=BOOK.aliases)
    day = date(2026, 11, 20).toordinal()
    models = [entry.model for entry in BOOK.entries] * 20

    def card(model):
        part = Part(model, (1, 0, 0, 0, 1, 0))
        return shared.card(part, provider="anthropic", usage=Usage((part,)), day=day)

    with ThreadPoolExecutor(8) as threads:
        cards = list(threads.map(card, models))

    assert [each.entry.model for each in cards] == models


def test_every_day_of_the_year_has_one_card_per_model_at_most():
    part = Part("claude-sonnet-5-5", (0, 0, 0, 1_000_000, 0, 0))
    first = date(2026, 9, 1)

    rates = []
    for number in range(60):
        day = (first + timedelta(days=number)).toordinal()
        card = BOOK.card(part, provider="anthropic", usage=Usage((part,)), day=day)
        rates.append(card if isinstance(card, str) else str(card.entry.rates[3]))

    assert rates == ["no_price_at_date"] * 27 + ["0.2"] * 9 + ["0.1"] * 24
