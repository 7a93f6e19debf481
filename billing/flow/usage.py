"""Usage: what the provider reported about one response -> the calls it is billed as, by class.

In:   the provider's usage object, decoded from JSON.   Out: `Usage`, or `UsageError` for the item.
Promises: every reported token stands in one class of one part. A part that the provider gives away
keeps its tokens and says so (`is_billed`). Unknown keys are never an error.
Never: a guess. Counts that contradict each other are refused; a response that cannot be read as
billed calls says why in `unclear`, and is then unpriced.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

MAX_COUNT: Final = 10**12
MAX_ITERATIONS: Final = 10_000
REFUSAL: Final = "refusal"  # the stop_reason

# What cannot be read as billed calls; explained with the other reasons in `price.REASONS`.
UNKNOWN_ITERATION: Final = "unknown_iteration"
UNKNOWN_ATTEMPT_MODEL: Final = "unknown_attempt_model"

_MESSAGE: Final = "message"
_COMPACTION: Final = "compaction"
_ADVISOR: Final = "advisor_message"
_FALLBACK: Final = "fallback_message"
_KINDS: Final = (_MESSAGE, _COMPACTION, _ADVISOR, _FALLBACK)
_NO_GEO: Final = ("", "global", "not_available")

Counts = tuple[int, int, int, int, int, int]  # in the order of money.TOKEN_CLASSES
_Raw = Mapping[str, object]


class UsageError(ValueError):
    """The usage object cannot be accepted.

    `code` is missing_field, invalid_field or contradictory_usage; `field` is "usage.input_tokens".
    """

    def __init__(self, code: str, *, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.code = code
        self.field = field
        self.detail = detail


# Both are made for every event, and a Struct takes an eighth of a frozen dataclass's time.
class Part(Struct, frozen=True, gc=False):
    """One call to one model. Its own prompt size decides its price tier.

    `model` is as reported; it is '' only where the provider names none and nothing is billed or
    the usage is unclear. `is_billed` is False for what was reported but is free.
    """

    model: str
    tokens: Counts
    is_billed: bool = True

    @property
    def prompt_tokens(self) -> int:
        fresh, written_5m, written_1h, read, _, _ = self.tokens
        return fresh + written_5m + written_1h + read


class Usage(Struct, frozen=True, gc=False):
    """The calls behind one response. The first part is the call that answered.

    tier: standard, batch, priority or what was reported. speed: standard, fast or what was
    reported. geo: '' (no surcharge), us or what was reported. unclear: '' or a reason code.
    """

    parts: tuple[Part, ...]
    tier: str = "standard"
    speed: str = "standard"
    geo: str = ""
    unclear: str = ""

    @property
    def tokens(self) -> Counts:
        """What was reported in all, billed or free: the token columns of the ledger."""
        if len(self.parts) == 1:
            return self.parts[0].tokens
        a, b, c, d, e, f = map(sum, zip(*(part.tokens for part in self.parts), strict=True))
        return a, b, c, d, e, f


def read_usage(raw: Mapping[str, object], *, model: str, stop_reason: str) -> Usage:
    """Read the usage object of a response of `model`.

    Cache writes without a lifetime split are five-minute writes. A call that was refused before
    any output is free. UsageError for missing, malformed or contradictory counts.
    """
    tokens = _counts(raw, "usage", searches=_searches(raw))
    top = Part(model, tokens, not (stop_reason == REFUSAL and tokens[4] == 0))
    tier = _word(raw, "service_tier") or "standard"
    speed = _word(raw, "speed") or "standard"
    geo = _word(raw, "inference_geo")
    if geo in _NO_GEO:
        geo = ""
    if raw.get("iterations") in (None, []):
        return Usage((top,), tier, speed, geo)
    parts, unclear = _with_iterations(raw, top, stop_reason)
    return Usage(parts, tier, speed, geo, unclear)


def final_usage(
    start: Mapping[str, object], *, delta: Mapping[str, object] | None
) -> dict[str, object]:
    """A streamed response's usage: `message_start`'s, overlaid with the last `message_delta`'s.

    Delta counts are cumulative and come without the lifetime split, so cache writes made after the
    start have no known lifetime: they join the five-minute writes, as everywhere. Without a delta
    (an aborted stream) the start stands. The result is for `read_usage`, which also checks it.
    """
    usage = dict(start)
    usage.update({key: value for key, value in (delta or {}).items() if value is not None})
    split, known = start.get("cache_creation"), start.get("cache_creation_input_tokens")
    written = usage.get("cache_creation_input_tokens")
    if usage.get("cache_creation") is not split or not isinstance(split, Mapping):
        return usage
    five = split.get("ephemeral_5m_input_tokens") or 0
    hour = split.get("ephemeral_1h_input_tokens") or 0
    if type(five) is type(hour) is type(written) is int and written >= five + hour == known:
        usage["cache_creation"] = {**split, "ephemeral_5m_input_tokens": written - hour}
    return usage


def _counts(raw: _Raw, where: str, *, searches: int = 0) -> Counts:
    output = _required(raw, "output_tokens", where)
    written, hour = _count(raw, "cache_creation_input_tokens", where), 0
    split = raw.get("cache_creation")
    if split is not None:
        written, hour = _lifetimes(raw, split, where)
    details = raw.get("output_tokens_details")
    if details is not None:
        inside = f"{where}.output_tokens_details"
        if _count(_object(details, inside), "thinking_tokens", inside) > output:
            raise _contradiction(f"{inside}.thinking_tokens", "is more than output_tokens")
    return (
        _required(raw, "input_tokens", where),
        written,
        hour,
        _count(raw, "cache_read_input_tokens", where),
        output,
        searches,
    )


def _lifetimes(raw: _Raw, split: object, where: str) -> tuple[int, int]:
    """The five-minute and the one-hour writes."""
    inside = f"{where}.cache_creation"
    lifetimes = _object(split, inside)
    five = _count(lifetimes, "ephemeral_5m_input_tokens", inside)
    hour = _count(lifetimes, "ephemeral_1h_input_tokens", inside)
    total = raw.get("cache_creation_input_tokens")
    if total is None or total == five + hour:
        return five, hour
    if all(lifetimes.get(f"ephemeral_{each}_input_tokens") is None for each in ("5m", "1h")):
        return _count(raw, "cache_creation_input_tokens", where), 0
    raise _contradiction(inside, "does not add up to cache_creation_input_tokens")


def _searches(raw: _Raw) -> int:
    tools = raw.get("server_tool_use")
    if tools is None:
        return 0
    inside = "usage.server_tool_use"
    _count(_object(tools, inside), "web_fetch_requests", inside)
    return _count(_object(tools, inside), "web_search_requests", inside)


def _with_iterations(raw: _Raw, top: Part, stop_reason: str) -> tuple[tuple[Part, ...], str]:
    """The parts of a response that lists its iterations, and why they are unclear, if they are.

    Without a fallback the list adds compactions and advisors to the top level, and its messages
    are already inside that. With one, the list has every attempt and the top level only the last.
    """
    entries = _iterations(raw)
    kinds = [entry.get("type") for _, entry in entries]
    unclear = "" if all(kind in _KINDS for kind in kinds) else UNKNOWN_ITERATION
    has_fallback = _FALLBACK in kinds
    added = _KINDS if has_fallback else (_COMPACTION, _ADVISOR)
    # A list with a fallback names the models; where it does not, the reported one will do only
    # if it is not the fallback's: that one may not have spoken yet.
    answered_by = [entry.get("model") for _, entry in entries if entry.get("type") == _FALLBACK]
    default = "" if top.model in answered_by else top.model

    parts, answer = [], top
    for where, entry in entries:
        kind = entry.get("type")
        if kind not in added:
            continue
        part = _part(entry, where, default=default, stop_reason=stop_reason)
        if part.is_billed and not part.model:
            unclear = unclear or UNKNOWN_ATTEMPT_MODEL
        if kind == _FALLBACK:
            answer = part
        parts.append(part)
    if not has_fallback:
        return (top, *parts), unclear
    parts.remove(answer)
    searches = top.tokens[5]
    answer = Part(answer.model, (*answer.tokens[:5], searches), answer.is_billed)
    return (answer, *parts), unclear


def _part(entry: _Raw, where: str, *, default: str, stop_reason: str) -> Part:
    kind = entry.get("type")
    tokens = _counts(entry, where)
    model = _word(entry, "model", where)
    if not model and kind in (_MESSAGE, _COMPACTION):
        model = default
    # A message attempt without output was declined; any call refused before its output is free.
    is_free = tokens[4] == 0 and (kind == _MESSAGE or stop_reason == REFUSAL)
    return Part(model, tokens, not is_free)


def _iterations(raw: _Raw) -> list[tuple[str, _Raw]]:
    """The entries, each with its name for error messages."""
    entries = raw.get("iterations")
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise _invalid("usage.iterations", "must be a list")
    if len(entries) > MAX_ITERATIONS:
        raise _invalid("usage.iterations", f"must have at most {MAX_ITERATIONS} entries")
    places = (f"usage.iterations[{index}]" for index in range(len(entries)))
    return [(where, _object(entry, where)) for where, entry in zip(places, entries, strict=True)]


def _required(raw: _Raw, key: str, where: str) -> int:
    value = raw.get(key)
    if type(value) is int and 0 <= value <= MAX_COUNT:  # bool is an int, but not a count
        return value
    if key not in raw:
        raise UsageError("missing_field", field=f"{where}.{key}", detail="is required")
    raise _not_a_count(f"{where}.{key}")


def _count(raw: _Raw, key: str, where: str) -> int:
    value = raw.get(key)
    if value is None:
        return 0
    if type(value) is int and 0 <= value <= MAX_COUNT:
        return value
    raise _not_a_count(f"{where}.{key}")


def _word(raw: _Raw, key: str, where: str = "usage") -> str:
    value = raw.get(key)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise _invalid(f"{where}.{key}", "must be a string")


def _object(value: object, field: str) -> _Raw:
    if isinstance(value, Mapping):
        return value
    raise _invalid(field, "must be an object")


def _invalid(field: str, detail: str) -> UsageError:
    return UsageError("invalid_field", field=field, detail=detail)


def _not_a_count(field: str) -> UsageError:
    return _invalid(field, f"must be a whole number from 0 to {MAX_COUNT}")


def _contradiction(field: str, detail: str) -> UsageError:
    return UsageError("contradictory_usage", field=field, detail=detail)
