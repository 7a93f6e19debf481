"""Components on pages: what each part of the prompt, and the answer, costs, cached and not, and it in words.

In:   rows of a report by component.   Out: a Waterfall for `parts/components.html`.
Promises: its bars meet and end where the spend ends; it says nothing where nothing is split.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import accumulate

from django.db.models import Exists, OuterRef, Q

from billing.flow.components import OTHER_CALLS
from billing.models import ComponentSpend, SpendEntry
from billing.money import TOKEN_CLASSES, ZERO, dollars, ratio, total
from billing.reports.components import COUNTING, NOT_SPLIT
from billing.reports.measures import Measures, Row, SpendReport, add_up
from billing.templatetags.figures import count, percent
from billing.web.figures import spend_figure
from billing.web.ranges import Asked, Choice
from billing.web.tables import by_key
from billing.web.words import rough

COMPONENT_NAMES = {
    "system": "System prompt",
    "tools": "Tool definitions",
    "context": "Context",
    "history": "History",
    "user": "User message",
    "other": "Other prompt",
    "response": "Response",
    "web_search": "Web searches",
    OTHER_CALLS: "Other calls",
    NOT_SPLIT: "Not split",
}
"""In the order of a prompt."""
WIDTH = 1000
_SUBJECTS = {
    "system": "The system prompt is",
    "tools": "Tool definitions are",
    "user": "The user message is",
    "other": "The rest of the prompt is",
    "response": "The response is",
    "web_search": "Web searches are",
}
_COLOURS = {
    "cache_read": "s1",
    "cache_write_5m": "s2",
    "cache_write_1h": "s2",
    "input": "s3",
    "output": "s4",
    "web_search": "s5",
}
_LEGEND = {
    "s1": "read from cache",
    "s2": "written to cache",
    "s3": "not cached",
    "s4": "answer",
    "s5": "searches",
    "other": "not split",
}


def is_split(column: str) -> Q:
    """Whether any call of a client or project says what its prompt was made of; for the query that finds it."""
    here = {column: OuterRef("pk")}
    waiting = SpendEntry.objects.filter(split__isnull=False, **here)
    return Exists(ComponentSpend.objects.filter(**here)) | Exists(waiting)


@dataclass(frozen=True, slots=True)
class Piece:
    """One colour of a bar, in thousandths of the spend, and what it stands for."""

    css: str
    x: int
    width: int
    cost: Decimal

    @property
    def text(self) -> str:
        return _LEGEND[self.css]


@dataclass(frozen=True, slots=True)
class Step:
    """One component. `cached` is how much of its prompt tokens came from the cache, None for an answer."""

    name: str
    spend: Measures
    tokens: int
    cached: Decimal | None
    share: Decimal | None
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Waterfall:
    steps: tuple[Step, ...]
    legend: tuple[tuple[str, str], ...]
    spend: Measures
    words: str


def waterfall(rows: Iterable[Row], *, whose: str) -> Waterfall | None:
    """`whose`: "this project's". None where no call says what its prompt was made of."""
    found = by_key(rows, key="component")
    if not found.keys() - {NOT_SPLIT}:
        return None
    whole = add_up(found.values())
    pieces = _pieces(found, whole=whole.cost)
    used = {each.css for step in pieces.values() for each in step}
    return Waterfall(
        steps=tuple(
            Step(
                name=shown,
                spend=found[name],
                tokens=sum(found[name].tokens[each] for each in TOKEN_CLASSES[:5]),
                cached=found[name].cache_hit_rate,
                share=ratio(found[name].cost, whole.cost),
                pieces=tuple(pieces.get(name, ())),
            )
            for name, shown in COMPONENT_NAMES.items()
            if name in found
        ),
        legend=tuple((css, text) for css, text in _LEGEND.items() if css in used),
        spend=whole,
        words=" ".join(_sentences(found, whole, whose=whose)),
    )


def _pieces(found: Mapping[str, Measures], *, whole: Decimal) -> dict[str, list[Piece]]:
    """Sums are rounded, not parts: so pieces meet, and the last one ends where the spend ends."""
    amounts = [
        (name, css, cost)
        for name in COMPONENT_NAMES
        if name in found
        for css, cost in _colours(name, found[name])
    ]
    sums = accumulate((cost for *_, cost in amounts), initial=ZERO)
    ends = [_thousandths(so_far, whole=whole) for so_far in sums]
    pieces: dict[str, list[Piece]] = {}
    for (name, css, cost), begin, end in zip(amounts, ends, ends[1:], strict=False):
        if cost:
            pieces.setdefault(name, []).append(Piece(css, begin, end - begin, cost))
    return pieces


def component_unit(asked: Asked) -> str:
    """Components are kept by day: a single day has no hours."""
    return "day" if asked.unit == "hour" else asked.unit


def component_context(
    now: SpendReport,
    *,
    asked: Asked,
    whose: str,
    tabs: tuple[Choice, ...] = (),
    bars: SpendReport | None = None,
) -> dict[str, object]:
    """The waterfall, and the stack of its days where a range has several. `bars`: the same by day, where `now`
    is not."""
    fall = waterfall(now.rows, whose=whose)
    context: dict[str, object] = {"by_component": True, "fall": fall, "tabs": tabs}
    if fall and asked.unit != "hour":
        rows = (bars or now).rows
        figure = spend_figure(rows, key="component", names=COMPONENT_NAMES, asked=asked)
        context["figure"] = replace(figure, title=f"{figure.title} by component")
    return context


def counted_once(report: SpendReport) -> SpendReport:
    """For tables that add components up: an event without a price is one, whatever its prompt is made of."""
    rows = [
        row
        if row.keys["component"] in COUNTING
        else replace(row, measures=replace(row.measures, unpriced_events=0))
        for row in report.rows
    ]
    return replace(report, rows=rows)


def _colours(name: str, spend: Measures) -> Iterator[tuple[str, Decimal]]:
    if name == NOT_SPLIT:
        yield "other", spend.cost
        return
    for css in _LEGEND:
        yield css, total(spend.costs[each] for each, colour in _COLOURS.items() if colour == css)


def _thousandths(amount: Decimal, *, whole: Decimal) -> int:
    return int((amount * WIDTH / whole).to_integral_value()) if whole else 0


def _sentences(found: Mapping[str, Measures], whole: Measures, *, whose: str) -> Iterator[str]:
    """What costs most, how much of it comes from the cache, and what nobody has described."""
    name = max(found.keys() - {NOT_SPLIT}, key=lambda each: (found[each].cost, each))
    largest = found[name]
    if not largest.cost:
        yield "What is split has no price yet."
        return
    subject = _SUBJECTS.get(name, f"{COMPONENT_NAMES[name]} is")
    share = percent(ratio(largest.cost, whole.cost))
    cached = largest.cache_hit_rate
    more = ""
    if cached is not None:
        more = (
            f"; {percent(cached)} of its tokens come from the cache"
            if cached
            else "; none of its tokens come from the cache"
        )
    at_least = " that has a price" if whole.unpriced_events else ""
    yield f"{subject} {share} of {whose} spend{at_least}: {rough(largest.cost)} of {rough(whole.cost)}{more}."
    rest = found.get(NOT_SPLIT)
    if rest and rest.cost:
        calls = f"{count(rest.events)} call{'' if rest.events == 1 else 's'}"
        yield f"{dollars(rest.cost)} is of {calls} without a description of the prompt, or billed as several."
