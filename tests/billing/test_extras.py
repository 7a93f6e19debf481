"""Extras: columns and the stored difference give back the usage object whole, and usual ones cost nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.flow.extras import extras_of, raw_usage, rebuilt

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
counts = st.tuples(*[st.integers(0, 10)] * 6)
variants = st.sampled_from(["standard", "batch", "fast", "us", "batch+us", "long+us", "priority"])
known = st.sampled_from(
    [*rebuilt((0,) * 6, variant="fast+us"), "-", "iterations", "server_tool_use"]
)
objects = st.dictionaries(known | st.text(max_size=3), values | st.integers(0, 10), max_size=9)


@given(objects, counts, variants)
def test_any_object_comes_back_whatever_the_columns_say(raw, tokens, variant):
    extras = extras_of(raw, tokens=tokens, variant=variant)

    again = raw_usage(extras, tokens=tokens, variant=variant)

    assert json.dumps(again, sort_keys=True) == json.dumps(raw, sort_keys=True)


@given(objects, counts, variants)
def test_what_is_stored_survives_json(raw, tokens, variant):
    stored = json.loads(json.dumps(extras_of(raw, tokens=tokens, variant=variant)))

    again = raw_usage(stored, tokens=tokens, variant=variant)

    assert json.dumps(again, sort_keys=True) == json.dumps(raw, sort_keys=True)


@given(counts, variants)
def test_an_object_of_todays_usual_shape_costs_no_byte(tokens, variant):
    assert extras_of(rebuilt(tokens, variant=variant), tokens=tokens, variant=variant) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"output_tokens": 1.0},
        {"output_tokens": True},
        {"input_tokens": None},
        {"-": []},
        {"-": [["input_tokens"]]},
        {"-": "-", "service_tier": "standard"},
    ],
)
def test_what_python_calls_equal_and_json_does_not_is_kept_apart(changed):
    tokens = (0, 0, 0, 0, 1, 0)
    raw = rebuilt(tokens, variant="standard") | changed

    again = raw_usage(
        extras_of(raw, tokens=tokens, variant="standard"), tokens=tokens, variant="standard"
    )

    assert json.dumps(again, sort_keys=True) == json.dumps(raw, sort_keys=True)
