"""The file of the explorer: exactly the lines of the page, as CSV.

In:   Lines of a question.   Out: a header and rows.
Promises: what is not known, or of several lines at once, is left open and never 0; no amount is rounded.
"""

from decimal import Decimal

from billing.money import TOKEN_CLASSES, plain
from billing.periods import period_text
from billing.reports.buckets import TOKEN_CLASS
from billing.web.explore_rows import Line
from billing.web.question import Question


def csv_header(asked: Question) -> list[str]:
    named = [column for name in asked.group_by for column in (name, f"{name}_name")]
    compared = ["cost_before"] if asked.granularity == "total" else []
    return [
        *(["since", "until"] if asked.granularity == "total" else ["period"]),
        *named,
        "events",
        "unpriced_events",
        "cost_is",
        "cost",
        *compared,
        "cost_uncached",
        "saving",
        "cache_hit_rate",
        *(f"tokens_{name}" for name in TOKEN_CLASSES),
    ]


def csv_row(line: Line, *, asked: Question) -> list[object]:
    """Where nothing has a price the amounts are left open; `cost_is` says >= where some of it has none."""
    spend, days = line.spend, asked.days
    at = [days.since.isoformat(), days.until.isoformat()]
    whole_calls = TOKEN_CLASS not in asked.group_by and TOKEN_CLASS not in asked.filters
    money = [spend.cost_uncached, spend.saving] if whole_calls else [None, None]
    return [
        *(at if asked.granularity == "total" else [period_text(line.period)]),
        *(text for cell in line.cells for text in (cell.value, cell.name)),
        "" if line.events is None else line.events,
        spend.unpriced_events if line.is_apart or TOKEN_CLASS not in asked.group_by else "",
        ">=" if line.lacks_price else "",
        _exact(None if line.is_unpriced else spend.cost),
        *([_exact(line.before)] if asked.granularity == "total" else []),
        *(_exact(None if line.is_unpriced else each) for each in money),
        _exact(spend.cache_hit_rate if whole_calls else None),
        *spend.tokens.values(),
    ]


def _exact(amount: Decimal | None) -> Decimal | str:
    return "" if amount is None else Decimal(plain(amount))
