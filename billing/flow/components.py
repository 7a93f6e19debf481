"""Components: what each part of the prompt, and the answer, of one event cost. Pure.

In:   the event's components, in prompt order with the caller's estimates; tokens and cost of its calls.
Out:  a Share per component, with whole tokens and exact dollars per class; none without estimates.
Promises: the shares add up to the event, class by class, to the last decimal. Nothing is rounded: a class
      costs tokens x rate, so whole tokens of it cost exactly their part.
Never: a token that was not billed. Estimates only say in which proportion the prompt was made up.

`event_parts` (billing/migrations) says the same in the database, for the totals; a test compares the two.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import accumulate
from typing import Final

from msgspec import Struct

from billing.flow.price import Line
from billing.flow.price_book import Rates
from billing.flow.usage import Counts, Usage
from billing.money import EXACT, TOKEN_CLASSES, ZERO, total

RESPONSE: Final = "response"
WEB_SEARCH: Final = "web_search"
OTHER_CALLS: Final = "other_calls"
"""Advisors, compactions and attempts of the same event: their prompts are not the one that was described."""

_FRESH, _WRITE_5M, _WRITE_1H, _READ, _OUTPUT, _SEARCHES = range(len(TOKEN_CLASSES))
_PROMPT_ORDER: Final = (_READ, _WRITE_1H, _WRITE_5M, _FRESH)
"""As the API caches: what is read comes first, then long lifetimes, short ones, and what is not cached."""

Said = tuple[str, int]
"""Name and estimated tokens of a component."""
Call = tuple[Counts, Rates]
"""Tokens and dollars per class of one call to a model."""


class Share(Struct, frozen=True):
    """What one component had of the event, per token class. `input` is what was not cached."""

    component: str
    tokens: Counts
    costs: Rates

    @property
    def cost(self) -> Decimal:
        return total(self.costs)

    @property
    def all_tokens(self) -> int:
        return sum(self.tokens[:_SEARCHES])


def split_event(components: Sequence[Said], *, calls: Sequence[Call]) -> list[Share]:
    """The event's shares; the first call is the one that answered, and its prompt is what was described.

    [] without components, or where their estimates are all zero: such an event is not split.
    """
    estimates = [tokens for _, tokens in components]
    if not any(estimates):
        return []
    tokens, costs = calls[0]
    spans = _spans(tokens)
    parts: dict[str, list[int]] = {}
    ends = list(accumulate(scaled(estimates, whole=sum(tokens[:_OUTPUT])), initial=0))
    for (name, _), begin, end in zip(components, ends, ends[1:], strict=False):
        if begin < end:
            part = parts.setdefault(name, [0] * len(TOKEN_CLASSES))
            for each, (first, after) in spans.items():
                part[each] += max(0, min(end, after) - max(begin, first))
    parts[RESPONSE] = _only(tokens, _OUTPUT)
    if tokens[_SEARCHES]:
        parts[WEB_SEARCH] = _only(tokens, _SEARCHES)
    return [_share(name, part, tokens, costs) for name, part in parts.items()] + _others(calls[1:])


def calls_of(usage: Usage, *, lines: Iterable[Line]) -> list[Call]:
    """The calls behind a priced event, from the lines that explain its cost; a free call costs nothing."""
    costs = (line.cost for line in lines)
    calls: list[Call] = []
    for part in usage.parts:
        a, b, c, d, e, f = (
            next(costs) if tokens and part.is_billed else ZERO for tokens in part.tokens
        )
        calls.append((part.tokens, (a, b, c, d, e, f)))
    return calls


def scaled(estimates: Sequence[int], *, whole: int) -> list[int]:
    """The estimates in proportion, as whole numbers that add up to `whole`: by the largest remainder.

    Of equal remainders the one that comes first in the prompt gets the token.
    """
    said = sum(estimates)
    shares = [divmod(each * whole, said) for each in estimates]
    left = whole - sum(tokens for tokens, _ in shares)
    by_remainder = sorted(range(len(shares)), key=lambda place: -shares[place][1])
    more = set(by_remainder[:left])
    return [tokens + (place in more) for place, (tokens, _) in enumerate(shares)]


def _spans(tokens: Counts) -> dict[int, tuple[int, int]]:
    """Where in the prompt the tokens of each class are."""
    spans, begin = {}, 0
    for each in _PROMPT_ORDER:
        spans[each] = (begin, begin + tokens[each])
        begin += tokens[each]
    return spans


def _only(tokens: Counts, wanted: int) -> list[int]:
    return [count if each == wanted else 0 for each, count in enumerate(tokens)]


def _share(name: str, part: Sequence[int], tokens: Counts, costs: Rates) -> Share:
    fresh, write_5m, write_1h, read, output, searches = part
    a, b, c, d, e, f = (
        EXACT.divide(EXACT.multiply(cost, count), of) if count else ZERO
        for cost, count, of in zip(costs, part, tokens, strict=True)
    )
    return Share(name, (fresh, write_5m, write_1h, read, output, searches), (a, b, c, d, e, f))


def _others(calls: Sequence[Call]) -> list[Share]:
    if not calls:
        return []
    a, b, c, d, e, f = map(sum, zip(*(tokens for tokens, _ in calls), strict=True))
    u, v, w, x, y, z = map(total, zip(*(costs for _, costs in calls), strict=True))
    return [Share(OTHER_CALLS, (a, b, c, d, e, f), (u, v, w, x, y, z))]
