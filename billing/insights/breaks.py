"""Cache breaks: which calls of a session paid again for what the call before them had just cached, and why.

In:   the calls of one session in order of time: tokens per class, and fingerprints when they were given.
Out:  a `Break` for each avoidable rewrite: the call, the cause, how many tokens.   Pure; reads no text.
Promises: precision before recall (docs/insights.md). A first call, a grown prompt's new part, a compacted or
      smaller prompt, a side thread, a branch and a pause of more than an hour are never breaks. Where nothing
      proves that two calls belong to one conversation, nothing is said.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from billing.flow.usage import Counts

FIVE_MINUTES: Final = timedelta(minutes=5)
HOUR: Final = timedelta(hours=1)
LEAST: Final = 1024
"""Fewer tokens make no break: a prompt of that size is not cached on most models."""
REMEMBERED: Final = 24
"""Earlier calls of the session that a call is held against."""

EXPIRED = "lifetime_expired"
SWITCHED = "model_switched"
PARTIAL = "partial_miss"
UNKNOWN = "unknown"
MESSAGES = "messages_changed"
CHANGED: Final = {
    "system": "system_changed",
    "tools": "tools_changed",
    "context": "context_changed",
    "history": MESSAGES,
    "user": MESSAGES,
    "other": MESSAGES,
}
CAUSES: Final = (
    EXPIRED,
    SWITCHED,
    "system_changed",
    "tools_changed",
    "context_changed",
    MESSAGES,
    PARTIAL,
    UNKNOWN,
)


class Piece(Struct, frozen=True):
    """A component of a prompt, as the caller estimated it; `fingerprint` '' where none was given."""

    name: str
    tokens: int
    fingerprint: str = ""


class Call(Struct, frozen=True):
    """One call of a session."""

    at: datetime
    model: str
    tokens: Counts
    pieces: tuple[Piece, ...] = ()

    @property
    def written(self) -> int:
        return self.tokens[1] + self.tokens[2]

    @property
    def read(self) -> int:
        return self.tokens[3]

    @property
    def prefix(self) -> int:
        """The tokens at the head of the prompt that are in the cache after the call."""
        return self.tokens[1] + self.tokens[2] + self.tokens[3]

    @property
    def prompt(self) -> int:
        return self.tokens[0] + self.prefix

    def piece(self, name: str) -> Piece | None:
        return next((each for each in self.pieces if each.name == name), None)

    def size(self, name: str) -> int:
        return sum(each.tokens for each in self.pieces if each.name == name)

    def mark(self, name: str) -> str:
        piece = self.piece(name)
        return piece.fingerprint if piece else ""


class Break(Struct, frozen=True):
    """`tokens` of the call's cache writes need not have been written; `gap` since the call it followed."""

    index: int
    cause: str
    tokens: int
    gap: timedelta


class Link(Struct, frozen=True):
    """What a call followed: `gap` is None for the first of its thread. `hour`: how many of the tokens it found
    or wrote live for an hour. `found`: it read all that the call before it had left."""

    gap: timedelta | None
    hour: int
    found: bool
    broken: Break | None


class _State(Struct, frozen=True):
    """A call that later ones may follow. `hits`: how often its thread has found its whole prefix."""

    call: Call
    hour: int
    hits: int


def find_breaks(calls: Sequence[Call]) -> list[Break]:
    """The avoidable rewrites of one session."""
    return [link.broken for link in follow(calls) if link.broken]


def follow(calls: Sequence[Call]) -> list[Link]:
    """For each call of one session what it followed, and whether it broke the cache."""
    states: list[_State] = []
    links = []
    for index, call in enumerate(calls):
        states = [each for each in states[-REMEMBERED:] if call.at - each.call.at <= HOUR]
        found = _found(call, states)
        broken, before = None, found
        if found is None and states:
            before = _predecessor(call, states)
            later = calls[index + 1 :]
            if before and not _goes_on(before, call, later=later, states=states):
                broken = _judged(index, call, before)
        hits = (found.hits + 1) if found else before.hits if before and broken else 0
        follows = before if found or broken else None
        states.append(_State(call, _hour(call, follows), hits))
        gap = call.at - follows.call.at if follows else None
        links.append(Link(gap, states[-1].hour, found is not None, broken))
    return links


def _found(call: Call, states: Iterable[_State]) -> _State | None:
    """The latest call whose whole prefix this one read: it goes on from there, or branches off."""
    alike = [
        each
        for each in states
        if each.call.prefix and call.read and each.call.model == call.model
        and abs(call.read - each.call.prefix) <= _slack(each.call.prefix)
    ]  # fmt: skip
    if alike:
        return alike[-1]
    known = [each for each in states if each.call.model == call.model and each.call.prefix]
    return known[-1] if known and call.read > max(each.call.prefix for each in known) else None


