"""Validate: one raw item -> a `ValidEvent`, or a rejection with a code. Pure.

In:   the JSON bytes of one item and the time now.   Out: everything the event says, checked.
Promises: an accepted event fits every column; its identity and its payload hash depend on what it says,
      not on how it was written (key order, spaces, the offset that an instant was given in).
Never: a database query, a price, a project: whether the slug exists is intake's to say.
"""

import re
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from billing.flow.usage import MAX_COUNT, Usage, UsageError, read_usage

MAX_ITEM = 64 * 1024
MAX_COMPONENTS = 100
MAX_DEPTH = 32
"""Levels of a usage object; the provider's has four. What is stored must be readable by everything later."""
OLDEST = datetime(2020, 1, 1, tzinfo=UTC)
FUTURE = timedelta(minutes=10)

Text = Annotated[str, Meta(max_length=200)]
Count = Annotated[int, Meta(ge=0, le=MAX_COUNT)]


class Component(Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """One part of the prompt, in prompt order; `tokens` are the caller's estimate."""

    name: Literal["system", "tools", "context", "history", "user", "other"]
    tokens: Count
    fingerprint: Text | None = None


class Item(Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """An event as it is posted (the HTTP contract)."""

    id: Annotated[str, Meta(min_length=1, max_length=200)]
    occurred_at: Annotated[datetime, Meta(tz=True)]
    model: Annotated[str, Meta(min_length=1, max_length=200)]
    usage: dict[str, object]
    source: Text | None = None
    project: Text | None = None
    provider: Text | None = None
    stop_reason: Text | None = None
    components: Annotated[list[Component], Meta(max_length=MAX_COMPONENTS)] | None = None
    feature: Text | None = None
    environment: Text | None = None
    session: Text | None = None
    task: Text | None = None
    end_user: Text | None = None
    streamed: bool | None = None
    tool_calls: Count | None = None
    tags: Annotated[dict[Text, Text], Meta(max_length=20)] | None = None


class ValidEvent(Struct, frozen=True):
    """An item that may be priced and stored. `occurred_at` is in UTC; `key` is its identity."""

    item: Item
    project: str
    """The slug: the item's own, or the one that the key is bound to."""
    occurred_at: datetime
    provider: str
    usage: Usage
    key: str
    payload_hash: int
    """Signed 64 bits."""


class Rejection(Exception):
    """One item is refused; the rest of its batch is not concerned."""

    def __init__(
        self, code: str, detail: str, *, field: str = "", event_id: str | None = None
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field
        self.event_id = event_id


class _OnlyId(Struct):
    id: str


_ITEM = msgspec.json.Decoder(Item)
_ONLY_ID = msgspec.json.Decoder(_OnlyId)
_ENCODER = msgspec.json.Encoder(order="deterministic")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_QUOTED = re.compile(r"`([^`]*)`")


def validate(raw: bytes, *, now: datetime, bound_project: str = "") -> ValidEvent:
    """Check one item that came with a key bound to `bound_project` ('' = to none).

    Raises Rejection with the id, where one can be read.
    """
    try:
        return _validate(raw, now=now, bound_project=bound_project)
    except Rejection as rejection:
        rejection.event_id = _readable_id(raw)
        raise


def _validate(raw: bytes, *, now: datetime, bound_project: str) -> ValidEvent:
    if len(raw) > MAX_ITEM:
        raise Rejection("event_too_large", f"One event has at most {MAX_ITEM} bytes.")
    item = _decode(raw)
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _depth(item.usage) > MAX_DEPTH:
        raise Rejection(
            "invalid_field", f"usage is nested more than {MAX_DEPTH} levels deep.", field="usage"
        )
    if b"\\u0000" in raw and _NUL.search(raw):
        raise Rejection("invalid_field", "Text must not contain NUL (\\u0000).")
    occurred_at = _checked_time(item.occurred_at, now=now)
    project = _checked_project(item.project or "", bound_project=bound_project)
    try:
        usage = read_usage(item.usage, model=item.model, stop_reason=item.stop_reason or "")
    except UsageError as error:
        raise Rejection(error.code, f"{error.field} {error.detail}.", field=error.field) from error
    return ValidEvent(
        item=item,
        project=project,
        occurred_at=occurred_at,
        provider=item.provider or "anthropic",
        usage=usage,
        key=identity(item.source or "", item.id),
        payload_hash=_payload_hash(item, project, occurred_at),
    )


def identity(source: str, event_id: str) -> str:
    """The identity of an event in its tenant: 128 bits as the digits of a UUID.

    NUL cannot be part of either text. A string, since a UUID's own hash and comparison run in Python.
    """
    return blake2b(f"{source}\0{event_id}".encode(), digest_size=16).hexdigest()


def _payload_hash(item: Item, project: str, occurred_at: datetime) -> int:
    """64 bits over what the event says: the instant and the project it means, however it spells them."""
    said = msgspec.structs.replace(item, occurred_at=occurred_at, project=project, source=None)
    digest = blake2b(_ENCODER.encode(said), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _decode(raw: bytes) -> Item:
    try:
        return _ITEM.decode(raw)
    except msgspec.ValidationError as error:
        raise _rejection(str(error)) from error
    except UnicodeDecodeError as error:
        raise Rejection("invalid_json", "The event is not valid UTF-8.") from error
    except RecursionError as error:
        raise Rejection("invalid_json", "The event is nested too deeply.") from error
    except msgspec.DecodeError as error:
        raise Rejection("invalid_json", f"The event is not JSON: {error}.") from error


def _depth(usage: dict[str, object]) -> int:
    """How many levels of objects and lists there are, counted level by level."""
    depth = 0
    level: list[object] = [usage]
    while level:
        depth += 1
        inner: list[object] = []
        for each in level:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        level = [each for each in inner if isinstance(each, (dict, list))]
    return depth


def _rejection(message: str) -> Rejection:
    """msgspec's sentence as one of our codes."""
    what, _, place = message.partition(" - at ")
    place = place.rpartition(" in ")[2]  # of a key only its object has a name
    inside = place.strip("`").removeprefix("$").removeprefix(".").replace("[...]", "")
    name = _QUOTED.search(what)
    field = ".".join(part for part in (inside, name.group(1) if name else "") if part)
    if what.startswith("Object missing required field"):
        return Rejection("missing_field", f"{field} is required.", field=field)
    if what.startswith("Object contains unknown field"):
        return Rejection(
            "unknown_field", f"{field[:200]} is not a field of an event.", field=field[:200]
        )
    if what.startswith("Expected `object`") and not inside:
        return Rejection("not_an_object", "An event is a JSON object.")
    return Rejection("invalid_field", f"{what[:200]}.", field=inside)


def _checked_time(occurred_at: datetime, *, now: datetime) -> datetime:
    if occurred_at > now + FUTURE:
        raise Rejection(
            "future_event",
            "occurred_at is more than 10 minutes in the future.",
            field="occurred_at",
        )
    if occurred_at < OLDEST:
        raise Rejection("too_old", "occurred_at is before 2020-01-01.", field="occurred_at")
    return occurred_at.astimezone(UTC)


def _checked_project(posted: str, *, bound_project: str) -> str:
    if not (posted or bound_project):
        raise Rejection(
            "missing_field", "project is required: this key is bound to none.", field="project"
        )
    if posted and bound_project and posted != bound_project:
        raise Rejection(
            "wrong_project", f"This key is bound to the project {bound_project!r}.", field="project"
        )
    return posted or bound_project


def _readable_id(raw: bytes) -> str | None:
    try:
        return _ONLY_ID.decode(raw).id[:200]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
