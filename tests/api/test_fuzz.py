"""Mutated bodies by the thousand, and usage objects of any shape: no 5xx, no lost or changed figure."""

import gzip
import json
import random
from collections import Counter
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.flow.verify import days_with_events, verify
from billing.money import TOKEN_CLASSES, plain
from billing.periods import DayRange
from billing.reports.spend import spend
from tests.api.conftest import EVENTS, NDJSON
from tests.factories import USAGE, event

BODIES = 1_500
USUAL = {"accepted", "duplicate", "conflict", "rejected"}
HOSTILE_VALUES = [
    "null",
    "true",
    "-1",
    "0",
    "1e3",
    "1e999999",
    "NaN",
    "1" + "0" * 30,
    "1000000000000",
    '""',
    '"\\u0000"',
    '"\\ud800"',
    '"-"',
    '"2026-11-19T00:00:00Z"',
    '"9999-12-31T23:59:59-23:59"',
    "[]",
    "[[[[1]]]]",
    "{}",
    '{"ephemeral_1h_input_tokens": 7}',
    '[{"type": "compaction", "input_tokens": 5, "output_tokens": 6}]',
    '[{"type": "fallback_message"}]',
    '"batch"',
    '"fast"',
    '"us"',
]


def full_event(number: int) -> dict:
    """An event with every field, so that a mutation can meet each of them."""
    return event(
        f"e-{number}",
        source=f"s-{number % 3}",
        provider="anthropic",
        usage=USAGE
        | {
            "cache_creation_input_tokens": 12,
            "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 8},
            "server_tool_use": {"web_search_requests": 2},
            "service_tier": "standard",
            "iterations": [{"type": "message", "input_tokens": 1, "output_tokens": 2}],
        },
        stop_reason="end_turn",
        components=[{"name": "system", "tokens": 8, "fingerprint": "9f"}],
        feature="chat",
        session="s",
        streamed=True,
        tool_calls=2,
        tags={"team": "blue"},
    )


def places(node, path=()):
    """Every place of a document that a value can be put into."""
    if not isinstance(node, (dict, list)):
        return
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield (*path, key)
        yield from places(value, (*path, key))


def with_swapped_value(document, chance):
    """One value replaced by a hostile one, written as it stands."""
    document = json.loads(json.dumps(document))
    path = chance.choice(list(places(document)))
    node = document
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = "@here@"
    return json.dumps(document).replace('"@here@"', chance.choice(HOSTILE_VALUES)).encode()


def flipped(body, chance):
    bits = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        bits[chance.randrange(len(bits))] ^= 1 << chance.randrange(8)
    return bytes(bits)


def cut(body, chance):
    start = chance.randrange(len(body))
    return body[:start] + body[start + chance.randint(1, len(body)) :]


def spliced(body, chance):
    start, place = chance.randrange(len(body)), chance.randrange(len(body))
    return body[:place] + body[start : start + chance.randint(1, 80)] + body[place:]


def mutated(number: int, chance: random.Random) -> tuple[bytes, str, dict]:
    """A body that has been damaged in one of several ways, with its type and headers."""
    items = [full_event(number * 3 + each) for each in range(3)]
    kind = chance.choice(["batch", "single", "lines"])
    document = {"events": items} if kind == "batch" else items[0]
    if kind == "lines":
        body = b"\r\n".join(
            with_swapped_value(each, chance) if chance.random() < 0.4 else json.dumps(each).encode()
            for each in items
        )
    else:
        body = with_swapped_value(document, chance)
    if chance.random() < 0.6:
        body = chance.choice([flipped, flipped, cut, spliced])(body, chance)
    headers = {}
    if chance.random() < 0.15:
        body, headers = gzip.compress(body, 1), {"Content-Encoding": "gzip"}
        body = flipped(body, chance) if chance.random() < 0.5 else body
    return body, NDJSON if kind == "lines" else "application/json", headers


def test_no_mutated_body_breaks_the_door_and_the_books_balance_after_it(api):
    chance = random.Random(20_261_122)  # noqa: S311
    statuses, verdicts = Counter(), Counter()
    cost = Decimal(0)

    for number in range(BODIES):
        body, type, headers = mutated(number, chance)
        answer = api.post(body, type=type, headers=headers)
        statuses[answer.status_code] += 1
        if answer.status_code != 200:
            assert answer.status_code in {400, 413}, (number, body, answer.content[:200])
            assert answer.json()["code"], (number, body)
            continue
        results = answer.json()["results"]
        verdicts.update(each["status"] for each in results)
        fresh = [each for each in results if each["status"] == "accepted"]
        cost += sum(Decimal(each["cost"] or 0) for each in fresh)
        assert len(results) >= 1
        assert all(each["detail"] for each in results if each["status"] == "rejected")
        assert {each["status"] for each in results} <= USUAL

    # each way of being broken was met, and most of what was sent got through
    assert min(statuses[200], statuses[400]) > BODIES // 10
    assert verdicts["accepted"] > BODIES // 2
    assert verdicts["rejected"] > BODIES // 10
    assert api.stored() == verdicts["accepted"]
    with api.company.scope():
        first, after = days_with_events()
        assert spend(DayRange(first, after)).total.cost == cost
        assert verify(first, until=after) == []
    api.company.fold()
    with api.company.scope():
        assert spend(DayRange(first, after)).total.cost == cost
        assert verify(first, until=after) == []


def test_whatever_was_accepted_can_be_read_page_by_page_and_alone(api):
    chance = random.Random(7)  # noqa: S311
    for number in range(150):
        body, type, headers = mutated(number, chance)
        api.post(body, type=type, headers=headers)

    cursor, seen = "", []
    while cursor is not None:
        page = api.get(f"{EVENTS}?cursor={cursor}").json()
        seen += page["events"]
        cursor = page["next_cursor"]

    assert len(seen) == api.stored() > 100
    for each in chance.sample(seen, 60):
        shown = api.get(f"{EVENTS}/{each['source'] or '-'}/{each['id']}")
        assert shown.status_code == 200, each
        assert shown.json()["cost"] == each["cost"]


# --- the raw usage object, given back

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
numbers = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
counts = st.integers(0, 10**12) | st.integers(0, 50)
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
        five, hour = draw(counts), draw(counts)
        usage["cache_creation_input_tokens"] = five + hour
        usage["cache_creation"] = {
            "ephemeral_5m_input_tokens": five,
            "ephemeral_1h_input_tokens": hour,
        } | draw(st.dictionaries(texts, values, max_size=1))
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

    if result["status"] == "rejected":
        # two split counts may be too large together
        assert (result["code"], sum(usage["cache_creation"].values()) > 0) == (
            "invalid_field",
            True,
        )
        return
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
