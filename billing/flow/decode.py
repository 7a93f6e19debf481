"""Decode: the bytes of one request -> the raw items of its batch, each still undecoded.

In:   the body as it came, its Content-Type and Content-Encoding.
Out:  1 to 1,000 items as JSON bytes, so that one broken item costs its neighbours nothing.
Errors: Problem (400 or 413) when the request as a whole is unusable.
Never: more than 8 MB of decompressed body in memory, whatever a gzip header claims.
"""

import codecs
import json
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from itertools import islice
from typing import Protocol, cast

import msgspec

from tenants.problems import Problem

MAX_BODY = 8 * 1024 * 1024
MAX_EVENTS = 1_000


class Readable(Protocol):
    """What hands out a request's body: a WSGI request, a file."""

    def read(self, size: int, /) -> bytes: ...


_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LENIENT = json.JSONDecoder(parse_int=len, parse_float=len, strict=False)


def body_stream(environ: Mapping[str, object], *, stream: Readable) -> Readable:
    """What to read the body from: Django's stream, or the server's own for a body sent in chunks.

    Django ends a body where Content-Length says, so it takes one that states no length for empty. Only a
    server that promises to end the stream itself (`wsgi.input_terminated`) is read without a length.
    """
    if environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH"):
        return cast(Readable, environ["wsgi.input"])
    return stream


def read_body(stream: Readable, *, encoding: str) -> bytes:
    """The decompressed body. Reads at most one byte more than is allowed."""
    encoding = encoding.strip().lower()
    if encoding not in {"", "identity", "gzip"}:
        raise Problem(415, "unsupported_encoding", "Send the body plain or with gzip.")
    body = _read_up_to(stream, MAX_BODY + 1)
    if encoding == "gzip" and len(body) <= MAX_BODY:
        body = _gunzip(body)
    if len(body) > MAX_BODY:
        raise Problem(413, "body_too_large", "Send at most 8 MB (decompressed) in one request.")
    if not body.strip():
        raise Problem(400, "empty_body", "The request has no body; send one event or a batch.")
    return body


def split_items(body: bytes, *, ndjson: bool) -> list[bytes]:
    """The batch's items: the lines of NDJSON, the `events` of an object, or the object itself."""
    body = body.removeprefix(codecs.BOM_UTF8)
    items = _lines(body) if ndjson else _envelope(body)
    if not items:
        raise Problem(400, "empty_batch", "The batch has no events.", field="events")
    if len(items) > MAX_EVENTS:
        raise _too_many()
    return items


def _read_up_to(stream: Readable, size: int) -> bytes:
    """Streams may hand out less than was asked for, so ask until there is no more."""
    chunks = []
    while size > 0 and (chunk := stream.read(size)):
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


def _gunzip(body: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = unpacker.decompress(body, MAX_BODY + 1)
    except zlib.error as error:
        raise Problem(400, "invalid_gzip", "The body is not valid gzip.") from error
    if len(plain) <= MAX_BODY and (not unpacker.eof or unpacker.unused_data):
        raise Problem(400, "invalid_gzip", "The gzip stream is cut off or has something behind it.")
    return plain


def _lines(body: bytes) -> list[bytes]:
    """The lines that are not blank, and of too many only as many as show that they are."""
    lines = (line.strip() for line in BytesIO(body))
    return list(islice(filter(None, lines), MAX_EVENTS + 1))


def _envelope(body: bytes) -> list[bytes]:
    try:
        envelope = _OBJECT.decode(body)
        if "events" not in envelope:
            return [body.strip()]
        _refuse_extra_fields(set(envelope))
        items = _LIST.decode(envelope["events"])
        if len(items) > MAX_EVENTS:
            raise _too_many()
        return [bytes(item) for item in items]
    except msgspec.ValidationError as error:
        raise _not_a_batch() from error
    except RecursionError as error:
        raise Problem(400, "invalid_json", "The body is nested too deeply.") from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _envelope_leniently(body)


def _envelope_leniently(body: bytes) -> list[bytes]:
    """Second reading of a body that the strict one refused, to find out which item is to blame.

    The standard library also reads NaN, lone surrogates and, as it is set up here, broken UTF-8, control
    characters and endless numbers. The items stay as they were sent; each is then refused or taken alone.
    """
    text = body.decode(errors="surrogateescape")
    try:
        envelope = _LENIENT.decode(text)
        if not isinstance(envelope, dict):
            raise _not_a_batch()
        if "events" not in envelope:
            raise Problem(400, "invalid_json", "The event is not JSON (NaN, a broken character …).")
        _refuse_extra_fields(set(envelope))
        if not isinstance(envelope["events"], list):
            raise _not_a_batch()
        if len(envelope["events"]) > MAX_EVENTS:
            raise _too_many()
        return [item.encode(errors="surrogateescape") for item in _slices(text)]
    except RecursionError as error:
        raise Problem(400, "invalid_json", "The body is nested too deeply.") from error
    except ValueError as error:
        raise Problem(400, "invalid_json", f"The body is not JSON: {str(error)[:150]}.") from error


def _slices(text: str) -> Iterator[str]:
    """The items of the list that opens with the first bracket of a text that is known to be JSON."""
    place = text.index("[")
    while text[place] != "]":
        place = _after_space(text, place + 1)
        if text[place] == "]":
            return
        _, end = _LENIENT.raw_decode(text, place)
        yield text[place:end]
        place = _after_space(text, end)


def _after_space(text: str, place: int) -> int:
    while text[place] in " \t\r\n":
        place += 1
    return place


def _refuse_extra_fields(names: set[str]) -> None:
    extra = sorted(names - {"events"})
    if extra:
        raise Problem(
            400,
            "unknown_field",
            f"A batch has only 'events', not {extra[0][:60]!r}.",
            field=extra[0][:60],
        )


def _not_a_batch() -> Problem:
    return Problem(
        400, "invalid_batch", 'Send {"events": [event, ...]}, a single event object, or NDJSON.'
    )


def _too_many() -> Problem:
    return Problem(413, "too_many_events", f"A batch has at most {MAX_EVENTS} events.")
