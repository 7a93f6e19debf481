"""The calculator's calls and figures: the known example, and what holds for every plan."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.flow.conversation import LIFETIMES, MARKS, Conversation, turns
from billing.flow.price import price_event
from billing.flow.tokenizer import counts_newly, is_comparable
from billing.flow.usage import Part, Usage
from billing.money import total
from billing.reports.calculator import (
    BOUNDS,
    NoPrice,
    Plan,
    PlanError,
    estimates,
    plan_of,
    query_of,
)
from tests.billing.pricing import BOOK

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SONNET = ("claude-sonnet-4-6",)
sizes = st.integers(0, 20_000)
conversations = st.builds(
    Conversation,
    system=sizes,
    tools=sizes,
    context=sizes,
    user=sizes,
    response=sizes,
    cached=st.sampled_from(MARKS),
    lifetime=st.sampled_from(tuple(LIFETIMES)),
    grows=st.booleans(),
    turns=st.integers(1, 6),
    gap=st.sampled_from((0, 300, 301, 3_600, 3_601)),
    tool_calls=st.integers(0, 3),
    tool_request=sizes,
    tool_result=sizes,
)


def figures(conversation=None, *, models=SONNET, volume=1_000):
    plan = Plan(conversation or Conversation(), volume, models)
    found = estimates(plan, book=BOOK, now=NOW)
    return found[0] if len(found) == 1 else found


def counted(conversation):
    """Per call: fresh, written, read, output."""
    calls = (call.tokens for turn in turns(conversation) for call in turn.calls)
    return [(a, b + c, d, e) for a, b, c, d, e, _ in calls]


def test_the_known_example_has_its_true_figures():
    found = figures()

    assert found.first.cost == Decimal("0.0846")
    assert found.last.cost == Decimal("0.0156")
    assert found.last.cost_uncached == Decimal("0.0696")
    assert f"{found.turn_multiplier:.2f}" == "4.46"
    assert found.conversation == Decimal("0.2250")
    assert found.month == Decimal("225")
    assert found.month_uncached == Decimal("696")
    assert found.thousand_turns == Decimal("22.5")
    assert found.saving == Decimal("471")
    assert [line.cost for line in found.workings[1].lines] == [
        Decimal("0.0006"),
        Decimal("0.006"),
        Decimal("0.009"),
    ]


def test_the_quoted_figures_are_those_of_smaller_models():
    old, small = figures(models=("claude-3-5-haiku", "claude-haiku-4-5"))

    assert f"{old.last.cost:.3f}" == "0.004"
    assert f"{small.last.cost_uncached:.4f}" == "0.0232"


def test_history_grows_and_is_read_where_it_is_cached():
    chat = Conversation(system=1_000, context=0, user=10, response=100, grows=True, turns=3)

    assert counted(replace(chat, cached="context")) == [
        (10, 1_000, 0, 100),
        (120, 0, 1_000, 100),
        (230, 0, 1_000, 100),
    ]
    assert counted(replace(chat, cached="history")) == [
        (10, 1_000, 0, 100),
        (10, 110, 1_000, 100),
        (10, 110, 1_110, 100),
    ]


def test_a_tool_call_carries_the_prompt_again():
    chat = Conversation(
        system=1_000, context=0, user=10, response=100, turns=2, tool_calls=1, cached="system"
    )

    assert counted(chat) == [
        (10, 1_000, 0, 100),
        (10 + 100 + 500, 0, 1_000, 100),
        (10, 0, 1_000, 100),
        (610, 0, 1_000, 100),
    ]
    assert counted(replace(chat, cached="history"))[1] == (500, 110, 1_000, 100)
    assert counted(replace(chat, cached="history"))[2] == (10, 0, 1_000, 100)


@pytest.mark.parametrize(
    ("lifetime", "gap", "warm"),
    [("5m", 300, True), ("5m", 301, False), ("1h", 301, True), ("1h", 3_601, False)],
)
def test_a_longer_pause_than_the_lifetime_leaves_the_cache_cold(lifetime, gap, warm):
    chat = Conversation(lifetime=lifetime, gap=gap, turns=2)

    _, second = counted(chat)

    assert second == ((200, 0, 20_000, 600) if warm else (200, 20_000, 0, 600))


@given(conversations)
def test_caching_never_changes_tokens(chat):
    bare = replace(chat, cached="nothing")

    for call, uncached in zip(counted(chat), counted(bare), strict=True):
        assert sum(call[:3]) == sum(uncached[:3])
        assert call[3] == uncached[3]
        assert uncached[1:3] == (0, 0)


@given(conversations)
def test_nothing_is_read_that_was_not_written(chat):
    held = 0
    for fresh, written, read, _ in counted(chat):
        assert read <= held
        held = max(held, written + read)
        assert min(fresh, written, read) >= 0


@given(conversations, st.integers(0, 10**6), st.integers(1, 10**6))
def test_sums_are_exact_and_more_costs_no_less(chat, volume, more):
    found = figures(chat, volume=volume)

    priced = [
        price_event(
            BOOK,
            provider="anthropic",
            occurred_at=NOW,
            usage=Usage((Part(SONNET[0], call.tokens),)),
        )
        for turn in turns(chat)
        for call in turn.calls
    ]
    assert found.conversation == total(each.cost for each in priced)
    assert found.conversation_uncached == total(each.cost_uncached for each in priced)
    assert total(found.parts.values()) == found.conversation
    for working in found.workings:
        assert working.cost == found.turns[working.number - 1].cost
    assert found.conversation_uncached == figures(replace(chat, cached="nothing")).conversation
    assert figures(chat, volume=volume + more).month >= found.month
    assert figures(replace(chat, turns=chat.turns + 1)).conversation >= found.conversation


@given(conversations, st.integers(0, 10**9))
def test_a_plan_is_its_query(chat, volume):
    plan = Plan(chat, volume, SONNET)

    asked = query_of(plan)

    assert plan_of(dict(asked), models=[v for name, v in asked if name == "model"]) == plan


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"turns": "0"}, "turns"),
        ({"turns": "101"}, "turns"),
        ({"system": "-1"}, "system"),
        ({"user": "1e3"}, "user"),
        ({"user": "٣"}, "user"),
        ({"gap": "9" * 400}, "gap"),
        ({"cached": "user"}, "cached"),
        ({"history": "yes"}, "history"),
        ({"turns": "100", "tool_calls": "5"}, "tool_calls"),
    ],
)
def test_what_is_no_plan_is_refused(query, field):
    with pytest.raises(PlanError) as refused:
        plan_of(query)

    assert refused.value.field == field


def test_a_model_without_a_price_says_why():
    found = figures(models=("claude-opus-9",))

    assert found == NoPrice("claude-opus-9", "unknown_model")
    assert "no model" in found.words
    with pytest.raises(PlanError):
        plan_of({}, models=list("abcde"))
    assert plan_of({}, models=["", "a", "a"]).models == ("a",)
    assert set(BOUNDS) <= dict(query_of(Plan())).keys()


@pytest.mark.parametrize(
    ("model", "newly"),
    [
        ("claude-opus-4-6", False),
        ("claude-opus-4-7", True),
        ("claude-sonnet-4-20250514", False),
        ("claude-sonnet-5", True),
        ("claude-3-5-haiku", False),
        ("claude-mythos-preview", None),
        ("gpt-5", None),
    ],
)
def test_the_tokenizer_is_known_by_the_models_name(model, newly):
    assert counts_newly(model) is newly
    assert is_comparable(model, "claude-sonnet-4-6") is (newly is False)
