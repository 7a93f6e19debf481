"""Supposed: the scenario that a page of budgets is asked to show, and where each budget ends in it; and the
company's month in the one that was changed last, for the overview.

`?scenario=7` chooses one. What would happen stands beside what is expected and is never told as an alert.
Never: anything of a scenario for a client viewer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import JSONObject

from billing.flow.scenario import assumptions_of
from billing.models import Budget, Scenario
from billing.money import ZERO, dollars
from billing.reports.budgets import Standing
from billing.reports.forecast import Forecast
from billing.reports.scenario import Supposed, mix_days, suppose
from billing.reports.scenario_budgets import Ahead, ahead, ahead_of, suppose_for
from billing.reports.scenario_rows import mix_aside, mix_of
from billing.watch.words import day_words, estimate
from billing.web.company import Whole
from tenants.access import Access

_FIELDS = JSONObject(pk="pk", name="name", terms="terms")
_LATEST = Scenario.objects.filter(archived_at=None).order_by("-changed_at", "-pk")


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
    return budgets.annotate(scenario=Subquery(chosen.values(found=_FIELDS)))


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


def with_latest(budgets: QuerySet[Budget]) -> QuerySet[Budget]:
    """The budgets, each with the scenario that was changed last: a page has no query to spare for it."""
    return budgets.annotate(scenario=Subquery(_LATEST.values(found=_FIELDS)[:1]))


def latest_of(budgets: Sequence[Budget]) -> Scenario | None:
    """What came with the budgets; where there are none, nothing was asked of them either."""
    if not budgets:
        return _LATEST.first()
    found = budgets[0].scenario  # type: ignore[attr-defined]
    return Scenario(**found) if found else None


def calls_aside(scenario: Scenario, *, today: date) -> RawSQL | None:
    """The calls that it is made of, beside the rows of another query. Own rates want four weeks day by day and
    tier by tier, which is too much for the page that everybody opens first: None."""
    return None if assumptions_of(scenario.terms).has_rates else mix_aside(mix_days(today))


def month_words(
    scenario: Scenario, heading: Forecast, *, whole: Whole, calls: list[dict[str, Any]] | None
) -> str:
    """`With “Half”: $310, as a supposition`: the company's month, what is spent as it is; of own rates, where
    to look."""
    assumed = assumptions_of(scenario.terms)
    if assumed.has_rates:
        return f"What “{scenario.name}” would make of it"
    supposed = suppose(assumed, today=whole.today, read=mix_of(calls))
    found = ahead(heading, spent=whole.spent.cost, amount=ZERO, share=supposed.share)
    figure = estimate(found.expected)
    least = "≥\u00a0" if whole.spent.unpriced_events else ""
    same = figure == estimate(heading.expected)
    return f"With “{scenario.name}”: {'the same' if same else least + figure}, as a supposition"
