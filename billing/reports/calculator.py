"""Calculator: what a planned conversation costs, per turn, conversation and month, model by model.

In:   a `Plan`, a price book, a moment.   Out: an `Estimate` for each model, with its working, or why not.
Promises: every dollar is of `flow/price.py`, by the calls of `flow/conversation.py`; a turn is the sum of its
lines, a conversation of its turns, a month of its conversations, to the last decimal.
Never: a query, a rate of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from billing.flow.conversation import (
    LIFETIMES,
    MARKS,
    MOST_CALLS,
    MOST_TOOL_CALLS,
    MOST_TURNS,
    PARTS,
    Call,
    Conversation,
    Turn,
    turns,
)
from billing.flow.price import REASONS, Line, PriceBook, Priced, Unpriced, explain, price_event
from billing.flow.usage import Part, Usage
from billing.money import EXACT, TOKEN_CLASSES, minus, ratio, total

PROVIDER: Final = "anthropic"
MOST_MODELS: Final = 4
STANDARD_MODELS: Final = ("claude-sonnet-4-6", "claude-opus-5-5", "claude-haiku-4-5")
PER: Final = 1_000

BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "system": (0, 1_000_000),
    "tools": (0, 1_000_000),
    "context": (0, 1_000_000),
    "user": (0, 1_000_000),
    "response": (0, 200_000),
    "turns": (1, MOST_TURNS),
    "gap": (0, 604_800),
    "tool_calls": (0, MOST_TOOL_CALLS),
    "tool_request": (0, 100_000),
    "tool_result": (0, 1_000_000),
    "conversations": (0, 1_000_000_000),
}
"""The least and the most of each number that a query may ask."""
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "cached": MARKS,
    "lifetime": tuple(LIFETIMES),
    "history": ("none", "grows"),
}
PARAMETERS: Final = ("model", *BOUNDS, *CHOICES)


class PlanError(ValueError):
    """The query makes no plan. `field` names the parameter."""

    def __init__(self, detail: str, *, field: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


@dataclass(frozen=True, slots=True)
class Plan:
    """A conversation, how many of them a month has, and the models to compare, the chosen one first."""

    conversation: Conversation = field(default_factory=Conversation)
    conversations: int = 1_000
    models: tuple[str, ...] = STANDARD_MODELS


@dataclass(frozen=True, slots=True)
class TurnCost:
    number: int
    tokens: Mapping[str, int]
    cost: Decimal
    cost_uncached: Decimal

    @property
    def written(self) -> int:
        """Tokens written to the cache, for whatever lifetime."""
        return self.tokens["cache_write_5m"] + self.tokens["cache_write_1h"]


@dataclass(frozen=True, slots=True)
class Working:
    """How one turn's cost comes about: a line per class and rate, of all its calls."""

    number: int
    calls: int
    lines: tuple[Line, ...]
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Estimate:
    """One model's figures. `turns` are those of one conversation; `parts` is its cost by part of the prompt."""

    model: str
    turns: tuple[TurnCost, ...]
    parts: Mapping[str, Decimal]
    workings: tuple[Working, ...]
    conversations: int

    @property
    def first(self) -> TurnCost:
        return self.turns[0]

    @property
    def second(self) -> TurnCost | None:
        return self.turns[1] if len(self.turns) > 1 else None

    @property
    def last(self) -> TurnCost:
        return self.turns[-1]

    @property
    def is_even(self) -> bool:
        """All turns after the first cost the same."""
        return all(each.cost == self.last.cost for each in self.turns[1:])

    @property
    def conversation(self) -> Decimal:
        return total(each.cost for each in self.turns)

    @property
    def conversation_uncached(self) -> Decimal:
        return total(each.cost_uncached for each in self.turns)

    @property
    def month(self) -> Decimal:
        return EXACT.multiply(self.conversation, self.conversations)

    @property
    def month_uncached(self) -> Decimal:
        return EXACT.multiply(self.conversation_uncached, self.conversations)

    @property
    def saving(self) -> Decimal:
        """What caching saves in a month; negative where its writes cost more than its reads save."""
        return minus(self.month_uncached, self.month)

    @property
    def thousand_turns(self) -> Decimal:
        """Rounded to a millionth of a dollar."""
        return ratio(EXACT.multiply(self.conversation, PER), len(self.turns)) or Decimal(0)

    @property
    def thousand_turns_uncached(self) -> Decimal:
        cost = EXACT.multiply(self.conversation_uncached, PER)
        return ratio(cost, len(self.turns)) or Decimal(0)

    @property
    def multiplier(self) -> Decimal | None:
        """How many times as much the conversation costs without caching."""
        return ratio(self.conversation_uncached, self.conversation)

    @property
    def turn_multiplier(self) -> Decimal | None:
        """The same of the last turn alone."""
        return ratio(self.last.cost_uncached, self.last.cost)

    @property
    def tokens(self) -> dict[str, int]:
        """Of one conversation."""
        return {name: sum(each.tokens[name] for each in self.turns) for name in TOKEN_CLASSES}


@dataclass(frozen=True, slots=True)
class NoPrice:
    """A model that cannot be priced, and why: a code of `REASONS` and its sentence."""

    model: str
    reason: str

    @property
    def words(self) -> str:
        return REASONS[self.reason]


def estimates(plan: Plan, *, book: PriceBook, now: datetime) -> list[Estimate | NoPrice]:
    """In the order of the plan's models, at the prices of this moment's day."""
    planned = list(turns(plan.conversation))
    return [_estimate(model, planned, plan, book=book, now=now) for model in plan.models]


