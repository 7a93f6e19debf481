"""POST /api/v1/events: what the contract promises of batches, formats, fields and verdicts."""

import gzip
import json

import pytest

from tests.api.conftest import NDJSON
from tests.factories import COST, event

FULL = {
    "id": "msg_01ABC",
    "source": "prod-eu",
    "project": "support-bot",
    "occurred_at": "2026-11-20T10:00:00Z",
    "provider": "anthropic",
    "model": "claude-sonnet-4-6",
    "usage": {"input_tokens": 200, "output_tokens": 600, "cache_read_input_tokens": 20000},
    "stop_reason": "end_turn",
    "components": [
        {"name": "system", "tokens": 8000, "fingerprint": "9f2c"},
        {"name": "context", "tokens": 12000},
        {"name": "user", "tokens": 200},
    ],
    "feature": "chat",
    "environment": "production",
    "session": "s-1",
    "task": "t-9",
    "end_user": "u-7",
    "streamed": True,
    "tool_calls": 2,
    "tags": {"team": "blue"},
}
NO_COUNTS = {"accepted": 0, "duplicates": 0, "conflicts": 0, "rejected": 0, "unpriced": 0}


@pytest.mark.smoke
def test_the_event_of_the_contract_is_accepted_with_its_cost_and_read_back_whole(api):
    answer = api.post(FULL)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == NO_COUNTS | {
        "accepted": 1,
        "results": [{"index": 0, "id": "msg_01ABC", "status": "accepted", "cost": "0.0156"}],
    }
    shown = api.get("/api/v1/events/prod-eu/msg_01ABC").json()
    times = {"occurred_at": "2026-11-20T10:00:00+00:00"}
    assert {name: shown[name] for name in FULL} == FULL | times


@pytest.mark.smoke
def test_a_mixed_batch_gets_the_verdicts_of_the_contract(api):
    events = [
        event("msg_01ABC"),
        event("msg_01ABD", model="claude-opus-9"),
        event("msg_01ABC"),
        {name: value for name, value in event("x").items() if name != "model"} | {"id": None},
        event("msg_01ABD", model="claude-opus-8"),
    ]
    events[3].pop("id")

    answer = api.post({"events": events}).json()

    rejected, conflict = answer["results"].pop(3), answer["results"].pop()
    assert answer == {
        "accepted": 2,
        "duplicates": 1,
        "conflicts": 1,
        "rejected": 1,
        "unpriced": 1,
        "results": [
            {"index": 0, "id": "msg_01ABC", "status": "accepted", "cost": "0.0156"},
            {
                "index": 1,
                "id": "msg_01ABD",
                "status": "accepted",
                "cost": None,
                "unpriced_reason": "unknown_model",
            },
            {"index": 2, "id": "msg_01ABC", "status": "duplicate", "cost": "0.0156"},
        ],
    }
    assert rejected.keys() == {"index", "id", "status", "code", "detail", "field"}
    assert (rejected["index"], rejected["id"], rejected["code"]) == (3, None, "missing_field")
    assert conflict.keys() == {"index", "id", "status", "code", "detail"}
    assert (conflict["status"], conflict["code"]) == ("conflict", "conflict")
    assert api.stored() == 2


def test_a_rejected_item_is_named_by_its_id_where_one_can_be_read(api):
    results = api.verdicts(event("mine", model=None), event("x" * 300), event() | {"id": 7})

    assert [each["id"] for each in results] == ["mine", "x" * 200, None]


# --- formats


def test_ndjson_takes_blank_lines_crlf_and_a_missing_last_line_end(api):
    lines = [json.dumps(event(f"e-{n}")) for n in range(3)]

    answer = api.post(f"\r\n\n{lines[0]}\r\n   \n{lines[1]}\n\t\n{lines[2]}", type=NDJSON).json()

    assert [(each["index"], each["id"]) for each in answer["results"]] == [
        (0, "e-0"),
        (1, "e-1"),
        (2, "e-2"),
    ]
    assert api.stored() == 3


@pytest.mark.parametrize("broken", ["{", '{"id": "e-9"', "not json", b"\xff\xfe"])
def test_a_broken_line_of_ndjson_costs_its_neighbours_nothing(api, broken):
    broken = broken if isinstance(broken, bytes) else broken.encode()
    good = [json.dumps(event(f"e-{n}")).encode() for n in range(2)]

    answer = api.post(b"\n".join([good[0], broken, good[1]]), type=NDJSON).json()

    assert [each["status"] for each in answer["results"]] == ["accepted", "rejected", "accepted"]
    assert answer["results"][1]["code"] == "invalid_json"
    assert api.stored() == 2


@pytest.mark.parametrize("type", [NDJSON + "; charset=utf-8", "Application/X-NDJSON"])
def test_the_type_of_ndjson_may_carry_a_charset_and_capitals(api, type):
    body = "\n".join(json.dumps(event(f"e-{n}")) for n in range(2))

    assert api.post(body, type=type).json()["accepted"] == 2


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " gzip "])
@pytest.mark.parametrize("type", ["application/json", NDJSON])
def test_gzip_is_taken_for_every_format(api, encoding, type):
    body = gzip.compress(json.dumps(event()).encode())

    answer = api.post(body, type=type, headers={"Content-Encoding": encoding})

    assert answer.json()["results"][0]["cost"] == COST


def test_a_byte_order_mark_is_passed_over(api):
    for number, type in enumerate(["application/json", NDJSON]):
        body = b"\xef\xbb\xbf" + json.dumps(event(f"e-{number}")).encode()
        assert api.post(body, type=type).json()["accepted"] == 1


def test_a_body_sent_in_chunks_without_a_length_is_read(api):
    class Chunks:
        """A server's stream hands out what has arrived, less than was asked for, and ends by itself."""

        def __init__(self, body):
            self.parts = [body[start : start + 7] for start in range(0, len(body), 7)]

        def read(self, size=-1):
            return self.parts.pop(0) if self.parts else b""

        readline = read

    stream = Chunks(json.dumps({"events": [event()]}).encode())
    chunked = {
        "wsgi.input": stream,
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
        "CONTENT_LENGTH": "",
    }

    answer = api.post(b"", **chunked)

    assert answer.json()["accepted"] == 1


@pytest.mark.parametrize("size", [1, 999, 1000])
def test_a_batch_holds_up_to_1000_events(api, size):
    answer = api.post({"events": [event(f"e-{n}") for n in range(size)]}).json()

    assert (answer["accepted"], len(answer["results"])) == (size, size)
    assert [each["index"] for each in answer["results"]] == list(range(size))
