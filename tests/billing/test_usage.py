"""What the provider reported -> the calls that are billed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.flow.usage import MAX_COUNT, Part, Usage, UsageError, read_usage
from tests.billing.pricing import tokens

MODEL = "claude-opus-5"
COUNTS = st.integers(0, MAX_COUNT)


def read(usage, *, model=MODEL, stop_reason="end_turn"):
    return read_usage(usage, model=model, stop_reason=stop_reason)


def refused(usage):
    with pytest.raises(UsageError) as caught:
        read(usage)
    return caught.value.code, caught.value.field


def test_the_smallest_usage_is_input_and_output():
    assert read({"input_tokens": 3, "output_tokens": 5}) == Usage(
        (Part(MODEL, (3, 0, 0, 0, 5, 0)),), "standard", "standard", "", ""
    )


def test_every_class_lands_in_its_place():
    usage = tokens(1, write_5m=2, write_1h=3, read=4, out=5)
    usage["server_tool_use"] = {"web_search_requests": 6, "web_fetch_requests": 99}

    assert read(usage).tokens == (1, 2, 3, 4, 5, 6)
    assert read(usage).parts[0].prompt_tokens == 10


@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_no_token_is_lost_or_counted_twice(fresh, written, read_tokens, out):
    usage = {
        "input_tokens": fresh,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read_tokens,
        "output_tokens": out,
    }

    assert read(usage).tokens == (fresh, written, 0, read_tokens, out, 0)


@pytest.mark.parametrize("absent", [None, {}, {"ephemeral_5m_input_tokens": None}])
def test_writes_without_a_lifetime_split_are_five_minute_writes(absent):
    usage = {**tokens(1), "cache_creation_input_tokens": 70, "cache_creation": absent}

    assert read(usage).tokens == (1, 70, 0, 0, 0, 0)


def test_one_lifetime_may_be_left_out_when_the_other_is_all():
    usage = {**tokens(1), "cache_creation_input_tokens": 70}
    usage["cache_creation"] = {"ephemeral_1h_input_tokens": 70}

    assert read(usage).tokens == (1, 0, 70, 0, 0, 0)


def test_the_split_alone_is_enough():
    usage = {**tokens(1, write_5m=2, write_1h=3), "cache_creation_input_tokens": None}

    assert read(usage).tokens == (1, 2, 3, 0, 0, 0)


@pytest.mark.parametrize("total", [0, 4, 6])
def test_a_split_that_does_not_add_up_is_refused(total):
    usage = {**tokens(1, write_5m=2, write_1h=3), "cache_creation_input_tokens": total}

    assert refused(usage) == ("contradictory_usage", "usage.cache_creation")


@pytest.mark.parametrize(
    "key",
    [
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "cache_creation",
        "output_tokens_details",
        "server_tool_use",
        "service_tier",
        "speed",
        "inference_geo",
        "iterations",
    ],
)
def test_null_is_as_good_as_absent_where_the_provider_sends_it(key):
    assert read({"input_tokens": 3, "output_tokens": 5, key: None}).tokens == (3, 0, 0, 0, 5, 0)


@pytest.mark.parametrize("key", ["input_tokens", "output_tokens"])
def test_input_and_output_are_required(key):
    usage = tokens(3, out=5)
    without = {name: value for name, value in usage.items() if name != key}

    assert refused(without) == ("missing_field", f"usage.{key}")
    assert refused({**usage, key: None}) == ("invalid_field", f"usage.{key}")


NOT_COUNTS = [-1, MAX_COUNT + 1, 10**30, True, False, "5", [], {}, b"5"]


@pytest.mark.parametrize("bad", [*NOT_COUNTS, 5.0, float("nan")], ids=repr)
@pytest.mark.parametrize(
    "place",
    [
        "input_tokens",
        "output_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "cache_creation.ephemeral_5m_input_tokens",
        "cache_creation.ephemeral_1h_input_tokens",
        "output_tokens_details.thinking_tokens",
        "server_tool_use.web_search_requests",
        "server_tool_use.web_fetch_requests",
    ],
)
def test_a_count_is_a_whole_number_from_0_to_10_to_the_12(place, bad):
    *outer, key = place.split(".")
    usage = {"input_tokens": 3, "output_tokens": 5}
    (usage.setdefault(outer[0], {}) if outer else usage)[key] = bad

    assert refused(usage) == ("invalid_field", f"usage.{place}")


def test_the_largest_count_is_accepted():
    assert read(tokens(MAX_COUNT, out=MAX_COUNT)).tokens[0] == MAX_COUNT


@pytest.mark.parametrize("bad", [5, "x", [1], True])
@pytest.mark.parametrize("key", ["cache_creation", "output_tokens_details", "server_tool_use"])
def test_an_inner_object_of_another_type_is_refused(key, bad):
    usage = {"input_tokens": 3, "output_tokens": 5, key: bad}

    assert refused(usage) == ("invalid_field", f"usage.{key}")


@pytest.mark.parametrize("bad", [5, 0, True, [], {}])
@pytest.mark.parametrize("key", ["service_tier", "speed", "inference_geo"])
def test_a_modifier_of_another_type_is_refused(key, bad):
    assert refused({**tokens(3, out=5), key: bad}) == ("invalid_field", f"usage.{key}")


def test_thinking_is_inside_output_and_cannot_exceed_it():
    usage = tokens(3, out=5, output_tokens_details={"thinking_tokens": 5})

    assert read(usage).tokens == (3, 0, 0, 0, 5, 0)
    usage["output_tokens_details"] = {"thinking_tokens": 6}
    assert refused(usage) == ("contradictory_usage", "usage.output_tokens_details.thinking_tokens")


def test_unknown_keys_are_no_error():
    usage = tokens(3, out=5, brand_new={"x": [1, 2.5, None]}, cache_kind="odd")
    usage["server_tool_use"] = {"web_search_requests": 1, "code_execution_requests": "many"}

    assert read(usage).tokens == (3, 0, 0, 0, 5, 1)


@pytest.mark.parametrize(
    ("posted", "read_as"),
    [
        ({}, ("standard", "standard", "")),
        ({"service_tier": "", "speed": "", "inference_geo": ""}, ("standard", "standard", "")),
        ({"inference_geo": "global"}, ("standard", "standard", "")),
        ({"inference_geo": "not_available"}, ("standard", "standard", "")),
        ({"service_tier": "batch", "inference_geo": "us"}, ("batch", "standard", "us")),
        ({"service_tier": "priority"}, ("priority", "standard", "")),
        ({"speed": "fast"}, ("standard", "fast", "")),
        ({"service_tier": "flex", "speed": "warp"}, ("flex", "warp", "")),
        ({"inference_geo": "US"}, ("standard", "standard", "US")),
    ],
)
def test_modifiers_are_read_as_reported(posted, read_as):
    usage = read(tokens(1, out=1, **posted))

    assert (usage.tier, usage.speed, usage.geo) == read_as


def test_a_refusal_before_any_output_is_free_and_keeps_its_tokens():
    usage = read(tokens(40_000, read=7), stop_reason="refusal")

    assert usage.parts == (Part(MODEL, (40_000, 0, 0, 7, 0, 0), False),)
    assert usage.tokens == (40_000, 0, 0, 7, 0, 0)


def test_a_refusal_in_mid_answer_is_billed():
    assert read(tokens(40_000, out=1), stop_reason="refusal").parts[0].is_billed


def test_no_output_without_a_refusal_is_billed():
    assert read(tokens(40_000), stop_reason="max_tokens").parts[0].is_billed


def test_usage_and_parts_cannot_be_changed():
    usage = read(tokens(1, out=1))

    with pytest.raises(AttributeError):
        usage.tier = "batch"
    with pytest.raises(AttributeError):
        usage.parts[0].model = "claude-haiku-4-5"
