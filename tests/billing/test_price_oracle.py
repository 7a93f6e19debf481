"""Another engine as the oracle: genai-prices' own calc_price and ours, equal to the last digit.

Where both agree on what is priced (`in_scope`). Both read the provider's usage object by themselves.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import genai_prices
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.flow.other_lists import listed_models
from billing.flow.price import Priced
from tests.billing.pricing import BOOK, price, tokens, vectors

FILES = ("list_price.json", "reported_sessions.json", "iterations.json", "boundaries.json")
ALL = [each for file in FILES for each in vectors(file)]
MILLION = 10**6
BATCH_SINCE = date(2026, 10, 14)
LAUNCHED_IN_BATCH = {"claude-fable-5-2", "claude-mythos-5-2"}
WITHOUT_BATCH = {
    "claude-3-haiku",
    "claude-3-opus",
    "claude-3-5-haiku",
    "claude-3-5-sonnet",
    "claude-3-7-sonnet",
    "claude-opus-4",
    "claude-opus-4-1",
    "claude-sonnet-4",
}
WITHOUT_SEARCHES = {"claude-3-haiku", "claude-3-opus"}


def in_scope(event):
    """What the list knows how to price; everything else about a call it ignores without a word."""
    usage, model = event["usage"], BOOK.model_name(event["model"], provider="anthropic")
    day = datetime.fromisoformat(event["occurred_at"]).astimezone(UTC).date()
    is_long = prompt_size(usage) > 200_000
    return not (
        usage.get("iterations")
        or (event.get("stop_reason") == "refusal" and not usage["output_tokens"])
        or usage.get("inference_geo") == "us"
        or event["model"].endswith("[1m]")
        or (usage.get("service_tier") == "batch" and not has_batch(model, day))
        or (searches(usage) and model in WITHOUT_SEARCHES)
        # three prices of the past that the list does not know
        or (model == "claude-sonnet-4" and is_long and day < date(2026, 4, 30))
        or (model == "claude-sonnet-4-5" and is_long and day >= date(2026, 4, 30))
        or (model == "claude-sonnet-5-5" and day < date(2026, 10, 7))
    )


def has_batch(model, day):
    if model in LAUNCHED_IN_BATCH:
        return True
    return day >= BATCH_SINCE and model not in WITHOUT_BATCH


def prompt_size(usage):
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return sum(usage.get(name) or 0 for name in names)


def searches(usage):
    return (usage.get("server_tool_use") or {}).get("web_search_requests")


def their_price(event):
    usage = event["usage"]
    context = {}
    if usage.get("service_tier") == "batch":
        context["processing"] = "batch"
    if usage.get("speed") == "fast":
        context["speed"] = "fast"
    body = {"model": event["model"], "usage": usage}
    found = genai_prices.extract_usage(body, provider_id="anthropic").calc_price(
        genai_request_timestamp=datetime.fromisoformat(event["occurred_at"]), price_context=context
    )
    return found.total_price


def our_price(event):
    return price(
        event["usage"],
        model=event["model"],
        at=event["occurred_at"],
        stop_reason=event.get("stop_reason", "end_turn"),
    )


LISTED = {
    BOOK.model_name(name, provider="anthropic")
    for model in listed_models(date(2026, 11, 22), providers={"anthropic"})
    for name in (model.model, *model.names)
} - {None}
PRICED = [each for each in ALL if each["expect"].get("status") != "unpriced"]


def is_listed(event):
    return BOOK.model_name(event["model"], provider="anthropic") in LISTED


SHARED = [each for each in PRICED if is_listed(each["event"]) and in_scope(each["event"])]


@pytest.mark.parametrize("vector", SHARED, ids=lambda each: each["name"])
def test_both_engines_price_a_shared_vector_alike(vector):
    assert their_price(vector["event"]) == our_price(vector["event"]).cost


def test_the_vectors_in_scope_are_counted():
    """Of 269 with a price, 20 are of models that the list lacks, 92 beyond what it prices (51 of them US)."""
    unlisted = [each for each in PRICED if not is_listed(each["event"])]

    assert (len(ALL), len(PRICED), len(unlisted), len(SHARED)) == (373, 269, 20, 157)
    assert {
        BOOK.model_name(each["event"]["model"], provider="anthropic") for each in SHARED
    } == LISTED


FAST = sorted({entry.model for entry in BOOK.entries if entry.speed == "fast"} & LISTED)
counts = st.one_of(
    st.integers(0, 2_000), st.integers(0, 10**9), st.sampled_from([0, 1, 99_999, 100_000, 100_001])
)
fine_days = st.dates(date(2024, 1, 1), date(2026, 12, 31))


@st.composite
def events(draw):
    """A usage object as a provider sends it, of any model of both, on any day on which it is sold."""
    is_fast = draw(st.booleans()) and draw(st.booleans())
    model = draw(st.sampled_from(FAST if is_fast else sorted(LISTED)))
    day = draw(st.one_of(st.just(date(2026, 11, 22)), fine_days))
    first = min(e.since or date.min for e in BOOK.entries if e.model == model)
    at = datetime.combine(max(day, first), datetime.min.time(), UTC)
    at += timedelta(seconds=draw(st.integers(0, 86_399)))
    more = {"speed": "fast"} if is_fast else {}
    if not is_fast and draw(st.booleans()):
        more["service_tier"] = "batch"
    if draw(st.booleans()):
        more["server_tool_use"] = {"web_search_requests": draw(st.integers(0, 500))}
    usage = tokens(
        draw(counts),
        write_5m=draw(counts),
        write_1h=draw(counts),
        read=draw(counts),
        out=draw(counts),
        **more,
    )
    return {"model": model, "occurred_at": at.isoformat(), "usage": usage}


@settings(max_examples=1_000, deadline=None)
@given(events().filter(in_scope))
def test_both_engines_price_made_up_usage_alike(event):
    ours = our_price(event)

    assert isinstance(ours, Priced)
    assert their_price(event) == ours.cost


# --- What the list is said to do wrong, in the installed version ------------------------------------


def call(model="claude-opus-5", at="2026-11-20T12:00:00+00:00", **more):
    return {"model": model, "occurred_at": at, "usage": tokens(MILLION, **more)}


def test_the_list_lacks_three_models():
    book = {entry.model for entry in BOOK.entries}

    assert book - LISTED == {"claude-mythos-5", "claude-mythos-5-1", "claude-mythos-preview"}
    with pytest.raises(LookupError, match="Unable to find model"):
        their_price(call("claude-mythos-5"))


def test_the_list_ignores_us_inference_without_a_word():
    us = call(inference_geo="us")

    assert their_price(us) == Decimal(5)
    assert our_price(us).cost == Decimal("5.5")


def test_the_list_gives_the_full_price_for_batches_before_14_october():
    before, after = (
        call(at=f"2026-10-{day}T12:00:00+00:00", service_tier="batch") for day in (13, 14)
    )

    assert (their_price(before), their_price(after)) == (Decimal(5), Decimal("2.5"))
    assert our_price(before).cost == our_price(after).cost == Decimal("2.5")


@pytest.mark.parametrize(
    ("model", "at", "prompt", "theirs", "ours"),
    [
        ("claude-sonnet-4-5", "2026-11-20", MILLION, "6", "3"),  # ended on 2026-04-30
        ("claude-sonnet-4", "2026-04-29", MILLION, "3", "6"),  # ended a day later
    ],
)
def test_the_list_is_wrong_about_two_long_prompts(model, at, prompt, theirs, ours):
    event = call(model, at=f"{at}T12:00:00+00:00")

    assert their_price(event) == Decimal(theirs)
    assert our_price(event).cost == Decimal(ours)


def test_the_list_does_not_know_the_first_week_of_sonnet_5_5():
    event = call("claude-sonnet-5-5", at="2026-10-06T12:00:00+00:00")
    event["usage"] = tokens(read=MILLION)

    assert their_price(event) == Decimal("0.1")
    assert our_price(event).cost == Decimal("0.2")
