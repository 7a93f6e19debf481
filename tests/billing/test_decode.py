"""Decode: bytes into raw items, bounded in memory, with one broken item costing only itself."""

import gzip
import json
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.flow.decode import MAX_BODY, MAX_EVENTS, body_stream, read_body, split_items
from tenants.problems import Problem

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
events = st.lists(st.dictionaries(st.text(max_size=9), values, max_size=4), min_size=1, max_size=6)


class Dripping:
    """A stream that hands out less than was asked for, and counts what it was asked for."""

    def __init__(self, body: bytes, *, step: int) -> None:
        self.stream, self.step, self.given = BytesIO(body), step, 0

    def read(self, size: int, /) -> bytes:
        chunk = self.stream.read(min(size, self.step))
        self.given += len(chunk)
        return chunk


@pytest.mark.parametrize("step", [1, 7, 1_000_000])
@pytest.mark.parametrize("encoding", ["", "identity", "gzip", " GZip "])
def test_a_body_is_read_to_its_end_however_it_arrives(step, encoding):
    body = b'{"id": 1}' * 20
    sent = gzip.compress(body) if "gzip" in encoding.lower() else body

    assert read_body(Dripping(sent, step=step), encoding=encoding) == body


def test_of_an_endless_body_no_more_is_read_than_shows_that_it_is_too_large():
    stream = Dripping(bytes(2 * MAX_BODY), step=100_000)

    with pytest.raises(Problem, match="8 MB") as refused:
        read_body(stream, encoding="")

    assert (refused.value.status_code, stream.given) == (413, MAX_BODY + 1)


@pytest.mark.parametrize(("size", "fits"), [(MAX_BODY, True), (MAX_BODY + 1, False)])
@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_the_limit_is_8_mb_to_the_byte(size, fits, encoding):
    body = b"1".ljust(size)
    sent = gzip.compress(body, 1) if encoding else body

    if fits:
        assert len(read_body(BytesIO(sent), encoding=encoding)) == size
    else:
        with pytest.raises(Problem, match="8 MB"):
            read_body(BytesIO(sent), encoding=encoding)


def test_a_compressed_body_of_more_than_8_mb_is_not_even_unpacked():
    sent = gzip.compress(b"1", 0) + bytes(MAX_BODY)

    with pytest.raises(Problem, match="8 MB"):
        read_body(BytesIO(sent), encoding="gzip")


@pytest.mark.parametrize(
    ("environ", "which"),
    [
        ({"CONTENT_LENGTH": "5", "wsgi.input_terminated": True}, "django"),
        ({"CONTENT_LENGTH": "", "wsgi.input_terminated": True}, "server"),
        ({"wsgi.input_terminated": True}, "server"),
        ({"CONTENT_LENGTH": ""}, "django"),
        ({}, "django"),
    ],
)
def test_only_a_server_that_ends_the_stream_is_read_without_a_length(environ, which):
    streams = {"django": BytesIO(), "server": BytesIO()}

    chosen = body_stream(environ | {"wsgi.input": streams["server"]}, stream=streams["django"])

    assert chosen is streams[which]


@given(events, st.sampled_from([None, 0, 2]), st.booleans())
def test_an_envelope_is_split_into_its_items_as_they_were_written(items, indent, as_unicode):
    body = json.dumps({"events": items}, indent=indent, ensure_ascii=not as_unicode)

    try:
        raw = body.encode()
    except UnicodeEncodeError:  # a lone surrogate
        raw = json.dumps({"events": items}, indent=indent).encode()

    assert [json.loads(each) for each in split_items(raw, ndjson=False)] == items


@given(events, st.integers(0, 5), st.sampled_from([b"NaN", b'"\\ud800"', b'"\xff"', b'"\0"']))
def test_a_broken_neighbour_leaves_every_item_as_it_was_written(items, place, broken):
    texts = [json.dumps(each).encode() for each in items]
    place = min(place, len(texts))
    texts.insert(place, broken)

    split = split_items(b' {"events" :\n[ %s ] } ' % b" ,\t".join(texts), ndjson=False)

    assert split == texts


@given(events)
def test_lines_and_an_envelope_give_the_same_items(items):
    texts = [json.dumps(each).encode() for each in items]

    lines = split_items(b"\r\n\n ".join(texts), ndjson=True)

    assert lines == split_items(b'{"events":[%s]}' % b",".join(texts), ndjson=False) == texts


@pytest.mark.parametrize("ndjson", [True, False])
@pytest.mark.parametrize(("count", "fits"), [(MAX_EVENTS, True), (MAX_EVENTS + 1, False)])
def test_a_batch_has_at_most_1000_items(ndjson, count, fits):
    body = b"{}\n" * count if ndjson else b'{"events":[%s]}' % b",".join([b"{}"] * count)

    if fits:
        assert len(split_items(body, ndjson=ndjson)) == count
    else:
        with pytest.raises(Problem) as refused:
            split_items(body, ndjson=ndjson)
        assert (refused.value.status_code, refused.value.code) == (413, "too_many_events")


def test_a_single_event_is_its_own_batch():
    assert split_items(b' {"id": "a"}\n', ndjson=False) == [b'{"id": "a"}']
    assert split_items(b'\xef\xbb\xbf{"id": "a"}', ndjson=False) == [b'{"id": "a"}']


def test_a_single_event_that_is_not_json_is_a_bad_request():
    with pytest.raises(Problem) as refused:
        split_items(b'{"id": NaN} ', ndjson=False)

    assert (refused.value.status_code, refused.value.code) == (400, "invalid_json")
