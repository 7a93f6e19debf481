"""Whatever is sent: the promised code and a helpful sentence, never a 5xx, and nothing of it stored."""

import gzip
import json
import tracemalloc
import zlib

import pytest

from tests.api.conftest import EVENTS, NDJSON, assert_problem
from tests.factories import USAGE, event

MB = 1024 * 1024
PRICE = "/api/v1/price"
GOOD = json.dumps(event()).encode()
BATCH = json.dumps({"events": [event("a"), event("b")]}).encode()
GZIP = {"headers": {"Content-Encoding": "gzip"}}
LINES = {"type": NDJSON}
DEEP = 100_000


def encoded(name):
    return {"headers": {"Content-Encoding": name}}


UNUSABLE = [
    ("no body", b"", {}, 400, "empty_body"),
    ("only space", b" \r\n\t ", {}, 400, "empty_body"),
    ("no lines", b"\n\r\n \n", LINES, 400, "empty_body"),
    ("gzip of nothing", gzip.compress(b""), GZIP, 400, "empty_body"),
    ("9 MB", GOOD + b" " * 9 * MB, {}, 413, "body_too_large"),
    ("9 MB of lines", GOOD + b"\n" * 9 * MB, LINES, 413, "body_too_large"),
    ("8 MB and a byte", GOOD.ljust(8 * MB + 1), {}, 413, "body_too_large"),
    ("8 MB and a byte in gzip", gzip.compress(GOOD.ljust(8 * MB + 1)), GZIP, 413, "body_too_large"),
    ("gzip cut off", gzip.compress(BATCH)[:-9], GZIP, 400, "invalid_gzip"),
    ("gzip without its checksum", gzip.compress(BATCH)[:-1], GZIP, 400, "invalid_gzip"),
    ("gzip with another checksum", gzip.compress(BATCH)[:-8] + b"x" * 8, GZIP, 400, "invalid_gzip"),
    ("gzip and junk", gzip.compress(BATCH) + b"junk", GZIP, 400, "invalid_gzip"),
    ("two gzip members", gzip.compress(GOOD) + gzip.compress(b"\n"), GZIP, 400, "invalid_gzip"),
    ("no gzip at all", BATCH, GZIP, 400, "invalid_gzip"),
    ("zlib instead of gzip", zlib.compress(BATCH), GZIP, 400, "invalid_gzip"),
    ("deflate", zlib.compress(BATCH), encoded("deflate"), 415, "unsupported_encoding"),
    ("gzip twice", BATCH, encoded("gzip, gzip"), 415, "unsupported_encoding"),
    ("brotli", BATCH, encoded("br"), 415, "unsupported_encoding"),
    ("zstd", BATCH, encoded("zstd"), 415, "unsupported_encoding"),
    *(
        (f"{body[:9]!r} as a body", body, {}, 400, "invalid_batch")
        for body in (b"[]", b"[" + GOOD + b"]", b'"events"', b"5", b"null", b"true", b"NaN", b"-0")
    ),
    *(
        (f"events is {events!r}", b'{"events": %s}' % events, {}, 400, "invalid_batch")
        for events in (b"null", b"{}", b'"x"', b"5", b"false", b"NaN", GOOD)
    ),
    ("no event", b'{"events": []}', {}, 400, "empty_batch"),
    ("extra field", BATCH[:-1] + b', "sync": true}', {}, 400, "unknown_field"),
    ("extra field and NaN", BATCH[:-1] + b', "sync": NaN}', {}, 400, "unknown_field"),
    ("1,001 events", b'{"events": [%s]}' % b",".join([b"{}"] * 1001), {}, 413, "too_many_events"),
    ("1,001 lines", b"{}\n" * 1001, LINES, 413, "too_many_events"),
    ("a million", b'{"events": [%s]}' % b",".join([b"0"] * MB), {}, 413, "too_many_events"),
    ("a million NaN", b'{"events": [%s]}' % b",".join([b"NaN"] * MB), {}, 413, "too_many_events"),
    *(
        (f"not JSON: {body[:12]!r}", body, {}, 400, "invalid_json")
        for body in (
            b"hello",
            b"{",
            BATCH[:-1],
            BATCH[:-40],
            BATCH + b"}",
            BATCH + b"\n" + BATCH,
            b'{"events": [%s,]}' % GOOD,
            b'{"events": [%s %s]}' % (GOOD, GOOD),
            b"{'events': []}",
            b'{"events": undefined}',
            b"// none\n" + BATCH,
            b"\0",
            BATCH + b"\0",
            b"\xff" + BATCH,
            b"<events/>",
        )
    ),
    *(
        (f"in {name}", BATCH.decode().encode(name), {}, 400, "invalid_json")
        for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7")
        if name != "utf-7"
    ),
    ("nested lists", b"[" * DEEP, {}, 400, "invalid_batch"),
    ("twice", b'{"events":"[ ,]1,","events":[NaN]}', {}, 400, "invalid_json"),
    ("twice and cut", b'{"events":"[","events":["x"],"events":[NaN,[1', {}, 400, "invalid_json"),
    ("nested objects", b'{"a":' * DEEP + b"1" + b"}" * DEEP, {}, 400, "invalid_json"),
    ("nested events", b'{"events":[' + b"[" * DEEP + b"]" * DEEP + b"]}", {}, 400, "invalid_json"),
    ("nested NaN", b'{"events":[NaN,' + b"[" * DEEP + b"]" * DEEP + b"]}", {}, 400, "invalid_json"),
    (
        "a form",
        b"events=1&id=2",
        {"type": "application/x-www-form-urlencoded"},
        400,
        "invalid_json",
    ),
    (
        "a form in parts",
        b'--x\r\nContent-Disposition: form-data; name="events"\r\n\r\n[]\r\n--x--\r\n',
        {"type": "multipart/form-data; boundary=x"},
        400,
        "invalid_json",
    ),
    ("length of a part", GOOD, {"CONTENT_LENGTH": "40"}, 400, "invalid_json"),
    ("length zero", GOOD, {"CONTENT_LENGTH": "0"}, 400, "empty_body"),
    ("negative length", GOOD, {"CONTENT_LENGTH": "-5"}, 400, "empty_body"),
    ("length in words", GOOD, {"CONTENT_LENGTH": "many"}, 400, "empty_body"),
]
FIELDS = {"empty_batch": "events", "unknown_field": "sync"}


