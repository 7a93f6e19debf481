"""Another list's prices in our shape: exact, or openly missing with the reason."""

from datetime import UTC, date, time
from decimal import Decimal

import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ClauseEquals,
    ClauseOr,
    ClauseStartsWith,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    StartDateConstraint,
    Tier,
    TieredPrices,
    TimeOfDateConstraint,
)

from billing.flow.other_lists import listed_model, listed_models

TODAY = date(2026, 11, 22)
PLAIN = {
    "input_mtok": Decimal("3"),
    "cache_write_mtok": Decimal("3.75"),
    "cache_write_1h_mtok": Decimal("6"),
    "cache_read_mtok": Decimal("0.3"),
    "output_mtok": Decimal("15"),
    "web_searches_kcount": Decimal("10"),
}
HALF = {key: each * Decimal("0.5") for key, each in PLAIN.items() if key != "web_searches_kcount"}


def listed(*prices, variants=(), match=None, on=TODAY):
    """What becomes of a model with these prices."""
    whole = [each if isinstance(each, ConditionalPrice) else of(**each) for each in prices]
    model = ModelInfo(
        id="m",
        match=match or ClauseEquals(equals="m"),
        prices=whole if len(whole) > 1 else whole[0].prices,
        price_variants=list(variants),
    )
    return listed_model("p", model, day=on)


def of(constraint=None, **rates):
    return ConditionalPrice(constraint, prices=ModelPrice(**rates))


def batch(since=None, **rates):
    constraint = StartDateConstraint(since) if since else None
    return PriceVariant({"processing": "batch"}, ModelPrice(**rates), constraint)


def rates_of(model):
    return {
        (row.speed, row.over_prompt_tokens): " ".join(
            "–" if rate is None else f"{rate.normalize():f}" for rate in row.rates
        )
        for row in model.rows
    }


def test_rates_are_taken_as_they_stand_and_searches_per_million():
    model = listed(PLAIN)

    assert rates_of(model) == {("standard", 0): "3 3.75 6 0.3 15 10000"}
    assert model.not_mapped == ("No batch price.",)


def test_a_rate_that_is_not_stated_is_none_and_said():
    model = listed({"input_mtok": Decimal("2.5"), "output_mtok": Decimal("10")})

    assert rates_of(model) == {("standard", 0): "2.5 – – – 10 –"}
    assert model.not_mapped[0] == (
        "No price of cache writes, one-hour cache writes, cache reads, web searches."
    )


def test_a_step_in_one_rate_is_a_row_with_all_rates():
    tiered = TieredPrices(
        base=Decimal(3), tiers=[Tier(200_000, Decimal(6)), Tier(500_000, Decimal(9))]
    )

    model = listed(PLAIN | {"input_mtok": tiered})

    assert rates_of(model) == {
        ("standard", 0): "3 3.75 6 0.3 15 10000",
        ("standard", 200_000): "6 3.75 6 0.3 15 10000",
        ("standard", 500_000): "9 3.75 6 0.3 15 10000",
    }


@pytest.mark.parametrize(
    ("day", "price", "since", "until"),
    [
        ("2026-02-28", "1", None, "2026-03-01"),
        ("2026-03-01", "2", "2026-03-01", "2026-12-01"),
        ("2026-12-01", "3", "2026-12-01", None),
    ],
)
def test_the_price_of_a_day_and_the_days_between_which_it_holds(day, price, since, until):
    model = listed(
        {"input_mtok": Decimal(1)},
        of(StartDateConstraint(date(2026, 3, 1)), input_mtok=Decimal(2)),
        of(StartDateConstraint(date(2026, 12, 1)), input_mtok=Decimal(3)),
        on=date.fromisoformat(day),
    )

    assert rates_of(model)["standard", 0].split()[0] == price
    assert [str(each or None) for each in (model.since, model.until)] == [str(since), str(until)]
    assert model.changed_on == (date(2026, 3, 1), date(2026, 12, 1))


def test_a_model_before_its_first_price_is_left_out():
    first = of(StartDateConstraint(date(2026, 12, 1)), **PLAIN)
    later = of(StartDateConstraint(date(2026, 12, 24)), **PLAIN)

    assert listed(first, later) is None


