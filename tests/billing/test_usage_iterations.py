"""A response that lists its iterations: what is added, what is inside already, what is free."""

import pytest

from billing.flow.usage import (
    MAX_ITERATIONS,
    UNKNOWN_ATTEMPT_MODEL,
    UNKNOWN_ITERATION,
    Part,
    UsageError,
    read_usage,
)
from tests.billing.pricing import tokens

MODEL = "claude-opus-4-8"


def entry(kind, fresh=0, out=0, **more):
    return {"type": kind, **tokens(fresh, out=out), **more}


def read(*entries, fresh=100, out=20, stop_reason="end_turn", **more):
    usage = tokens(fresh, out=out, iterations=list(entries), **more)
    return read_usage(usage, model=MODEL, stop_reason=stop_reason)


TOP = Part(MODEL, (100, 0, 0, 0, 20, 0))


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_plain_messages_never_replace_the_top_level(count):
    usage = read(*[entry("message", 7, 3)] * count)

    assert usage.parts == (TOP,)
    assert usage.unclear == ""


def test_a_compaction_is_added_at_the_answering_model():
    usage = read(entry("compaction", 5000, 300), entry("message", 100, 20))

    assert usage.parts == (TOP, Part(MODEL, (5000, 0, 0, 0, 300, 0)))
    assert usage.tokens == (5100, 0, 0, 0, 320, 0)


def test_an_advisor_is_added_at_its_own_model():
    usage = read(entry("message", 100, 20), entry("advisor_message", 9, 1, model="claude-fable-5"))

    assert usage.parts == (TOP, Part("claude-fable-5", (9, 0, 0, 0, 1, 0)))


def test_with_a_fallback_the_list_is_the_truth_per_attempt():
    usage = read(
        entry("message", 80, 4, model="claude-fable-5"),
        entry("fallback_message", 100, 20, model=MODEL),
    )

    assert usage.parts == (TOP, Part("claude-fable-5", (80, 0, 0, 0, 4, 0)))
    assert usage.tokens == (180, 0, 0, 0, 24, 0)


def test_an_attempt_declined_before_any_output_is_free_and_keeps_its_tokens():
    usage = read(
        entry("message", 80, 0, model="claude-fable-5"),
        entry("fallback_message", 100, 20, model=MODEL),
    )

    assert usage.parts == (TOP, Part("claude-fable-5", (80, 0, 0, 0, 0, 0), False))
    assert usage.tokens == (180, 0, 0, 0, 20, 0)


def test_the_first_part_is_the_last_fallback():
    usage = read(
        entry("message", 1, 1, model="claude-fable-5"),
        entry("fallback_message", 2, 2, model="claude-opus-5"),
        entry("fallback_message", 3, 3, model="claude-sonnet-5"),
    )

    assert [part.model for part in usage.parts] == [
        "claude-sonnet-5",
        "claude-fable-5",
        "claude-opus-5",
    ]


def test_searches_of_the_top_level_belong_to_the_answer():
    usage = read(
        entry("message", 80, 4, model="claude-fable-5"),
        entry("fallback_message", 100, 20, model=MODEL),
        server_tool_use={"web_search_requests": 2},
    )

    assert [part.tokens[5] for part in usage.parts] == [2, 0]


def test_a_fallback_refused_in_its_first_word_is_free():
    usage = read(
        entry("message", 80, 0, model="claude-fable-5"),
        entry("fallback_message", 100, 0, model=MODEL),
        out=0,
        stop_reason="refusal",
    )

    assert [part.is_billed for part in usage.parts] == [False, False]


def test_a_compaction_before_a_free_refusal_is_billed_for_what_it_wrote():
    usage = read(entry("compaction", 5000, 300), out=0, stop_reason="refusal")

    assert [part.is_billed for part in usage.parts] == [False, True]


@pytest.mark.parametrize("kind", ["rehearsal", None, 5, ["message"], ""])
def test_an_unknown_kind_is_kept_and_makes_the_event_unclear(kind):
    usage = read(entry(kind, 9, 9), entry("compaction", 5, 3))

    assert usage.unclear == UNKNOWN_ITERATION
    assert usage.parts == (TOP, Part(MODEL, (5, 0, 0, 0, 3, 0)))


def test_a_kind_that_is_absent_is_unknown():
    assert read(tokens(9, out=9)).unclear == UNKNOWN_ITERATION


@pytest.mark.parametrize("kind", ["advisor_message", "fallback_message"])
def test_who_spoke_is_never_guessed_for_an_advisor_or_a_fallback(kind):
    assert read(entry(kind, 9, 9)).unclear == UNKNOWN_ATTEMPT_MODEL
    assert read(entry(kind, 9, 9, model="")).unclear == UNKNOWN_ATTEMPT_MODEL


def test_an_unnamed_attempt_may_be_of_the_declined_model_so_it_is_unclear():
    usage = read(entry("message", 9, 9), entry("fallback_message", 100, 20, model=MODEL))

    assert usage.unclear == UNKNOWN_ATTEMPT_MODEL


def test_an_unnamed_attempt_is_the_reported_model_when_the_fallback_is_another():
    usage = read(entry("message", 9, 9), entry("fallback_message", 5, 5, model="claude-opus-5"))

    assert usage.unclear == ""
    assert [part.model for part in usage.parts] == ["claude-opus-5", MODEL]


def test_an_unnamed_attempt_that_is_free_needs_no_name():
    usage = read(entry("message", 9, 0), entry("fallback_message", 100, 20, model=MODEL))

    assert usage.unclear == ""
    assert usage.parts == (TOP, Part("", (9, 0, 0, 0, 0, 0), False))


def test_two_equal_attempts_are_two():
    twice = [entry("fallback_message", 100, 20, model=MODEL)] * 2

    assert read(*twice).tokens == (200, 0, 0, 0, 40, 0)


@pytest.mark.parametrize(
    ("iterations", "field"),
    [
        ({"type": "message"}, "usage.iterations"),
        ("message", "usage.iterations"),
        (5, "usage.iterations"),
        (True, "usage.iterations"),
        ([None], "usage.iterations[0]"),
        ([entry("message"), "x"], "usage.iterations[1]"),
        ([{"type": "message"}] * (MAX_ITERATIONS + 1), "usage.iterations"),
        ([entry("advisor_message", model=5)], "usage.iterations[0].model"),
        ([entry("compaction", -1)], "usage.iterations[0].input_tokens"),
        ([entry("compaction", True)], "usage.iterations[0].input_tokens"),
        (
            [{**entry("compaction"), "cache_creation": {"ephemeral_1h_input_tokens": -1}}],
            "usage.iterations[0].cache_creation.ephemeral_1h_input_tokens",
        ),
    ],
)
def test_a_broken_list_is_refused_with_the_place(iterations, field):
    with pytest.raises(UsageError) as caught:
        read_usage(tokens(1, out=1, iterations=iterations), model=MODEL, stop_reason="")

    assert (caught.value.code, caught.value.field) == ("invalid_field", field)


def test_an_added_iteration_without_counts_is_refused():
    with pytest.raises(UsageError) as caught:
        read({"type": "compaction", "input_tokens": 5})

    assert caught.value.code == "missing_field"
    assert caught.value.field == "usage.iterations[0].output_tokens"


def test_an_added_iteration_that_contradicts_itself_is_refused():
    with pytest.raises(UsageError) as caught:
        read({**entry("compaction", 5, 5), "cache_creation_input_tokens": 9})

    assert caught.value.code == "contradictory_usage"
    assert caught.value.field == "usage.iterations[0].cache_creation"
