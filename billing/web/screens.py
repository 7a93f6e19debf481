"""Screens: what overview, client page and project page have in common.

In:   what the address asks for, and the spend of that range and of the one before it.
Out:  the part of a template's context that all three share.   Never: a query of its own.
"""

from dataclasses import dataclass

from billing.reports.costs import CostReport, Spent
from billing.reports.measures import Measures, SpendReport, add_up
from billing.web.ranges import Asked
from billing.web.stats import Stat, average_stat, event_stat, range_stats, today_stat


@dataclass(frozen=True, slots=True)
class SpendScreen:
    """One range of one company, client or project. `now` has a row per period, `before` need not.

    `today`: what that day has, where `now` has no row for it.
    """

    asked: Asked
    now: SpendReport
    before: SpendReport | CostReport
    is_viewer: bool = False
    today: Measures | Spent | None = None

    @property
    def is_empty(self) -> bool:
        before = self.before.total
        return not (self.now.total.events or before.events or before.unpriced_events or before.cost)

    @property
    def unpriced_models(self) -> list[str]:
        """The models whose events have no price, when the report tells models apart."""
        rows = [row for row in self.now.rows if row.measures.unpriced_events]
        return sorted({row.keys["model"] for row in rows if row.keys.get("model")})

    def stats(self) -> list[Stat]:
        label = "Your spend" if self.is_viewer else "Spend"
        return range_stats(
            f"{label} {self.asked.words}",
            spend=self.now.total,
            before=self.before.total,
            before_label=self.asked.before.label,
            second=self._second_stat(),
        )

    def context(self) -> dict[str, object]:
        return {
            "range": self.asked.picker,
            "stats": self.stats(),
            "unpriced": self.now.total.unpriced_events,
            "models": self.unpriced_models,
            "as_of": self.now.as_of,
        }

    def _second_stat(self) -> Stat:
        """Today, where the range has days and today among them; else what is usual."""
        days = self.asked.days.days
        if self.asked.unit == "hour":
            return event_stat(self.now.total)
        if self.asked.unit == "month":
            months = {day.replace(day=1) for day in days}
            return average_stat(self.now.total, periods=len(months), unit="month")
        if self.asked.today in days:
            rows = (row.measures for row in self.now.rows if row.period == self.asked.today)
            today = self.today or add_up(rows)
            return today_stat(today, as_of=self.now.as_of, zone=self.asked.picker.zone)
        return average_stat(self.now.total, periods=len(days), unit="day")
