"""What the calculator's page shows of a plan: figures, models side by side, the working, what to know.

In:   a plan and a book.   Out: a Screen, for `billing/calculator.html`.   Never: a query.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import urlencode

from billing.flow.conversation import LIFETIMES, Conversation
from billing.flow.price import PriceBook
from billing.flow.tokenizer import is_comparable
from billing.money import ZERO, dollars, minus, ratio
from billing.reports.calculator import (
    Estimate,
    NoPrice,
    Plan,
    Working,
    address_of,
    estimates,
    query_of,
)
from billing.templatetags.figures import exact_times
from billing.web.stats import Stat

PART_NAMES = {
    "system": "System prompt",
    "tools": "Tool definitions",
    "context": "Retrieved context",
    "history": "What was said before",
    "user": "User message and tool results",
    "response": "Response and tool requests",
}
QUOTED = ("claude-3-5-haiku", "claude-haiku-4-5")
"""Of these are the figures that circulate for a Sonnet turn: the first cached, the second uncached."""


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model beside the others. `url` asks for it first;"""

    model: str
    estimate: Estimate | NoPrice
    url: str
    is_priced: bool
    share: int
    other_tokenizer: bool


@dataclass(frozen=True, slots=True)
class PartRow:
    name: str
    cost: Decimal
    share: int


@dataclass(frozen=True, slots=True)
class WorkedTurn:
    title: str
    working: Working


@dataclass(frozen=True, slots=True)
class Screen:
    plan: Plan
    on: date
    query: str
    full_query: str
    chosen: Estimate | None
    stats: tuple[Stat, ...]
    rows: tuple[ModelRow, ...]
    parts: tuple[PartRow, ...]
    workings: tuple[WorkedTurn, ...]
    words: tuple[str, ...]
    quoted: tuple[Estimate, ...]


def calculator_screen(plan: Plan, *, book: PriceBook, now: datetime) -> Screen:
    found = estimates(plan, book=book, now=now)
    chosen = found[0] if isinstance(found[0], Estimate) else None
    quoted: list[Estimate | NoPrice] = []
    is_list = book.list_book is None  # with terms of its own a tenant pays other figures than those
    if is_list and plan.conversation == Conversation() and plan.models[0] == Plan().models[0]:
        quoted = estimates(replace(plan, models=QUOTED), book=book, now=now)
    return Screen(
        plan=plan,
        on=now.astimezone(UTC).date(),
        query=urlencode(address_of(plan)),
        full_query=urlencode(query_of(plan)),
        chosen=chosen,
        stats=_stats(chosen) if chosen else (),
        rows=_rows(found, plan),
        parts=_parts(chosen) if chosen else (),
        workings=_workings(chosen) if chosen else (),
        words=tuple(_words(plan, chosen)) if chosen else (),
        quoted=tuple(each for each in quoted if isinstance(each, Estimate))
        if len(quoted) == len(QUOTED)
        else (),
    )


def fine(amount: Decimal) -> str:
    """A cost per turn: four places under a dollar."""
    return dollars(amount, places=4 if abs(amount) < 1 else 2)


def _stats(found: Estimate) -> tuple[Stat, ...]:
    later = (
        f"without caching {fine(found.last.cost_uncached)}, {exact_times(found.turn_multiplier)}"
    )
    first = f"without caching {fine(found.first.cost_uncached)}"
    turns = f"{len(found.turns)} turn{'' if len(found.turns) == 1 else 's'}"
    stats = [Stat("First turn", fine(found.first.cost), first)]
    if found.second:
        label = "Each later turn" if found.is_even else "Last turn"
        stats.insert(0, Stat(label, fine(found.last.cost), later))
    thousand = f"without caching {dollars(found.thousand_turns_uncached)}"
    month = f"without caching {dollars(found.month_uncached)}, {exact_times(found.multiplier)}"
    return (
        *stats,
        Stat("Conversation", fine(found.conversation), turns),
        Stat("1,000 turns", dollars(found.thousand_turns), thousand),
        Stat("Month", dollars(found.month), month),
    )


def _rows(found: Sequence[Estimate | NoPrice], plan: Plan) -> tuple[ModelRow, ...]:
    most = max((each.month for each in found if isinstance(each, Estimate)), default=ZERO)
    first = found[0].model
    rows = []
    for each in found:
        others = [model for model in plan.models if model != each.model]
        query = address_of(replace(plan, models=(each.model, *others)))
        share = ratio(each.month, most, places=2) if isinstance(each, Estimate) else None
        rows.append(
            ModelRow(
                model=each.model,
                estimate=each,
                url="" if each.model == first else f"?{urlencode(query)}",
                is_priced=isinstance(each, Estimate),
                share=int((share or ZERO) * 100),
                other_tokenizer=not is_comparable(first, each.model),
            )
        )
    return tuple(rows)


def _parts(found: Estimate) -> tuple[PartRow, ...]:
    return tuple(
        PartRow(PART_NAMES[name], cost, int((ratio(cost, found.conversation, places=2) or 0) * 100))
        for name, cost in found.parts.items()
        if cost
    )


def _workings(found: Estimate) -> tuple[WorkedTurn, ...]:
    titles = {1: "First turn", 2: "Each later turn" if found.is_even else "Second turn"}
    shown = found.workings[:2] if found.is_even else found.workings
    return tuple(
        WorkedTurn(titles.get(each.number, f"Turn {each.number}, the last one"), each)
        for each in shown
    )


def _words(plan: Plan, found: Estimate) -> list[str]:
    """What to know about this plan, in sentences."""
    chat, words = plan.conversation, []
    if chat.cached == "nothing":
        words.append("Nothing is cached, so the whole prompt is paid at the input rate each time.")
    elif chat.turns > 1 and not chat.stays_warm:
        minutes = LIFETIMES[chat.lifetime] // 60
        words.append(
            f"The pause of {chat.gap:,} seconds is longer than the {minutes} minutes of the cache:"
            " each turn writes it again and reads nothing from the turn before."
        )
    if found.saving < ZERO:
        words.append(
            f"Caching costs {dollars(abs(found.saving))} a month more than it saves:"
            " what is written is not read often enough."
        )
    elif found.saving > ZERO:
        words.append(f"Caching saves {dollars(found.saving)} a month, after what its writes cost.")
    if chat.cached == "history" and not chat.grows and not chat.tool_calls:
        words.append(
            "Each turn stands alone, so there is nothing said before that could be cached."
        )
    if chat.grows and found.second and found.second.cost:
        growth = ratio(minus(found.last.cost, found.second.cost), found.second.cost, places=2)
        words.append(
            f"What was said before is carried along: the last turn costs {fine(found.last.cost)},"
            f" the second {fine(found.second.cost)} ({growth:+.0%})."
        )
    if chat.tool_calls:
        calls = chat.tool_calls + 1
        words.append(f"Each turn is {calls} calls to the model, and each carries the whole prompt.")
    return words