@pytest.mark.parametrize("path", [EVENTS, PRICE])
def test_an_unusable_body_gets_its_code_and_nothing_is_stored(api, path):
    for label, body, how, status, code in UNUSABLE:
        answer = api.post(body, path=path, **how)
        assert (answer.status_code, answer.json().get("code")) == (status, code), label
        assert_problem(answer, status, code, field=FIELDS.get(code))

    assert api.stored() == 0


@pytest.mark.smoke
def test_a_bomb_of_200_mb_is_refused_without_being_unpacked(api):
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    zeros = bytes(MB)
    bomb = b"".join([*(packer.compress(zeros) for _ in range(200)), packer.flush()])
    tracemalloc.start()

    answer = api.post(bomb, **GZIP)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(bomb) < MB
    assert_problem(answer, 413, "body_too_large")
    assert peak < 40 * MB
    assert api.stored() == 0


@pytest.mark.parametrize("how", [{}, GZIP], ids=["plain", "gzip"])
def test_8_mb_exactly_are_taken(api, how):
    body = GOOD.ljust(8 * MB)

    answer = api.post(gzip.compress(body, 1) if how else body, **how)

    assert answer.json()["accepted"] == 1


@pytest.mark.parametrize(
    "broken",
    [
        b'{"id": "raw\0nul"}',
        b'{"id": "raw\x1fcontrol"}',
        b'{"id": "\xff\xfe"}',
        b'{"id": "\xed\xa0\x80"}',
        b'{"id": "\\ud800"}',
        b'{"id": NaN}',
        b'{"id": -Infinity}',
        b'{"id": ' + b"9" * 5000 + b"}",
        b'{"id": "\xff", "x": "\\ud800", "y": NaN, "z": "\0"}',
    ],
)
def test_what_only_lenient_readers_take_is_refused_alone_and_neighbours_stay_as_sent(api, broken):
    exact = json.dumps(event("exact", usage=USAGE | {"text": "é \\u00e9 \U0001f600 \\"})).encode()
    precise = json.dumps(event("precise", usage=USAGE | {"x": 987})).replace("987", "0.1").encode()

    answer = api.post(b'{ "events" : [ %s ,\n%s, %s ] }' % (exact, broken, precise)).json()

    assert [each["status"] for each in answer["results"]] == ["accepted", "rejected", "accepted"]
    assert api.stored() == 2
    for sent in (exact, precise):
        posted = json.loads(sent)
        assert api.get(f"{EVENTS}/-/{posted['id']}").json()["usage"] == posted["usage"]


