"""Tables: what a range was spent on, with a row per client, project, model or other dimension.

In:   rows of a spend report, and of the range before.   Out: a Breakdown (`parts/breakdown.html`).
Promises: the rows add up to the total; what has no name is a row too.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from billing.money import ZERO, total
from billing.reports.measures import Measures, Row, add_up
from billing.templatetags.figures import CLASS_NAMES


@dataclass(frozen=True, slots=True)
class BreakdownRow:
    """`share` is whole per cent of the table's spend; `is_partial`: its change is of what has a price."""

    name: str
    detail: str
    url: str
    spend: Measures
    before: Decimal
    share: int
    is_partial: bool


@dataclass(frozen=True, slots=True)
class Breakdown:
    title: str
    noun: str
    rows: tuple[BreakdownRow, ...]
    total: Measures
    before: Decimal
    compares: bool
    is_partial: bool


@dataclass(frozen=True, slots=True)
class ClassRow:
    """`cached`: the tokens were written to the cache or read from it. `unpriced`: none of them has a price."""

    name: str
    cached: bool
    tokens: int
    cost: Decimal
    share: int
    unpriced: bool


@dataclass(frozen=True, slots=True)
class ClassTable:
    rows: tuple[ClassRow, ...]
    spend: Measures


def class_table(spend: Measures) -> ClassTable:
    """What was paid for: a row per token class that was used, in the order of the price list."""
    return ClassTable(
        rows=tuple(
            ClassRow(
                name=CLASS_NAMES[name],
                cached=name.startswith("cache_"),
                tokens=tokens,
                cost=spend.costs[name],
                share=_share(spend.costs[name], whole=spend.cost),
                unpriced=bool(spend.unpriced_events and not spend.costs[name]),
            )
            for name, tokens in spend.tokens.items()
            if tokens
        ),
        spend=spend,
    )


def breakdown(
    title: str,
    *,
    noun: str,
    key: str,
    rows: Iterable[Row],
    before: Iterable[Row] | None = None,
    names: Mapping[str, str],
    url: Callable[[str], str] | None = None,
    exact: bool = False,
    listed: Iterable[str] = (),
    details: Mapping[str, str] | None = None,
) -> Breakdown:
    """Add the rows up by `key`, largest spend first.

    `names` gives each value its name, `before` what to compare with (None: the table does not),
    `url` the page of a value (None: there is none); `exact` shows the value under its name;
    `listed` are there without spend as well; `details` stand under a name.
    """
    spend = by_key(rows, key=key)
    were = by_key(before or (), key=key)
    earlier = {value: sums.cost for value, sums in were.items()}
    partial = {
        value for sums in (spend, were) for value, each in sums.items() if each.unpriced_events
    }
    whole = add_up(spend.values())
    under = dict(details or {})
    shown = {*spend, *earlier, *listed}
    return Breakdown(
        title=title,
        noun=noun,
        rows=tuple(
            BreakdownRow(
                name=names.get(value) or value,
                detail=under.get(value, value if exact and names.get(value) != value else ""),
                url=url(value) if url and value else "",
                spend=spend.get(value) or add_up(()),
                before=earlier.get(value, ZERO),
                share=_share(_cost(spend, value), whole=whole.cost),
                is_partial=value in partial,
            )
            for value in sorted(shown, key=lambda each: (-_cost(spend, each), each))
        ),
        total=whole,
        before=total(earlier.values()),
        compares=before is not None,
        is_partial=bool(partial),
    )


def by_key(rows: Iterable[Row], *, key: str) -> dict[str, Measures]:
    """The sums of the rows for each value of one key."""
    groups: dict[str, list[Measures]] = {}
    for row in rows:
        groups.setdefault(row.keys[key], []).append(row.measures)
    return {value: add_up(measures) for value, measures in groups.items()}


def _cost(spend: Mapping[str, Measures], value: str) -> Decimal:
    return spend[value].cost if value in spend else ZERO


def _share(cost: Decimal, *, whole: Decimal) -> int:
    return int(100 * cost / whole) if whole > 0 else 0
