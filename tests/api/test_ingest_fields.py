"""What each field of an event may hold, what becomes of an item that holds something else, and cost as text."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.api.conftest import NDJSON
from tests.api.items import BAD
from tests.factories import USAGE, event

HUNDRED_COMPONENTS = [{"name": "other", "tokens": 0}] * 100
FAR = "x" * 200


UP_TO_THE_LIMIT = [
    {"id": "x"},
    {"id": FAR},
    {"id": "😀" * 200},
    {"id": " "},
    {"id": "a\tb\nc"},
    *({name: FAR} for name in ("source", "provider", "model", "stop_reason", "feature", "session")),
    *({name: FAR} for name in ("environment", "task", "end_user")),
    dict.fromkeys(("source", "feature", "task", "stop_reason"), ""),
    {"source": None, "provider": None, "stop_reason": None, "components": None, "tags": None},
    {"feature": None, "environment": None, "session": None, "task": None, "end_user": None},
    {"streamed": None, "tool_calls": None},
    {"streamed": False, "tool_calls": 0, "tags": {}, "components": []},
    {"tool_calls": 10**12},
    {"components": HUNDRED_COMPONENTS},
    {"components": [{"name": "user", "tokens": 10**12, "fingerprint": FAR}]},
    {"tags": {f"{n:02}" + "k" * 198: FAR for n in range(20)}},
    {"tags": {"": ""}},
    {"occurred_at": "2020-01-01T00:00:00Z"},
    {"occurred_at": "2020-01-01T02:00:00+02:00"},
    {"occurred_at": "2026-11-20t12:00:00z"},
    {"occurred_at": "2026-11-20T12:00:00.123456789Z"},
    {"occurred_at": "2026-11-20T00:30:00-12:00"},
    {"usage": {"input_tokens": 0, "output_tokens": 0}},
    {"usage": {"input_tokens": 10**12, "output_tokens": 10**12}},
    {"usage": USAGE | {"cache_read_input_tokens": None, "speed": None, "iterations": []}},
    {"usage": USAGE | {f"k{n}": 1 for n in range(5_000)}},
    {"usage": USAGE | {"x": 10**300, "y": -(10**300), "z": 1e308}},
]


def test_a_field_may_go_up_to_its_limit(api):
    for number, fields in enumerate(UP_TO_THE_LIMIT):
        (result,) = api.verdicts(event(f"e-{number}") | fields)
        assert result["status"] == "accepted", (str(fields)[:90], result)

    assert api.stored() == len(UP_TO_THE_LIMIT)


def test_an_event_may_be_ten_minutes_ahead(api):
    ahead = datetime.now(UTC) + timedelta(minutes=9, seconds=30)

    assert api.verdicts(event(occurred_at=ahead.isoformat()))[0]["status"] == "accepted"


@pytest.mark.parametrize("type", ["application/json", NDJSON])
def test_every_bad_item_gets_its_code_and_costs_its_neighbours_nothing(api, type):
    texts = []
    for number, (_, bad, _, _) in enumerate(BAD):
        texts += [json.dumps(event(f"good-{number}")), bad]
    body = "\n".join(texts) if type == NDJSON else f'{{"events": [{",".join(texts)}]}}'

    answer = api.post(body, type=type).json()

    assert (answer["accepted"], answer["rejected"]) == (len(BAD), len(BAD))
    told = [
        (label, each["code"], each.get("field"))
        for (label, *_), each in zip(BAD, answer["results"][1::2], strict=True)
    ]
    assert told == [(label, code, field) for label, _, code, field in BAD]
    assert all(each["status"] == "accepted" for each in answer["results"][0::2])
    assert all(len(each["detail"].split()) >= 3 for each in answer["results"][1::2])
    assert api.stored() == len(BAD)


# --- cost as text


@pytest.mark.parametrize(
    ("model", "usage", "cost"),
    [
        ("claude-haiku-4-5", {"cache_read_input_tokens": 1}, "0.0000001"),
        ("claude-haiku-4-5", {"input_tokens": 1}, "0.000001"),
        ("claude-haiku-4-5", {"input_tokens": 1, "service_tier": "batch"}, "0.0000005"),
        ("claude-sonnet-4-6", {"output_tokens": 200_000}, "3"),
        ("claude-sonnet-4-6", {"output_tokens": 10**12}, "15000000"),
        ("claude-sonnet-4-6", {}, "0"),
        ("claude-sonnet-4-6", {"server_tool_use": {"web_search_requests": 1}}, "0.01"),
    ],
)
def test_cost_has_no_exponent_and_no_trailing_zeros(api, model, usage, cost):
    usage = {"input_tokens": 0, "output_tokens": 0} | usage

    (first,) = api.verdicts(event(model=model, usage=usage))
    (again,) = api.verdicts(event(model=model, usage=usage))

    assert (first["status"], first["cost"]) == ("accepted", cost)
    assert (again["status"], again["cost"]) == ("duplicate", cost)


def test_a_refusal_before_any_output_is_free_and_priced(api):
    usage = {"input_tokens": 900, "output_tokens": 0}

    (result,) = api.verdicts(event(usage=usage, stop_reason="refusal"))

    assert (result["cost"], "unpriced_reason" in result) == ("0", False)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"model": "claude-sonnet-4-6-x"}, "unknown_model"),
        ({"provider": "bedrock"}, "unknown_provider"),
        ({"usage": USAGE | {"service_tier": "priority"}}, "priority_tier"),
        ({"usage": USAGE | {"speed": "warp"}}, "unknown_speed"),
    ],
)
def test_an_event_without_a_price_is_accepted_and_says_why_each_time(api, fields, reason):
    expected = {"cost": None, "unpriced_reason": reason}

    (first,) = api.verdicts(event(**fields))
    (again,) = api.verdicts(event(**fields))

    assert first == {"index": 0, "id": "e-1", "status": "accepted"} | expected
    assert again == {"index": 0, "id": "e-1", "status": "duplicate"} | expected
