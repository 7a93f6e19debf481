"""The provider's usage object is given back as it was posted, whatever shape it has."""

import json
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.money import TOKEN_CLASSES, plain
from tests.api.conftest import EVENTS
from tests.factories import USAGE, event

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
numbers = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
counts = st.integers(0, 10**12) | st.integers(0, 50)
halves = st.integers(0, 10**12 // 2)
maybe_count = st.none() | counts


@st.composite
def usages(draw):
    """A usage object as a provider might send one, today or later."""
    usage = draw(
        st.dictionaries(texts | st.sampled_from(["-", "type", "cost"]), values, max_size=4)
    )
    usage |= {"input_tokens": draw(counts), "output_tokens": draw(counts)}
    optional = {
        "cache_read_input_tokens": maybe_count,
        "cache_creation_input_tokens": maybe_count,
        "service_tier": st.sampled_from(
            [None, "", "standard", "batch", "priority", "flex", "turbo"]
        ),
        "speed": st.sampled_from([None, "", "standard", "fast", "warp"]),
        "inference_geo": st.sampled_from([None, "", "us", "global", "not_available", "eu"]),
        "server_tool_use": st.none()
        | st.fixed_dictionaries({"web_search_requests": maybe_count, "x": values}),
        "output_tokens_details": st.none() | st.fixed_dictionaries({"x": values}),
    }
    for name, strategy in optional.items():
        if draw(st.booleans()):
            usage[name] = draw(strategy)
    if draw(st.booleans()):
        five, hour = draw(halves), draw(halves)
        usage["cache_creation_input_tokens"] = five + hour
        usage["cache_creation"] = draw(st.dictionaries(texts, values, max_size=1)) | {
            "ephemeral_5m_input_tokens": five,
            "ephemeral_1h_input_tokens": hour,
        }
    if draw(st.booleans()):
        entry = st.fixed_dictionaries(
            {
                "type": st.sampled_from(["message", "compaction", "advisor_message", "new"]),
                "model": st.sampled_from(["claude-opus-5", "claude-sonnet-4-6", "x"]),
                "input_tokens": counts,
                "output_tokens": counts,
            }
        )
        usage["iterations"] = draw(st.lists(entry, max_size=3))
    return usage


def exactly(text: str):
    """JSON with numbers as exact decimals: 1e3 and 1000 are one number, 0.1 is one tenth."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


numbering = count()


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(usage=usages(), as_unicode=st.booleans())
def test_the_raw_usage_is_given_back_as_it_was_posted(api, usage, as_unicode):
    posted = json.dumps(usage, ensure_ascii=not as_unicode)
    event_id = f"e-{next(numbering)}"
    body = json.dumps(event(event_id, usage="@")).replace('"@"', posted)

    (result,) = api.post(body).json()["results"]

    assert result["status"] == "accepted", result
    answer = api.get(f"{EVENTS}/-/{event_id}")
    shown = answer.json()
    assert exactly(answer.content)["usage"] == exactly(posted)
    assert shown["cost"] == result["cost"]
    cost = sum((Decimal(line["cost"]) for line in shown["lines"]), Decimal(0))
    assert plain(cost) == (result["cost"] or "0")


@pytest.mark.parametrize(
    "usage",
    [
        USAGE,
        USAGE | {"cache_creation_input_tokens": 0},
        USAGE | {"cache_creation_input_tokens": 9, "cache_creation": None},
        USAGE | {"cache_creation": {"ephemeral_5m_input_tokens": 3}},
        USAGE | {"service_tier": "standard", "speed": "standard", "inference_geo": "global"},
        USAGE | {"-": [1], "": {}, "e\u0301": "\u202e", "big": 2**64, "small": -(2**63) - 1},
        USAGE | {"float": 0.1, "exponent": 1e-300, "large": 1.7976931348623157e308, "whole": 5.0},
        USAGE | {"iterations": [], "server_tool_use": {}, "output_tokens_details": {}},
        {name: USAGE[name] for name in reversed(USAGE)},
    ],
)
def test_a_usage_object_of_an_odd_shape_is_given_back_too(api, usage):
    api.verdicts(event("odd", usage=usage))

    shown = api.get(f"{EVENTS}/-/odd")

    assert exactly(shown.content)["usage"] == exactly(json.dumps(usage))
    assert list(shown.json()["tokens"]) == list(TOKEN_CLASSES)