def _slack(prefix: int) -> int:
    return max(64, prefix // 100)


def _predecessor(call: Call, states: Sequence[_State]) -> _State | None:
    """The call that this one most likely goes on from: same model and system before the merely last one."""
    cached = [each for each in states if each.call.prefix]
    same = [each for each in cached if each.call.model == call.model]
    if system := call.mark("system"):
        alike = [each for each in same if each.call.mark("system") == system]
        same = alike or same
    candidates = same or cached
    return candidates[-1] if candidates else None


def _goes_on(
    before: _State, call: Call, *, later: Sequence[Call], states: Sequence[_State]
) -> bool:
    """Whether the earlier thread goes on beside this call, which then is a thread of its own."""
    mark, other = call.mark("system"), before.call.mark("system")
    for each in later:
        if each.at - before.call.at > HOUR:
            break
        reads_old = abs(each.read - before.call.prefix) <= _slack(before.call.prefix)
        reads_new = abs(each.read - call.prefix) <= _slack(call.prefix)
        if each.model == before.call.model and reads_old and not reads_new:
            return True
        if mark and other and mark != other and each.mark("system") == other:
            return True
        if call.model != before.call.model and each.model == before.call.model:
            return True
    models = {each.call.model for each in states}
    return call.model not in models and len(models) > 1  # agents with models of their own


def _judged(index: int, call: Call, before: _State) -> Break | None:
    """The break, if this call had to write again what `before` had left in the cache."""
    earlier = before.call
    gap = call.at - earlier.at
    if call.prompt * 10 < earlier.prompt * 9:
        return None  # compacted, trimmed, or another thread
    changed, same = _compare(call, before)
    tokens = min(call.written, min(same, earlier.prefix) - call.read)
    if tokens < LEAST or tokens * 20 < earlier.prefix:
        return None
    alive = earlier.prefix if gap < FIVE_MINUTES else before.hour
    has_expired = alive < min(same, earlier.prefix) and call.read <= alive
    if call.model != earlier.model:
        cause = "" if changed or has_expired else SWITCHED
    elif changed:
        cause = "" if has_expired else CHANGED[changed]
    elif has_expired:
        cause = EXPIRED
    else:
        cause = _missed(call, earlier)
    return Break(index, cause, tokens, gap) if cause else None


def _compare(call: Call, before: _State) -> tuple[str, int]:
    """The first component that has changed ('' for none), and how many tokens of the prompt's head were, or
    need not have been other than, what `before` had cached."""
    earlier = before.call
    is_conversation = before.hits > 0 or 0 < call.size("history") >= earlier.size("history")
    if not (call.mark("system") and earlier.mark("system")):
        return "", earlier.prefix if before.hits and _is_grown(call, earlier) else 0
    if call.mark("system") != earlier.mark("system") and call.mark("tools") != earlier.mark(
        "tools"
    ):
        return "", 0  # another agent
    changed, same, lost = "", 0, 0
    for piece in call.pieces:
        was = earlier.piece(piece.name)
        if not piece.fingerprint or was is None or not was.fingerprint:
            break
        if piece.fingerprint != was.fingerprint:
            if piece.name not in ("system", "tools", "context"):
                break  # a message of its own: it is new by nature
            changed = changed or piece.name
            if piece.name == "context" or abs(piece.tokens - was.tokens) * 50 > was.tokens:
                lost += was.tokens  # other content, which has to be written
                continue
        same += piece.tokens
    if not is_conversation:
        return changed, 0 if changed else _billed(same, call)
    return changed, max(0, earlier.prefix - _billed(lost, call))


def _is_grown(call: Call, earlier: Call) -> bool:
    """By its size alone: the earlier prompt and its answer, and not much more."""
    more = earlier.tokens[4] + max(5_000, earlier.prompt // 4)
    return earlier.prompt <= call.prompt <= earlier.prompt + more


def _billed(tokens: int, call: Call) -> int:
    """The caller's estimate in the tokens that were billed."""
    estimated = sum(each.tokens for each in call.pieces)
    return tokens * call.prompt // estimated if estimated else 0


def _missed(call: Call, earlier: Call) -> str:
    """Nothing that we know of has changed, and the time is not over."""
    static = 0
    for piece in call.pieces:
        was = earlier.piece(piece.name)
        if not piece.fingerprint or was is None or was.fingerprint != piece.fingerprint:
            break
        static += piece.tokens
    if static and call.read * 20 >= _billed(static, call) * 19:
        return MESSAGES
    return PARTIAL if call.read else UNKNOWN


def _hour(call: Call, before: _State | None) -> int:
    """Of the prefix, the tokens that live for an hour: all before the last one-hour write."""
    if call.tokens[2]:
        return call.read + call.tokens[2]
    return min(call.read, before.hour) if before else 0
