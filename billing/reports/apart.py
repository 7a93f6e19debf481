"""Apart: what has no price in a row of its own, so that every other row's cost is the cost of its events.

In:   a question of spend that tells something apart.   Out: the report, with an unpriced row per period.
Promises: the rows add up to the same total, events and tokens too; no event is in two rows. A row whose value
      has more events, in the unpriced row, says that it is partial: its true cost is higher.
Never: an amount for what has no price.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from billing.periods import DayRange
from billing.reports.buckets import TOKEN_CLASS
from billing.reports.filters import PRICED
from billing.reports.measures import Row, SpendReport, add_up
from billing.reports.spend import found_rows, report_of, spend

UNPRICED = "(unpriced)"
Place = tuple[object, ...]
"""Of a row: its period and its values."""


@dataclass(frozen=True, slots=True)
class Apart:
    """`lacking`: the places of which something is in the unpriced row, also those that have no other row."""

    report: SpendReport
    lacking: frozenset[Place]


def spend_apart(
    days: DayRange, *, granularity: str, group_by: Sequence[str], narrow: Mapping[str, str]
) -> Apart:
    """`spend`, with what has no price apart; as it is where nothing is told apart, or the price is asked for.

    Errors: as `spend`.
    """
    if not group_by or narrow.get(PRICED):
        whole = spend(days, granularity=granularity, group_by=group_by, narrow=narrow)
        return Apart(whole, frozenset())
    rows, view = found_rows(
        days, granularity=granularity, group_by=group_by, filters=narrow, by_price=True
    )
    parts: dict[str, list[Row]] = {"True": [], "False": []}
    for row in rows:
        parts[row.keys.pop(PRICED)].append(row)

    def report(of: Sequence[Row], *groups: str) -> SpendReport:
        return report_of(of, group_by=groups, filters=narrow, view=view)

    priced, unpriced = (report(parts[each], *group_by) for each in ("True", "False"))
    lacking = frozenset(_place(row) for row in unpriced.rows)
    found = [replace(row, is_partial=_place(row) in lacking) for row in priced.rows]
    whole_calls = [name for name in group_by if name != TOKEN_CLASS]
    keys = dict.fromkeys(group_by, UNPRICED)
    for _, of in groupby(parts["False"], key=_period):
        at_once = report(list(of), *whole_calls)
        if at_once.rows:
            found.append(Row(at_once.rows[0].period, keys, at_once.total, is_unpriced=True))
    total = add_up((priced.total, unpriced.total))
    return Apart(SpendReport(sorted(found, key=_period), total, priced.as_of), lacking)


def _place(row: Row) -> Place:
    return (row.period, *row.keys.values())


def _period(row: Row) -> str:
    return row.period.isoformat() if row.period else ""
