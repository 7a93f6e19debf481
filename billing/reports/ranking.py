"""Ranking: the largest values of a report by name, the rest together as one.

In:   rows of a spend report.   Out: fewer rows with the same sums, to the last decimal.
Promises: what names no feature or environment keeps a row of its own, whatever it costs; what has no price too,
      where it stands apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from billing.money import EXACT, ZERO
from billing.reports.measures import Row, add_up
from billing.reports.spend import ReportError

OTHER = "(other)"
"""The rest; also what the rollups call the values of a project and day beyond the first 200."""
MOST = 100
Leaders = Mapping[str, frozenset[str]]
"""For each dimension the values that keep their name."""


def top_of(text: str) -> int:
    """How many values keep their name, as a query string says it; 0: all of them.

    Errors: ReportError `invalid_top`.
    """
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else 0
    if text and not 0 < number <= MOST:
        raise ReportError("invalid_top", f"top is a number from 1 to {MOST}.", field="top")
    return number


def leaders(rows: Iterable[Row], *, group_by: Sequence[str], top: int) -> Leaders:
    """The `top` values of each dimension by cost; where that is the same, by events."""
    sums: dict[str, dict[str, tuple[Decimal, int]]] = {name: {} for name in group_by}
    for row in (each for each in rows if not each.is_unpriced):
        for name, values in sums.items():
            cost, events = values.get(row.keys[name], (ZERO, 0))
            spend = row.measures
            values[row.keys[name]] = EXACT.add(cost, spend.cost), events + spend.events
    return {name: _largest(values, top=top) for name, values in sums.items()}


def _largest(values: Mapping[str, tuple[Decimal, int]], *, top: int) -> frozenset[str]:
    named = [value for value in values if value not in {"", OTHER}]
    ranked = sorted(named, key=lambda value: (-values[value][0], -values[value][1], value))
    return frozenset({*ranked[:top], ""})


def with_other(rows: Iterable[Row], *, keep: Leaders) -> list[Row]:
    """The rows, those of other values than the kept ones added up; in the order of the report."""
    groups: dict[tuple[object, ...], list[Row]] = {}
    for row in rows:
        keys = row.keys if row.is_unpriced else _kept(row.keys, keep=keep)
        place = (row.is_unpriced, row.period, *keys.values())
        groups.setdefault(place, []).append(replace(row, keys=keys))
    return sorted(map(_together, groups.values()), key=_order)


def _kept(keys: Mapping[str, str], *, keep: Leaders) -> dict[str, str]:
    return {name: keys[name] if keys[name] in kept else OTHER for name, kept in keep.items()}


def _together(rows: Sequence[Row]) -> Row:
    first, *more = rows
    whole = add_up(row.measures for row in rows) if more else first.measures
    return replace(first, measures=whole, is_partial=any(row.is_partial for row in rows))


def _order(row: Row) -> tuple[object, ...]:
    period = row.period.isoformat() if row.period else ""
    return (period, row.is_unpriced, -row.measures.cost, *row.keys.values())