def plan_of(query: Mapping[str, str], *, models: Sequence[str] = ()) -> Plan:
    """The plan that a query string asks for; what it leaves out is the standard.

    Errors: PlanError for a number that is none or out of `BOUNDS`, an unknown choice, too many models.
    """
    standard = Plan()
    numbers = {
        name: _number(name, query[name]) for name in BOUNDS if query.get(name, "").strip() != ""
    }
    for name, known in CHOICES.items():
        if query.get(name) and query[name] not in known:
            raise PlanError(f"{name} is one of {', '.join(known)}.", field=name)
    chosen = tuple(dict.fromkeys(each.strip() for each in models if each.strip()))
    if len(chosen) > MOST_MODELS:
        raise PlanError(f"At most {MOST_MODELS} models are compared at once.", field="model")
    if any(len(each) > 200 for each in chosen):
        raise PlanError("A model's name has at most 200 characters.", field="model")
    conversations = numbers.pop("conversations", standard.conversations)
    words = {name: query[name] for name in ("cached", "lifetime") if query.get(name)}
    conversation = replace(standard.conversation, **numbers, **words)  # type: ignore[arg-type]
    grows = query["history"] == "grows" if query.get("history") else conversation.grows
    if conversation.calls > MOST_CALLS:
        detail = f"Turns and their tool calls are at most {MOST_CALLS} calls in one conversation."
        raise PlanError(detail, field="tool_calls")
    return Plan(replace(conversation, grows=grows), conversations, chosen or standard.models)


def query_of(plan: Plan) -> list[tuple[str, str]]:
    """The query string that asks for this plan."""
    asked = [("model", each) for each in plan.models]
    for name in BOUNDS:
        source = plan if name == "conversations" else plan.conversation
        asked.append((name, str(getattr(source, name))))
    chat = plan.conversation
    history = "grows" if chat.grows else "none"
    return [*asked, ("cached", chat.cached), ("lifetime", chat.lifetime), ("history", history)]


def address_of(plan: Plan) -> list[tuple[str, str]]:
    """The same without what is the standard: an address to share."""
    standard = query_of(Plan())
    own = [pair for pair in query_of(plan) if pair[0] != "model" and pair not in standard]
    models = [("model", each) for each in plan.models] if plan.models != STANDARD_MODELS else []
    return [*models, *own]


def _number(name: str, text: str) -> int:
    least, most = BOUNDS[name]
    text = text.strip().replace(",", "")
    is_plain = text.isascii() and text.isdecimal() and len(text) <= 12
    if not is_plain or not least <= int(text) <= most:
        detail = f"A whole number from {least:,} to {most:,}."
        raise PlanError(detail, field=name)
    return int(text)


def _estimate(
    model: str, planned: Sequence[Turn], plan: Plan, *, book: PriceBook, now: datetime
) -> Estimate | NoPrice:
    found: list[TurnCost] = []
    for turn in planned:
        priced = [_priced(call, model, book=book, now=now) for call in turn.calls]
        costs = [each for each in priced if isinstance(each, Priced)]
        unpriced = next((each for each in priced if isinstance(each, Unpriced)), None)
        if unpriced:
            return NoPrice(model, unpriced.reason)
        counts = map(sum, zip(*(call.tokens for call in turn.calls), strict=True))
        found.append(
            TurnCost(
                number=turn.number,
                tokens=dict(zip(TOKEN_CLASSES, counts, strict=True)),
                cost=total(each.cost for each in costs),
                cost_uncached=total(each.cost_uncached for each in costs),
            )
        )
    shown = dict.fromkeys((planned[0], *planned[1:2], planned[-1]))
    return Estimate(
        model=model,
        turns=tuple(found),
        parts=_by_part(planned, model, book=book, now=now),
        workings=tuple(_working(turn, model, book=book, now=now) for turn in shown),
        conversations=plan.conversations,
    )


def _usage(call: Call, model: str) -> Usage:
    return Usage((Part(model, call.tokens),))


def _priced(call: Call, model: str, *, book: PriceBook, now: datetime) -> Priced | Unpriced:
    return price_event(book, provider=PROVIDER, occurred_at=now, usage=_usage(call, model))


def _lines(call: Call, model: str, *, book: PriceBook, now: datetime) -> list[Line]:
    lines = explain(book, provider=PROVIDER, occurred_at=now, usage=_usage(call, model))
    return [] if isinstance(lines, Unpriced) else lines


def _working(turn: Turn, model: str, *, book: PriceBook, now: datetime) -> Working:
    added: dict[tuple[object, ...], Line] = {}
    for call in turn.calls:
        for line in _lines(call, model, book=book, now=now):
            key = (line.token_class, line.price_id)
            if key in added:
                sums = added[key].tokens + line.tokens, total((added[key].cost, line.cost))
                line = replace(line, tokens=sums[0], cost=sums[1])
            added[key] = line
    lines = tuple(added.values())
    return Working(turn.number, len(turn.calls), lines, total(line.cost for line in lines))


def _by_part(
    planned: Iterable[Turn], model: str, *, book: PriceBook, now: datetime
) -> dict[str, Decimal]:
    """The cost of a conversation by part: each line's cost is its tokens', so it is theirs in proportion."""
    costs = dict.fromkeys(PARTS, Decimal(0))
    for call in (call for turn in planned for call in turn.calls):
        lines = {line.token_class: line for line in _lines(call, model, book=book, now=now)}
        for name, counts in call.parts:
            for token_class, tokens in zip(TOKEN_CLASSES, counts, strict=True):
                if tokens:
                    line = lines[token_class]
                    per_token = EXACT.divide(line.cost, line.tokens)
                    costs[name] = EXACT.fma(per_token, tokens, costs[name])
    return costs
