"""Words: what a chart shows, said in a sentence or two for people who do not look at pictures.

In: a Chart.   Out: plain text.   Never: a figure that the chart does not hold.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from statistics import median

from billing.money import ZERO, dollars, total
from billing.web.charts import Chart, Row

ENOUGH_DAYS = 14
"""Fewer days do not show a habit, so weekdays and weekends are not told apart."""


NOTHING_PRICED = "Nothing in this range has a price yet."


def chart_summary(chart: Chart) -> str:
    """Say what is usual and what stands out."""
    spent = [row for row in chart.rows if row.total > 0]
    if not spent:
        return NOTHING_PRICED if chart.at_least else "No spend in this range."
    highest = max(spent, key=lambda row: row.total)
    if len(spent) == 1:
        return f"All of it, {_spent(highest)}, {_when(highest)}."
    return f"{_usual(chart)} {_highest(highest, spent=spent)}"


def _spent(row: Row) -> str:
    return f"{'≥ ' if row.at_least else ''}{dollars(row.total)}"


def rough(amount: Decimal) -> str:
    """An amount for a sentence: whole dollars from $10 up."""
    return dollars(amount, places=0) if amount >= 10 else dollars(amount)


def _usual(chart: Chart) -> str:
    rows = chart.rows
    if chart.unit == "day" and len(rows) >= ENOUGH_DAYS:
        week = _average([row.total for row in rows if row.on.weekday() < 5])
        weekend = _average([row.total for row in rows if row.on.weekday() >= 5])
        if week > 2 * weekend or weekend > 2 * week:
            return f"Weekdays cost about {rough(week)}, weekends about {rough(weekend)}."
    if chart.unit == "hour":
        return f"{len([row for row in rows if row.total])} hours with spend."
    average = _average([row.total for row in rows])
    about = "At least" if chart.at_least else "About"
    return f"{about} {rough(average)} a {chart.unit} over {len(rows)} {chart.unit}s."


def _highest(highest: Row, *, spent: Sequence[Row]) -> str:
    usual = median(row.total for row in spent)
    second = max(row.total for row in spent if row is not highest)
    if highest.total * 2 > usual * 3 and highest.total * 4 > second * 5:
        return f"{_what(highest)} stands out with {_spent(highest)}."
    if highest.total == min(row.total for row in spent):
        return f"Never more than {_spent(highest)}."
    return f"Highest: {_spent(highest)} {_when(highest)}."


def _when(row: Row) -> str:
    return f"in the hour from {row.label}" if isinstance(row.on, datetime) else f"on {row.label}"


def _what(row: Row) -> str:
    return f"The hour from {row.label}" if isinstance(row.on, datetime) else row.label


def _average(amounts: Sequence[Decimal]) -> Decimal:
    return total(amounts) / len(amounts) if amounts else ZERO
