"""Supposed: the scenario that a page of budgets is asked to show, and where each budget ends in it.

`?scenario=7` chooses one. What would happen stands beside what is expected and is never told as an alert.
Never: anything of a scenario for a client viewer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet, Subquery
from django.db.models.functions import JSONObject

from billing.models import Budget, Scenario
from billing.money import dollars
from billing.reports.budgets import Standing
from billing.reports.forecast import Forecast
from billing.reports.scenario import Supposed
from billing.reports.scenario_budgets import Ahead, ahead_of, suppose_for
from billing.watch.words import day_words, estimate
from tenants.access import Access


@dataclass(frozen=True, slots=True)
class Choice:
    """The scenario that is shown, if one is."""

    chosen: Scenario | None = None
    supposed: Supposed | None = None

    def ahead_of(self, standing: Standing, heading: Forecast | None) -> Ahead | None:
        return ahead_of(standing, heading, self.supposed)

    def words_of(self, standing: Standing, heading: Forecast | None) -> str:
        """`if “Half”: ≈ $310, 31 %`; nothing without a forecast or a scenario."""
        found = self.ahead_of(standing, heading)
        return ahead_words(found, standing, name=self.chosen.name) if found and self.chosen else ""


def with_scenario(
    budgets: QuerySet[Budget], query: Mapping[str, str], access: Access
) -> QuerySet[Budget]:
    """The budgets, each with the scenario that the query chooses: a page has no query to spare for it."""
    wanted = query.get("scenario", "")
    if access.is_viewer or not (wanted.isascii() and wanted.isdecimal() and len(wanted) < 10):
        return budgets
    chosen = Scenario.objects.filter(archived_at=None, pk=int(wanted))
    fields = JSONObject(pk="pk", name="name", terms="terms")
    return budgets.annotate(scenario=Subquery(chosen.values(found=fields)))


def scenario_choice(budgets: Sequence[Budget], *, today: date) -> Choice:
    """What the budgets were asked with. Of no scenario in use, as of none: the page without it."""
    found = getattr(budgets[0], "scenario", None) if budgets else None
    if not found:
        return Choice()
    chosen = Scenario(**found)
    return Choice(chosen, suppose_for(chosen, budgets, today=today))


def scenarios_to_choose(access: Access) -> list[Scenario]:
    return [] if access.is_viewer else list(Scenario.objects.filter(archived_at=None))


def ahead_words(found: Ahead, standing: Standing, *, name: str) -> str:
    percent = int(found.expected * 100 // standing.budget.amount)
    words = (
        f"if “{name}”: {estimate(found.expected)}, {percent} % of {dollars(standing.budget.amount)}"
    )
    if found.exhausted_on:
        words += f"; used up on {day_words(found.exhausted_on)}"
    return words