def test_of_a_key_that_is_given_twice_the_last_one_counts(api):
    body = GOOD[:-1] + b', "id": "last"}'

    (result,) = api.post(body).json()["results"]

    assert (result["id"], result["status"]) == ("last", "accepted")


@pytest.mark.parametrize("zero", ["-0", "0"])
def test_minus_zero_is_zero(api, zero):
    body = json.dumps(event(usage=USAGE | {"input_tokens": 987})).replace("987", zero)

    assert api.post(body).json()["results"][0]["cost"] == "0.015"


@pytest.mark.parametrize(
    "type", ["text/plain", "", "garbage", "application/xml", "json; charset=x"]
)
def test_json_is_read_whatever_its_type_says(api, type):
    assert api.post(GOOD, type=type).json()["accepted"] == 1


# --- methods and addresses


@pytest.mark.parametrize(
    ("method", "path", "scope", "allowed"),
    [
        *((method, EVENTS, "ingest", "GET, POST") for method in ("PUT", "PATCH", "DELETE")),
        ("TRACE", EVENTS, "ingest", "GET, POST"),
        ("BREW", EVENTS, "ingest", "GET, POST"),
        ("GET", PRICE, "read", "POST"),
        ("POST", "/api/v1/spend", "read", "GET"),
        ("POST", f"{EVENTS}/-/x", "read", "GET"),
        ("DELETE", "/api/v1/clients", "manage", "GET, POST"),
        ("POST", "/api/v1/clients/globex", "manage", "GET, PATCH, DELETE"),
        ("POST", "/api/v1/keys/1", "manage", "PATCH, DELETE"),
    ],
)
def test_another_method_is_refused_and_the_right_ones_are_named(api, method, path, scope, allowed):
    answer = api.send(method, path, GOOD, scope=scope)

    assert_problem(answer, 405, "method_not_allowed")
    assert set(allowed.split(", ")) <= set(answer.headers["Allow"].split(", "))
    assert api.stored() == 0


def test_head_and_options_show_nothing_and_change_nothing(api):
    head = api.send("HEAD", EVENTS, scope="read")
    options = api.send("OPTIONS", EVENTS, scope="read")

    assert (head.status_code, head.content) == (200, b"")
    assert options.status_code == 200
    assert_problem(api.send("OPTIONS", EVENTS, scope="ingest"), 403, "missing_scope")
    assert_problem(api.send("OPTIONS", EVENTS, scope="read", key="x"), 401, "invalid_key")


@pytest.mark.parametrize("path", ["/api/", "/api/v1/", "/api/v1/nothing", "/api/v2/events"])
def test_an_address_of_nothing_is_a_problem_document_too(api, path):
    assert_problem(api.get(path), 404, "not_found")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/spend?client=%00",
        "/api/v1/spend?group_by=client&project=a%00b",
        "/api/v1/events?project=%00",
        "/api/v1/events?cursor=%00",
        "/api/v1/events/a%00b/c",
        "/api/v1/clients/%00",
    ],
)
def test_nul_in_an_address_is_a_bad_request(api, path):
    assert_problem(api.get(path), 400, "bad_request")


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "garbage"])
def test_who_accepts_no_json_is_told_so_and_nothing_is_stored(api, accept):
    answer = api.post(GOOD, headers={"Accept": accept})

    assert_problem(answer, 406, "not_acceptable")
    assert api.stored() == 0
