"""The price rules: tiers, modifiers, dates, names, and openly unpriced."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from billing.flow.price import REASONS, Line, Priced, Unpriced, explain, price_event
from billing.flow.usage import read_usage
from billing.money import plain
from tests.billing.pricing import BOOK, NOON, lines, price, tokens

ONE_OF_EACH = tokens(1, write_5m=1, write_1h=1, read=1, out=1)


def cost(usage, **call):
    priced = price(usage, **call)
    assert isinstance(priced, Priced), priced
    return plain(priced.cost)


def variant(usage, **call):
    return price(usage, **call).variant


def reason(usage, **call):
    unpriced = price(usage, **call)
    assert isinstance(unpriced, Unpriced), unpriced
    assert unpriced.reason in REASONS
    return unpriced.reason


def test_a_modifier_multiplies_every_token_class():
    standard = price(ONE_OF_EACH).costs
    batch = price({**ONE_OF_EACH, "service_tier": "batch"}).costs
    us = price({**ONE_OF_EACH, "inference_geo": "us"}).costs
    both = price({**ONE_OF_EACH, "service_tier": "batch", "inference_geo": "us"}).costs

    assert [each * 2 for each in batch] == list(standard)
    assert list(us) == [each * Decimal("1.1") for each in standard]
    assert list(both) == [each * Decimal("0.55") for each in standard]


def test_searches_are_not_multiplied():
    searches = {"server_tool_use": {"web_search_requests": 3}}
    modified = price({**ONE_OF_EACH, **searches, "service_tier": "batch", "inference_geo": "us"})

    assert modified.costs[5] == Decimal("0.03")


def test_web_fetches_are_free():
    fetches = {"server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 50}}

    assert cost({**ONE_OF_EACH, **fetches}) == cost(ONE_OF_EACH)


def test_the_tier_is_decided_by_strictly_more_than_the_prompt_of_all_kinds():
    edge = tokens(99_997, write_5m=1, write_1h=1, read=1, out=1000)
    above = tokens(99_997, write_5m=1, write_1h=1, read=2, out=1000)

    assert price(edge, model="claude-haiku-5-5").costs[4] == Decimal("0.0005")
    assert price(above, model="claude-haiku-5-5").costs[4] == Decimal("0.0025")
    assert variant(edge, model="claude-haiku-5-5") == "standard"
    assert variant(above, model="claude-haiku-5-5") == "long"


@pytest.mark.parametrize(
    ("modifiers", "expected"),
    [
        ({}, "standard"),
        ({"service_tier": "batch"}, "batch"),
        ({"speed": "fast"}, "fast"),
        ({"inference_geo": "us"}, "us"),
        ({"inference_geo": "global"}, "standard"),
        ({"service_tier": "batch", "inference_geo": "us"}, "batch+us"),
        ({"speed": "fast", "inference_geo": "us"}, "fast+us"),
        ({"service_tier": "priority"}, "priority"),
        ({"service_tier": "priority", "inference_geo": "us"}, "priority"),
        ({"service_tier": "flex"}, "other"),
        ({"speed": "warp"}, "other"),
        ({"inference_geo": "eu"}, "other"),
        ({"service_tier": "batch", "speed": "fast"}, "batch+fast"),
    ],
)
def test_the_variant_names_what_moves_the_price_and_never_a_callers_word(modifiers, expected):
    assert variant(tokens(1, out=1, **modifiers)) == expected
    assert variant(tokens(1, out=1, **modifiers), model="unheard-of") == expected


@pytest.mark.parametrize(
    ("modifiers", "expected"),
    [
        ({}, "long"),
        ({"inference_geo": "us"}, "long+us"),
        ({"service_tier": "batch"}, "batch+long"),
        ({"service_tier": "batch", "inference_geo": "us"}, "batch+long+us"),
    ],
)
def test_a_long_prompt_is_part_of_the_variant(modifiers, expected):
    assert variant(tokens(100_001, **modifiers), model="claude-haiku-5-5") == expected


@pytest.mark.parametrize(
    ("call", "modifiers", "expected"),
    [
        ({"provider": "bedrock"}, {}, "unknown_provider"),
        ({"provider": "Anthropic"}, {}, "unknown_provider"),
        ({"model": "claude-opus-9"}, {}, "unknown_model"),
        ({"model": "claude-opus-5-"}, {}, "unknown_model"),
        ({"model": "claude-opus-5-20260724"}, {}, "unknown_model"),
        ({"model": "Claude-Opus-5"}, {}, "unknown_model"),
        ({"model": "claude-opus-5[1m][1m]"}, {}, "unknown_model"),
        ({"model": "claude-opus-5[2m]"}, {}, "unknown_model"),
        ({"model": "us.anthropic.claude-opus-4-1-20250805-v1:0"}, {}, "unknown_model"),
        ({"model": "claude-opus-4-1@20250805"}, {}, "unknown_model"),
        ({"model": ""}, {}, "unknown_model"),
        ({"at": "2026-07-23T23:59:59Z"}, {}, "no_price_at_date"),
        ({}, {"service_tier": "priority"}, "priority_tier"),
        ({}, {"service_tier": "flex"}, "unknown_tier"),
        ({}, {"service_tier": "Batch"}, "unknown_tier"),
        ({}, {"speed": "warp"}, "unknown_speed"),
        ({}, {"inference_geo": "eu"}, "unknown_geo"),
        ({}, {"speed": "fast", "service_tier": "batch"}, "fast_with_batch"),
        ({"model": "claude-haiku-4-5"}, {"speed": "fast"}, "fast_not_offered"),
        ({"model": "claude-haiku-4-5"}, {"inference_geo": "us"}, "us_not_offered"),
        ({"model": "claude-mythos-preview"}, {"inference_geo": "us"}, "us_not_offered"),
    ],
)
def test_what_has_no_price_is_unpriced_with_the_reason(call, modifiers, expected):
    assert reason(tokens(10, out=10, **modifiers), **call) == expected


def test_a_free_refusal_of_an_unknown_model_is_unpriced_all_the_same():
    assert reason(tokens(10), model="claude-opus-9", stop_reason="refusal") == "unknown_model"


def test_the_1m_suffix_and_the_aliases_name_the_same_model():
    for names in (("claude-opus-5", "claude-opus-5[1m]"), ("claude-haiku-4-5-20251001[1m]",)):
        model = BOOK.model_name(names[0], provider="anthropic")
        assert {cost(ONE_OF_EACH, model=name) for name in names} == {cost(ONE_OF_EACH, model=model)}


def test_a_day_is_a_utc_day_whatever_the_zone_of_the_time():
    kolkata = timezone(timedelta(hours=5, minutes=30))
    usage = read_usage(tokens(0, read=1_000_000), model="claude-sonnet-5-5", stop_reason="end_turn")
    before = datetime(2026, 10, 7, 5, 29, 59, tzinfo=kolkata)
    after = datetime(2026, 10, 7, 5, 30, tzinfo=kolkata)

    found = [
        plain(price_event(BOOK, provider="anthropic", occurred_at=moment, usage=usage).cost)
        for moment in (before, after, before.astimezone(UTC), after.astimezone(UTC))
    ]

    assert found == ["0.2", "0.1", "0.2", "0.1"]


def test_a_time_without_a_zone_is_an_error_not_a_guess():
    with pytest.raises(ValueError, match="time zone"):
        price(tokens(1, out=1), at="2026-11-20T12:00:00")


@pytest.mark.parametrize("modifiers", [{}, {"service_tier": "batch", "inference_geo": "us"}])
def test_cost_uncached_is_the_same_call_with_nothing_cached(modifiers):
    cached = tokens(10, write_5m=20, write_1h=30, read=40, out=5, **modifiers)
    searches = {"server_tool_use": {"web_search_requests": 2}}

    uncached = price({**cached, **searches}).cost_uncached

    assert uncached == price({**tokens(100, out=5, **modifiers), **searches}).cost


def test_cost_uncached_stays_on_the_tier_of_the_call():
    cached = tokens(1, read=100_000, out=5)

    assert (
        price(cached, model="claude-haiku-5-5").cost_uncached
        == price(tokens(100_001, out=5), model="claude-haiku-5-5").cost
    )


def test_a_free_refusal_costs_nothing_and_saves_nothing():
    priced = price(tokens(10, read=1000), stop_reason="refusal")

    assert (priced.cost, priced.cost_uncached, lines(tokens(10), stop_reason="refusal")) == (
        0,
        0,
        [],
    )
    assert priced.price_id > 0


def test_the_parts_of_one_event_are_summed_per_class():
    compaction = {"type": "compaction", **tokens(1, write_5m=1, write_1h=1, read=1, out=1)}
    event = {**ONE_OF_EACH, "iterations": [compaction]}

    assert list(price(event).costs) == [each * 2 for each in price(ONE_OF_EACH).costs]
    assert price(event).cost_uncached == price(ONE_OF_EACH).cost_uncached * 2


def test_each_part_has_the_tier_of_its_own_prompt_and_the_event_that_of_the_answer():
    usage = tokens(10, out=10)
    usage["iterations"] = [{"type": "compaction", **tokens(100_001, out=10)}]
    priced = price(usage, model="claude-haiku-5-5")

    assert priced.variant == "standard"
    assert plain(priced.costs[0]) == "0.0500015"
    assert priced.price_id == price(tokens(10, out=10), model="claude-haiku-5-5").price_id


def test_an_advisor_that_cannot_be_priced_makes_the_event_unpriced():
    advisor = {"type": "advisor_message", **tokens(1, out=1)}

    assert reason({**ONE_OF_EACH, "iterations": [{**advisor, "model": "x"}]}) == "unknown_model"
    usage = {**ONE_OF_EACH, "iterations": [{**advisor, "model": "claude-haiku-4-5"}]}
    assert reason({**usage, "inference_geo": "us"}) == "us_not_offered"
    assert reason({**usage, "speed": "fast"}) == "fast_not_offered"
    assert reason(usage | {"iterations": [{"type": "new"}]}) == "unknown_iteration"


def test_explain_shows_tokens_times_rate_times_multipliers():
    usage = tokens(1000, read=20_000, service_tier="batch", inference_geo="us")
    usage["server_tool_use"] = {"web_search_requests": 1}
    by_two = {"batch": Decimal("0.5"), "us": Decimal("1.1")}
    row = price(usage).price_id

    assert lines(usage) == [
        Line("input", 1000, Decimal(5), by_two, Decimal("0.00275"), "claude-opus-5", row),
        Line("cache_read", 20_000, Decimal("0.5"), by_two, Decimal("0.0055"), "claude-opus-5", row),
        Line("web_search", 1, Decimal(10_000), {}, Decimal("0.01"), "claude-opus-5", row),
    ]


def test_explain_names_the_model_and_the_row_of_each_part():
    usage = tokens(1, out=1)
    usage["iterations"] = [{"type": "advisor_message", "model": "claude-fable-5", **tokens(1)}]
    rows = {
        price(tokens(1), model=name).price_id for name in ("claude-haiku-4-5", "claude-fable-5")
    }

    found = lines(usage, model="claude-haiku-4-5-20251001[1m]")

    assert [line.model for line in found] == ["claude-haiku-4-5"] * 2 + ["claude-fable-5"]
    assert {line.price_id for line in found} == rows


def test_explain_of_an_unpriced_event_is_the_reason():
    usage = read_usage(tokens(1, out=1), model="claude-opus-9", stop_reason="")
    moment = datetime.fromisoformat(NOON)

    assert explain(BOOK, provider="anthropic", occurred_at=moment, usage=usage) == Unpriced(
        "unknown_model", "standard"
    )
