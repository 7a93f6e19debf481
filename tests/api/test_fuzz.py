"""Mutated bodies by the thousand, and usage objects of any shape: no 5xx, no lost or changed figure."""

import gzip
import json
import os
import random
from collections import Counter
from decimal import Decimal
from itertools import count

from billing.flow.verify import days_with_events, verify
from billing.periods import DayRange
from billing.reports.spend import spend
from tests.api.conftest import EVENTS, NDJSON
from tests.factories import USAGE, event

BODIES = int(os.environ.get("FUZZ_BODIES", "1500"))
"""Requests that are broken as a whole; .ci/run asks for 10,000, a minute."""
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


def broken(number, chance):
    """One line that most likely is no event any more, and never two lines."""
    line = with_swapped_value(full_event(number), chance)
    if chance.random() < 0.8:
        line = chance.choice([flipped, flipped, cut, spliced])(line, chance)
    return line.replace(b"\n", b" ").replace(b"\r", b" ").strip() or b"{"


def test_ten_thousand_broken_events_cost_their_neighbours_nothing(api):
    """Each between two that are fine; 500 broken ones to a request."""
    chance, numbers = random.Random(4), count()  # noqa: S311
    verdicts = Counter()

    for batch in range(20):
        lines, fine = [], []
        for place in range(500):
            lines.append(broken(next(numbers), chance))
            if place % 2:
                fine.append(len(lines))
                lines.append(json.dumps(event(f"fine-{batch}-{place}")).encode())
        answer = api.post(b"\n".join(lines), type=NDJSON)
        assert answer.status_code == 200, (batch, answer.content[:300])
        results = answer.json()["results"]
        assert len(results) == len(lines)
        assert {results[place]["status"] for place in fine} == {"accepted"}
        verdicts.update(each["status"] for each in results)

    assert next(numbers) == 10_000
    assert set(verdicts) <= USUAL
    assert verdicts["rejected"] > 5_000
    assert api.stored() == verdicts["accepted"]
    with api.company.scope():
        first, after = days_with_events()
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