@pytest.mark.parametrize(
    ("prices", "why"),
    [
        (
            [
                PLAIN,
                of(TimeOfDateConstraint(time(1, tzinfo=UTC), time(4, tzinfo=UTC)), **PLAIN),
            ],
            "The price depends on the time of day.",
        ),
        (
            [PLAIN | {"requests_kcount": Decimal(5)}],
            "Not by tokens alone: each request has a fee beside its tokens.",
        ),
        (
            [{"audio_hours": Decimal("0.1")}],
            "There is no price of input tokens; the list states audio_hours.",
        ),
        ([{}], "There is no price of input tokens; the list states nothing."),
    ],
)
def test_what_tokens_alone_do_not_price_has_no_rates_at_all(prices, why):
    model = listed(*prices)

    assert (model.rows, model.not_mapped) == ((), (why,))


def test_other_media_are_said_and_reasoning_leaves_output_without_a_price():
    model = listed(PLAIN | {"input_audio_mtok": Decimal(9), "output_reasoning_mtok": Decimal(1)})

    assert rates_of(model) == {("standard", 0): "3 3.75 6 0.3 – 10000"}
    assert model.not_mapped[:2] == (
        "Output has no price here: reasoning costs another rate than the rest.",
        "Priced apart there, not told apart here: input audio.",
    )


@pytest.mark.parametrize(
    ("rate", "says"),
    [
        (Decimal("0.0833333333333333"), "0.0833333333333333 is finer than six decimals."),
        (0.3, "0.3 is no exact amount."),
        (Decimal("NaN"), "Decimal('NaN') is no exact amount."),
        (Decimal(-1), "Decimal('-1') is no exact amount."),
    ],
)
def test_a_rate_that_is_no_exact_amount_is_none(rate, says):
    model = listed(PLAIN | {"cache_read_mtok": rate})

    assert rates_of(model) == {("standard", 0): "3 3.75 6 – 15 10000"}
    assert f"Cache reads: {says}" in model.not_mapped


@pytest.mark.parametrize(
    ("variant", "multiplier"),
    [
        (batch(**HALF), "0.5"),
        (batch(since=date(2026, 11, 22), **HALF), "0.5"),
        (batch(since=date(2026, 11, 23), **HALF), None),
        (batch(**HALF | {"cache_read_mtok": Decimal("0.3")}), None),  # cheaper, but not all alike
        (
            batch(**HALF | {"web_searches_kcount": Decimal(5)}),
            None,
        ),  # the book multiplies no search
        (batch(**{key: each * Decimal("0.3333") for key, each in PLAIN.items()}), None),
    ],
)
def test_batch_is_a_multiplier_only_where_one_factor_fits_every_rate(variant, multiplier):
    model = listed(PLAIN, variants=[variant])

    assert model.batch_multiplier == (multiplier and Decimal(multiplier))
    assert (multiplier is None) == any(
        each.startswith("No batch price") for each in model.not_mapped
    )


def test_fast_mode_is_rows_of_its_own_and_other_variants_are_said():
    fast = PriceVariant({"speed": "fast"}, ModelPrice(input_mtok=Decimal(6)))
    flex = PriceVariant({"service_tier": "flex"}, ModelPrice(input_mtok=Decimal(1)))
    default = PriceVariant({"service_tier": "default"}, ModelPrice())

    model = listed(PLAIN, variants=[fast, flex, default])

    assert rates_of(model)["fast", 0] == "6 3.75 6 0.3 15 10000"
    assert "Not mapped: the prices of service tier flex." in model.not_mapped


def test_only_names_that_match_whole_are_names():
    match = ClauseOr(
        [ClauseEquals("m"), ClauseEquals("m-2026-01-01"), ClauseStartsWith("m-latest")]
    )

    assert listed(PLAIN, match=match).names == ("m-2026-01-01",)


# --- The installed list ------------------------------------------------------------------------------


def test_no_binary_fraction_is_in_the_installed_list():
    found = [
        rate
        for model in listed_models(TODAY)
        for row in model.rows
        for rate in row.rates
        if rate is not None and type(rate) is not Decimal
    ]
    stated = [
        price
        for provider in get_snapshot().providers
        for model in provider.models
        for each in (model.prices if isinstance(model.prices, list) else [of(**vars(model.prices))])
        for price in vars(each.prices).values()
    ]

    assert found == []
    assert {type(each) for each in stated} == {Decimal, TieredPrices}


def test_every_model_of_the_installed_list_is_mapped_or_says_why_not():
    models = listed_models(TODAY)

    assert len(models) > 2_000
    assert len({(each.provider, each.model) for each in models}) == len(models)
    assert [each.model for each in models if not each.rows and not each.not_mapped] == []
    assert {
        row.rates[0] is None for each in models for row in each.rows if each.not_mapped == ()
    } == {False}
