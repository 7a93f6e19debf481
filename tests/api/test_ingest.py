"""POST /api/v1/events: what the contract promises of batches, formats, fields and verdicts."""

import gzip
import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from billing.models import UsageEvent
from tenants.actions import create_key, revoke_key
from tenants.models import ApiKey
from tests.api.conftest import NDJSON, Api, assert_problem
from tests.api.items import BAD
from tests.factories import COST, USAGE, event

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


# --- fields

HUNDRED_COMPONENTS = [{"name": "other", "tokens": 0}] * 100
FAR = "x" * 200


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "x"},
        {"id": FAR},
        {"id": "😀" * 200},
        {"id": " "},
        {"id": "a\tb\nc"},
        *(
            {name: FAR}
            for name in ("source", "provider", "model", "stop_reason", "feature", "session")
        ),
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
    ],
    ids=lambda fields: ",".join(f"{name}={str(value)[:20]}" for name, value in fields.items()),
)
def test_a_field_may_go_up_to_its_limit(api, fields):
    (result,) = api.verdicts(event() | fields)

    assert result["status"] == "accepted", result
    assert api.stored() == 1


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


# --- identity


def test_an_id_counts_once_and_another_payload_under_it_is_a_conflict(api):
    api.verdicts(event("a"))

    answer = api.post({"events": [event("a"), event("a", feature="x"), event("b")]}).json()

    assert [each["status"] for each in answer["results"]] == ["duplicate", "conflict", "accepted"]
    assert "cost" not in answer["results"][1]
    assert api.stored() == 2


# --- keys


@pytest.fixture
def bound(api):
    """The secret of a key that is bound to the support bot."""
    with api.company.scope():
        project = api.company.projects["support-bot"]
        return create_key(actor="test", name="bot", scopes=["ingest"], project=project)[1]


@pytest.mark.parametrize("project", [None, "", "support-bot"])
def test_a_bound_key_needs_no_project_and_books_on_its_own(api, bound, project):
    body = event() | {"project": project}

    answer = api.post(body, key=bound).json()

    assert answer["accepted"] == 1
    with api.company.scope():
        stored = UsageEvent.objects.get()
        assert stored.project_id == api.company.projects["support-bot"].pk
        assert stored.api_key_id == ApiKey.objects.get(name="bot").pk


@pytest.mark.parametrize("project", ["contract-agent", "nope"])
def test_a_bound_key_books_on_no_other_project(api, bound, project):
    answer = api.post({"events": [event(project=project), event("good")]}, key=bound).json()

    assert [each.get("code") for each in answer["results"]] == ["wrong_project", None]
    assert answer["results"][0]["field"] == "project"
    assert api.stored() == 1


def test_a_key_posts_into_its_own_company_only(api, brix):
    api.verdicts(event("a"))

    assert (api.stored(), brix.stored()) == (1, 0)


def test_without_a_good_key_nothing_is_stored(api):
    with api.company.scope():
        key, revoked = create_key(actor="test", name="old", scopes=["ingest"])
        revoke_key(key, actor="test")
        gone = datetime.now(UTC) - timedelta(seconds=1)
        expired = create_key(actor="test", name="late", scopes=["ingest"], expires_at=gone)[1]
    good = api.company.keys["ingest"]

    for key in (revoked, expired, good[:-1] + "x", good + "x", "nonsense", "ct_", "é", "a b"):
        assert_problem(api.post(event(), key=key), 401, "invalid_key")
    for scheme in ("", "Bearer", "Bearer ", f"Basic {good}", good):
        answer = api.post(event(), headers={"Authorization": scheme})
        assert_problem(answer, 401, "missing_key")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    for scope in ("read", "manage"):
        assert_problem(api.post(event(), scope=scope), 403, "missing_scope")
    assert api.stored() == 0


# --- durability


def test_a_200_means_that_every_other_connection_sees_the_event(committed):
    api = Api(committed.acme)
    seen = []

    def look():
        seen.append(api.stored())
        connection.close()

    assert api.post(event()).status_code == 200
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()

    assert seen == [1]


def test_parallel_posts_of_one_batch_over_http_count_it_once(committed):
    batch = {"events": [event(f"e-{n}") for n in range(40)]}
    answers = []

    def post():
        answers.append(Api(committed.acme).post(batch).json())
        connection.close()

    threads = [threading.Thread(target=post) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(each["accepted"] for each in answers) == 40
    assert sum(each["duplicates"] for each in answers) == 160
    assert {result["cost"] for each in answers for result in each["results"]} == {COST}
    assert Api(committed.acme).stored() == 40
