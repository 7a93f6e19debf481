"""Conversation: a chat as it is planned -> the usage that each of its calls will report.

In:   sizes, what of them is cached and for how long, pace, tool calls: a `Conversation`.
Out:  a `Turn` for each turn, with the token counts of its calls, part of the prompt by part.
Promises: caching moves tokens between classes and never changes their number. What was not in the cache
before a call is never read from it.
Never: a price (price.py has them), I/O.

What is cached is the beginning of a prompt, so one place says it all: everything in front of the mark. The
newest message stands behind it. A conversation begins with nothing in the cache; a pause longer than the
lifetime empties it, and each use begins the lifetime anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from billing.flow.usage import Counts

NOTHING: Final = "nothing"
HISTORY: Final = "history"
FIXED: Final = ("system", "tools", "context")
"""The parts of a prompt that stay the same, in its order."""
MARKS: Final = (NOTHING, *FIXED, HISTORY)
"""How far the cache reaches: up to and with this part."""
PARTS: Final = (*FIXED, HISTORY, "user", "response")
LIFETIMES: Final = {"5m": 300, "1h": 3_600}
"""Seconds for which a prefix stays in the cache after it was last used."""
MOST_TURNS: Final = 100
MOST_TOOL_CALLS: Final = 20
MOST_CALLS: Final = 500
"""Calls of one conversation: turns, and those of tools among them."""

_CLASS_OF: Final = {"fresh": 0, "5m": 1, "1h": 2, "read": 3, "output": 4}


@dataclass(frozen=True, slots=True)
class Conversation:
    """The standard: a support chat with 8 K of system prompt and 12 K of context in the cache.

    Sizes are tokens. `gap` is the pause between turns in seconds. With `grows` each turn carries what was
    said before it. Each of `tool_calls` is a further call of its turn, which carries the prompt again:
    the model asks with `tool_request` tokens and is answered with `tool_result`.
    """

    system: int = 8_000
    tools: int = 0
    context: int = 12_000
    user: int = 200
    response: int = 600
    cached: str = "context"
    lifetime: str = "5m"
    grows: bool = False
    turns: int = 10
    gap: int = 60
    tool_calls: int = 0
    tool_request: int = 100
    tool_result: int = 500

    @property
    def calls(self) -> int:
        return self.turns * (self.tool_calls + 1)

    @property
    def stays_warm(self) -> bool:
        return self.gap <= LIFETIMES[self.lifetime]


@dataclass(frozen=True, slots=True)
class Call:
    """One call to the model: for each part of the prompt, and the response, its tokens by class."""

    parts: tuple[tuple[str, Counts], ...]

    @property
    def tokens(self) -> Counts:
        a, b, c, d, e, f = map(sum, zip(*(counts for _, counts in self.parts), strict=True))
        return a, b, c, d, e, f


@dataclass(frozen=True, slots=True)
class Turn:
    number: int
    calls: tuple[Call, ...]


def turns(planned: Conversation) -> Iterator[Turn]:
    """The turns in order; the number of calls in each is `tool_calls` + 1."""
    history = warm = 0
    for number in range(1, planned.turns + 1):
        if number > 1 and not planned.stays_warm:
            warm = 0
        calls, said = [], history
        newest = planned.user
        for place in range(planned.tool_calls + 1):
            output = planned.response if place == planned.tool_calls else planned.tool_request
            call, warm = _call(planned, said=said, newest=newest, output=output, warm=warm)
            calls.append(call)
            said += newest + output
            newest = planned.tool_result
        if planned.grows:
            history = said
        else:  # what is cached of this turn is of no use to the next one
            warm = min(warm, planned.system + planned.tools + planned.context)
        yield Turn(number, tuple(calls))


def _call(
    planned: Conversation, *, said: int, newest: int, output: int, warm: int
) -> tuple[Call, int]:
    """A call, and how many tokens at the prompt's beginning the cache holds after it."""
    mark = MARKS.index(planned.cached)
    sizes = (planned.system, planned.tools, planned.context, said)
    parts, start = [], 0
    for place, (name, size) in enumerate(zip((*FIXED, HISTORY), sizes, strict=True), start=1):
        if place > mark:
            parts.append((name, _counts(fresh=size)))
            continue
        read = min(max(warm - start, 0), size)
        parts.append((name, _counts(read=read, **{planned.lifetime: size - read})))
        start += size
    parts += [("user", _counts(fresh=newest)), ("response", _counts(output=output))]
    return Call(tuple(parts)), start


def _counts(**tokens: int) -> Counts:
    counts = [0] * 6
    for name, number in tokens.items():
        counts[_CLASS_OF[name]] = number
    a, b, c, d, e, f = counts
    return a, b, c, d, e, f
