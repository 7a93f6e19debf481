"""The usage of a streamed response: its start, overlaid with the last delta."""

import pytest

from billing.flow.usage import UsageError, final_usage, read_usage
from tests.billing.pricing import tokens

START = tokens(
    9, write_5m=0, write_1h=70, read=500, out=1, service_tier="standard", inference_geo="us"
)


def read(usage):
    return read_usage(usage, model="claude-opus-5", stop_reason="end_turn")


def test_the_delta_is_cumulative_and_wins_where_it_is_not_null():
    final = final_usage(START, delta={"output_tokens": 600, "input_tokens": None})

    assert read(final).tokens == (9, 0, 70, 500, 600, 0)


def test_tier_speed_and_geo_come_from_the_start():
    final = final_usage({**START, "speed": "fast"}, delta={"output_tokens": 600})

    assert (read(final).tier, read(final).speed, read(final).geo) == ("standard", "fast", "us")


def test_the_lifetime_split_of_the_start_stays():
    final = final_usage(START, delta={"output_tokens": 6, "cache_creation_input_tokens": 70})

    assert read(final).tokens == (9, 0, 70, 500, 6, 0)


def test_writes_after_the_start_have_no_known_lifetime_and_are_five_minute_writes():
    final = final_usage(START, delta={"output_tokens": 6, "cache_creation_input_tokens": 100})

    assert read(final).tokens == (9, 30, 70, 500, 6, 0)


def test_without_a_split_at_the_start_all_writes_are_five_minute_writes():
    for nothing in (None, {}, {"ephemeral_1h_input_tokens": None}):
        start = {**START, "cache_creation": nothing}
        final = final_usage(start, delta={"output_tokens": 6, "cache_creation_input_tokens": 100})

        assert read(final).tokens == (9, 100, 0, 500, 6, 0)


def test_writes_that_begin_after_the_start_are_five_minute_writes():
    final = final_usage(tokens(9), delta={"output_tokens": 6, "cache_creation_input_tokens": 100})

    assert read(final).tokens == (9, 100, 0, 0, 6, 0)


def test_a_delta_that_takes_writes_back_is_refused_not_repaired():
    start = tokens(9, write_5m=30, write_1h=70)
    final = final_usage(start, delta={"output_tokens": 6, "cache_creation_input_tokens": 80})

    with pytest.raises(UsageError):
        read(final)


def test_a_delta_with_its_own_split_is_taken_at_its_word():
    delta = {
        "output_tokens": 6,
        "cache_creation_input_tokens": 100,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 100},
    }

    assert read(final_usage(START, delta=delta)).tokens == (9, 0, 100, 500, 6, 0)


def test_searches_and_iterations_come_with_the_delta():
    delta = {
        "output_tokens": 6,
        "server_tool_use": {"web_search_requests": 2},
        "iterations": [{"type": "compaction", **tokens(50, out=5)}],
    }

    assert read(final_usage(START, delta=delta)).tokens == (59, 0, 70, 500, 11, 2)


def test_an_aborted_stream_is_billed_for_what_was_produced():
    assert read(final_usage(START, delta=None)).tokens == (9, 0, 70, 500, 1, 0)


def test_the_arguments_are_left_as_they_were():
    start, delta = tokens(1, write_1h=7), {"output_tokens": 5, "cache_creation_input_tokens": 9}

    final_usage(start, delta=delta)

    assert start == tokens(1, write_1h=7)
    assert delta == {"output_tokens": 5, "cache_creation_input_tokens": 9}


def test_a_start_that_is_broken_stays_broken_for_read_usage_to_refuse():
    broken = {**START, "cache_creation": {"ephemeral_5m_input_tokens": "x"}}

    assert final_usage(broken, delta={"output_tokens": 6})["cache_creation"] == {
        "ephemeral_5m_input_tokens": "x"
    }
