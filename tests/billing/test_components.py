"""What the parts of a prompt cost: by hand, always, and the same in Python, in the database and in totals."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.flow.components import scaled, split_event
from billing.flow.reprice_run import apply_repricing, go_on, plan_repricing
from billing.flow.terms import add_terms
from billing.flow.verify import days_with_events, rebuild, verify
from billing.flow.void import void
from billing.models import AgreedPrice, ComponentSpend, Discount, SpendEntry
from billing.money import EXACT, TOKEN_CLASSES, total
from billing.reports.spend import ReportError, spend
from tests.billing.test_any_order import EVER
from tests.factories import COST, NOON, USAGE, event

SUPPORT = [("system", 8_000), ("context", 12_000), ("user", 200)]
RATES = tuple(map(Decimal, ("0.000003", "0.00000375", "0.000006", "0.0000003", "0.000015", "0.01")))
NAMES = ("system", "tools", "context", "history", "user", "other")


def call(tokens, rates=RATES):
    return tokens, tuple(
        EXACT.multiply(rate, count) for rate, count in zip(rates, tokens, strict=True)
    )


def shares(components, tokens, *others):
    split = split_event(components, calls=[call(tokens), *others])
    return {each.component: each for each in split}


def said(*components):
    return [{"name": name, "tokens": tokens} for name, tokens in components]


# --- By hand ------------------------------------------------------------------------------------------


def test_the_support_turn_costs_what_its_parts_cost():
    split = shares(SUPPORT, (200, 0, 0, 20_000, 600, 0))

    assert {name: str(each.cost.normalize()) for name, each in split.items()} == {
        "system": "0.0024",
        "context": "0.0036",
        "user": "0.0006",
        "response": "0.009",
    }
    assert split["context"].tokens == (0, 0, 0, 12_000, 0, 0)
    assert split["user"].tokens == (200, 0, 0, 0, 0, 0)


def test_reads_cover_the_first_tokens_then_hour_writes_then_short_ones_and_the_rest_is_fresh():
    split = shares([("system", 10), ("context", 10), ("user", 10)], (9, 6, 3, 12, 5, 2))

    assert split["system"].tokens == (0, 0, 0, 10, 0, 0)
    assert split["context"].tokens == (0, 5, 3, 2, 0, 0)
    assert split["user"].tokens == (9, 1, 0, 0, 0, 0)
    assert split["response"].tokens == (0, 0, 0, 0, 5, 0)
    assert split["web_search"].tokens == (0, 0, 0, 0, 0, 2)
    assert split["web_search"].cost == Decimal("0.02")


def test_other_calls_of_an_event_stand_apart_from_the_prompt_that_was_described():
    advisor = call((1_000, 0, 0, 0, 50, 1), tuple(rate * 2 for rate in RATES))

    split = shares(SUPPORT, (200, 0, 0, 20_000, 600, 0), advisor, advisor)

    assert split["other_calls"].tokens == (2_000, 0, 0, 0, 100, 2)
    assert split["other_calls"].cost == 2 * total(advisor[1])
    assert split["context"].cost == Decimal("0.0036")


@pytest.mark.parametrize(
    ("estimates", "whole", "expected"),
    {
        "the largest remainder gets the token": ([1, 1, 2], 3, [1, 1, 1]),
        "of equal ones the first in the prompt": ([1, 1, 1], 2, [1, 1, 0]),
        "an estimate of zero gets nothing": ([0, 5, 0], 7, [0, 7, 0]),
        "one component is the whole prompt": ([3], 20_200, [20_200]),
        "no prompt at all": ([3, 4], 0, [0, 0]),
        "the largest numbers there are": ([10**12, 1], 3 * 10**12, [2_999_999_999_997, 3]),
    }.values(),
)
def test_estimates_are_scaled_to_what_was_billed(estimates, whole, expected):
    assert scaled(estimates, whole=whole) == expected


def test_an_event_that_says_nothing_of_its_prompt_is_not_split():
    assert shares([], (1, 0, 0, 0, 1, 0)) == {}
    assert shares([("system", 0), ("user", 0)], (1, 0, 0, 0, 1, 0)) == {}


def test_a_name_that_comes_twice_is_one_component_and_a_call_without_prompt_has_a_response():
    twice = shares([("user", 5), ("history", 5), ("user", 5)], (15, 0, 0, 0, 0, 0))
    bare = shares([("user", 5)], (0, 0, 0, 0, 7, 0))

    assert {name: each.all_tokens for name, each in twice.items()} == {
        "user": 10,
        "history": 5,
        "response": 0,
    }
    assert list(bare) == ["response"]


# --- Always -------------------------------------------------------------------------------------------

counts = st.integers(0, 50) | st.integers(0, 10**12)
rates = st.decimals(0, 100, places=18, allow_nan=False)
prompts = st.lists(st.tuples(st.sampled_from(NAMES), counts), max_size=8)
calls = st.tuples(st.tuples(*[counts] * 6), st.tuples(*[rates] * 6)).map(lambda each: call(*each))


@given(prompts, st.lists(calls, min_size=1, max_size=3), st.integers(2, 9))
def test_shares_add_up_class_by_class_and_depend_on_proportions_alone(prompt, made, factor):
    split = split_event(prompt, calls=made)

    larger = [(name, factor * tokens) for name, tokens in prompt]
    assert split_event(larger, calls=made) == split
    if not any(tokens for _, tokens in prompt):
        assert split == []
        return
    for place in range(len(TOKEN_CLASSES)):
        assert sum(each.tokens[place] for each in split) == sum(each[0][place] for each in made)
        assert total(each.costs[place] for each in split) == total(each[1][place] for each in made)
    named = [each.component for each in split if each.component in NAMES]
    kept = scaled([tokens for _, tokens in prompt], whole=sum(made[0][0][:4]))
    assert named == list(
        dict.fromkeys(name for (name, _), tokens in zip(prompt, kept, strict=True) if tokens)
    )


@given(st.lists(counts, min_size=1, max_size=8).filter(any), counts)
def test_scaling_is_never_off_by_a_whole_token(estimates, whole):
    found = scaled(estimates, whole=whole)

    assert sum(found) == whole
    assert all(
        abs(tokens * sum(estimates) - each * whole) < sum(estimates)
        for tokens, each in zip(found, estimates, strict=True)
    )


# --- In the database ----------------------------------------------------------------------------------

ASK = "SELECT * FROM event_parts(%s::jsonb, %s, %s::bigint[], %s::numeric[])"


@pytest.mark.django_db
def test_the_database_splits_as_the_program_does():
    @settings(max_examples=60, deadline=None)
    @given(prompts, calls, st.sampled_from([1, -1, 0]))
    def compare(prompt, made, events):
        tokens, costs = made
        uncached = total((EXACT.multiply(Decimal("0.1"), sum(tokens[:4])), *costs[4:]))
        with connection.cursor() as cursor:
            cursor.execute(
                ASK, [json.dumps(said(*prompt)), events, list(tokens), [*costs, uncached]]
            )
            rows = cursor.fetchall()
        found = {}
        for name, *figures in rows:
            before = found.get(name, [0] * 14)
            found[name] = [
                EXACT.add(*map(Decimal, pair)) for pair in zip(before, figures, strict=True)
            ]
        expected = {each.component: each for each in split_event(prompt, calls=[made])}
        assert found.keys() == expected.keys()
        for name, (count, *figures) in found.items():
            assert count == events
            assert figures[:6] == [events * each for each in expected[name].tokens]
            assert figures[6:12] == list(expected[name].costs)
        if expected:
            assert total(figures[13] for figures in found.values()) == uncached

    compare()


def by_component(company, **asked):
    """Measures by component, after a look whether they add up to the spend in every respect."""
    with company.scope():
        report = spend(EVER, granularity="total", group_by=["component"], **asked)
        plain = spend(EVER, granularity="total", **asked)
    assert report.total.cost == total(row.measures.cost for row in report.rows) == plain.total.cost
    assert report.total.tokens == plain.total.tokens
    assert report.total.cost_uncached == plain.total.cost_uncached
    assert (report.total.events, report.total.unpriced_events) == (
        plain.total.events,
        plain.total.unpriced_events,
    )
    return {row.keys["component"]: row.measures for row in report.rows}


def costs(company, **asked):
    return {
        name: str(each.cost.normalize()) for name, each in by_component(company, **asked).items()
    }


def differences(company):
    with company.scope():
        span = days_with_events()
        return verify(span[0], until=span[1])


SPLIT = {"system": "0.0024", "context": "0.0036", "user": "0.0006", "response": "0.009"}


@pytest.mark.parametrize("folded", [False, True])
def test_totals_are_split_as_events_are_and_the_rest_is_not_split(world, folded):
    world.acme.post(
        event("a", components=said(*SUPPORT)), event("b"), event("c", components=said(("user", 0)))
    )
    if folded:
        world.acme.fold()

    assert costs(world.acme) == SPLIT | {"not_split": "0.0312"}
    found = by_component(world.acme)
    assert found["context"].tokens["cache_read"] == 12_000
    assert found["context"].cost_uncached == Decimal("0.036")
    assert [found[name].events for name in ("context", "response", "not_split")] == [0, 1, 2]
    assert differences(world.acme) == []
    with world.acme.scope():
        assert ComponentSpend.objects.count() == (4 if folded else 0)


def test_what_nobody_described_costs_no_row(world):
    world.acme.post(event("a"), event("b", components=[]))
    with world.acme.scope():
        assert SpendEntry.objects.get().split is None
    world.acme.fold()

    assert list(by_component(world.acme)) == ["not_split"]
    with world.acme.scope():
        assert not ComponentSpend.objects.exists()


def test_duplicates_split_nothing_and_a_void_takes_its_parts_back(world):
    described = event("a", components=said(*SUPPORT))
    world.acme.post(described, described, event("b", components=said(*SUPPORT)))
    world.acme.post(described)
    world.acme.fold()
    with world.acme.scope():
        void("", "b", reason="test", actor="test", now=timezone.now())

    assert costs(world.acme) == SPLIT
    world.acme.fold()
    assert costs(world.acme) == SPLIT
    assert differences(world.acme) == []


def test_an_event_of_several_calls_is_not_split_in_totals(world):
    advised = USAGE | {
        "iterations": [
            {
                "type": "advisor_message",
                "model": "claude-opus-5",
                "input_tokens": 10,
                "output_tokens": 5,
            }
        ]
    }
    world.acme.post(event("a", components=said(*SUPPORT), usage=advised))
    world.acme.fold()

    assert list(by_component(world.acme)) == ["not_split"]
    assert differences(world.acme) == []


def price_again(*rows):
    """Agree on terms, and price the day of the events by them."""
    now, day = timezone.now(), NOON.date()
    for row in rows:
        add_terms(row, actor="test", now=now)
    run = plan_repricing(
        since=day, until=day + timedelta(days=1), reason="r", actor="test", now=now
    )
    while go_on(now=now):
        pass
    apply_repricing(run, actor="test", now=now)
    while go_on(now=now):
        pass


def test_parts_follow_a_re_pricing_by_the_statement_and_then_by_the_engine(world):
    """An event that was priced again before is no longer plain; one without a price moves to another bucket."""
    described = {"components": said(*SUPPORT)}
    world.acme.post(event("a", **described), event("n", **described, model="claude-opus-9"))
    world.acme.fold()
    sonnet = {"provider": "anthropic", "model": "claude-sonnet-4-6"}
    opus = {
        "provider": "anthropic",
        "model": "claude-opus-9",
        "source": "-",
        "checked_on": NOON.date(),
    }
    with world.acme.scope():
        price_again(Discount(**sonnet, percent=Decimal(50), until=NOON.date() + timedelta(days=1)))
    halved = {name: str((Decimal(cost) / 2).normalize()) for name, cost in SPLIT.items()}
    assert costs(world.acme, model="claude-sonnet-4-6") == halved
    dear = dict.fromkeys(TOKEN_CLASSES, Decimal(9))
    terms = {"checked_on": NOON.date(), "source": "-", "since": NOON.date()}

    with world.acme.scope():
        price_again(AgreedPrice(**opus, **dear), AgreedPrice(**sonnet, **terms, **dear))

    at_nine = {"system": "0.072", "context": "0.108", "user": "0.0018", "response": "0.0054"}
    for model in ("claude-sonnet-4-6", "claude-opus-9"):
        assert costs(world.acme, model=model) == at_nine
    world.acme.fold()
    assert costs(world.acme, model="claude-sonnet-4-6") == at_nine
    assert differences(world.acme) == []


def test_a_rebuild_splits_what_was_stored_before_there_were_components(world):
    world.acme.post(event("a", components=said(*SUPPORT)))
    with world.acme.scope():
        SpendEntry.objects.update(split=None)
    world.acme.fold()
    assert {each.table for each in differences(world.acme)} == {"billing_componentspend"}
    with world.acme.scope():
        span = days_with_events()

        rebuild(span[0], until=span[1])

    assert costs(world.acme) == SPLIT
    assert differences(world.acme) == []


def test_components_go_with_another_dimension_and_with_filters(world):
    described = said(*SUPPORT)
    world.acme.post(
        event("a", components=described, feature="chat"),
        event("b", components=described, project="contract-agent"),
        event("c", project="contract-agent"),
    )
    world.acme.fold()
    with world.acme.scope():
        rows = spend(EVER, granularity="day", group_by=["project", "component"]).rows
        classes = spend(
            EVER, granularity="total", group_by=["component", "token_class"], project="support-bot"
        ).rows
        with pytest.raises(ReportError, match="kept by day"):
            spend(EVER, granularity="hour", group_by=["component"])

    found = {(row.keys["project"], row.keys["component"]): row.measures.cost for row in rows}
    assert (
        found["support-bot", "context"] == found["contract-agent", "context"] == Decimal("0.0036")
    )
    assert found["contract-agent", "not_split"] == Decimal(COST)
    assert ("support-bot", "not_split") not in found
    assert {tuple(row.keys.values()) for row in classes} == {
        ("system", "cache_read"),
        ("context", "cache_read"),
        ("user", "input"),
        ("response", "output"),
    }
    assert costs(world.acme, client="globex") == SPLIT
    with world.acme.viewer_scope():
        assert len(spend(EVER, granularity="total", group_by=["component"]).rows) == 4
