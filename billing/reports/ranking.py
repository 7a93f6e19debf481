"""Ranking: the largest values of a report by name, the rest together as one.

In:   rows of a spend report.   Out: fewer rows with the same sums, to the last decimal.
Promises: what names no feature or environment keeps a row of its own, whatever it costs.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from billing.money import EXACT, ZERO
from billing.reports.spend import ReportError, Row, add_up

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
    for row in rows:
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
        keys = {
            name: row.keys[name] if row.keys[name] in kept else OTHER for name, kept in keep.items()
        }
        groups.setdefault((row.period, *keys.values()), []).append(
            Row(row.period, keys, row.measures)
        )
    return sorted(map(_together, groups.values()), key=_order)


def _together(rows: Sequence[Row]) -> Row:
    first, *more = rows
    whole = add_up(row.measures for row in rows) if more else first.measures
    return Row(first.period, first.keys, whole)


def _order(row: Row) -> tuple[object, ...]:
    period = row.period.isoformat() if row.period else ""
    return (period, -row.measures.cost, *row.keys.values())
