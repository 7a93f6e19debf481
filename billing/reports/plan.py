"""Plan: what a project was expected to cost beside what it cost in the thirty days up to today.

In:   a project's newest plan, the price book, rollups.   Out: planned and actual per call, per month and by
      component, and the reasons for the difference in words.
Promises: planned figures are the calculator's at today's prices; actual ones are the spend report's.
Never: a reason without a figure behind it. Without calls, or without a price, nothing is compared.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from billing.flow.book import price_book
from billing.models import ProjectPlan
from billing.money import EXACT, ZERO, ratio
from billing.periods import DayRange, today_in
from billing.reports.calculator import Estimate, NoPrice, Plan, estimates, plan_of
from billing.reports.components import COUNTING
from billing.reports.spend import Measures, Row, add_up, spend

DAYS: Final = 30
NOTABLE: Final = Decimal("0.1")
"""A difference is a reason from a tenth on."""


@dataclass(frozen=True, slots=True)
class PartBeside:
    """One component, dollars per call. `actual` is None where calls are not split."""

    name: str
    planned: Decimal | None
    actual: Decimal | None


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """The newest plan and how it stands. `estimate` may have no price; `actual` counts `days`."""

    plan: Plan
    versions: list[ProjectPlan]
    estimate: Estimate | NoPrice
    days: DayRange
    actual: Measures
    models: dict[str, int]
    """Events of each."""
    parts: list[PartBeside]

    @property
    def planned_per_call(self) -> Decimal | None:
        if isinstance(self.estimate, NoPrice):
            return None
        return ratio(self.estimate.conversation, self.plan.conversation.calls, places=8)

    @property
    def actual_per_call(self) -> Decimal | None:
        priced = self.actual.events - self.actual.unpriced_events
        return ratio(self.actual.cost, priced, places=8)

    @property
    def planned_calls(self) -> int:
        return self.plan.conversations * self.plan.conversation.calls

    @property
    def reasons(self) -> list[str]:
        if isinstance(self.estimate, NoPrice) or not self.actual.events:
            return []
        return list(_reasons(self, self.estimate))


def plan_standing(project_id: int, slug: str, *, zone: str, now: datetime) -> PlanStanding | None:
    """None for a project without a plan."""
    versions = list(ProjectPlan.objects.filter(project_id=project_id)[:20])
    if not versions:
        return None
    plan = plan_of(versions[0].settings, models=versions[0].model_names)
    today = today_in(zone, now=now)
    days = DayRange(today - timedelta(days=DAYS - 1), today + timedelta(days=1))
    first = Plan(plan.conversation, plan.conversations, plan.models[:1])
    estimate = estimates(first, book=price_book(), now=now)[0]
    found = spend(days, granularity="total", group_by=("model", "component"), project=slug)
    return PlanStanding(
        plan=plan,
        versions=versions,
        estimate=estimate,
        days=days,
        actual=found.total,
        models=_events_by_model(found.rows),
        parts=_parts(estimate, plan, found.rows),
    )


def _parts(estimate: Estimate | NoPrice, plan: Plan, rows: list[Row]) -> list[PartBeside]:
    """By component, per call: those planned, then those that only occur."""
    planned = {} if isinstance(estimate, NoPrice) else estimate.parts
    measures: dict[str, list[Measures]] = {}
    for row in rows:
        measures.setdefault(row.keys["component"], []).append(row.measures)
    found = {name: add_up(each) for name, each in measures.items()}
    told = found.get("response")
    counted = told.events - told.unpriced_events if told else 0
    names = [name for name, cost in planned.items() if cost]
    names += [name for name in found if name not in (*names, "not_split")]
    return [
        PartBeside(
            name=name,
            planned=ratio(planned.get(name, ZERO), plan.conversation.calls, places=8)
            if planned
            else None,
            actual=ratio(found[name].cost if name in found else ZERO, counted, places=8)
            if counted
            else None,
        )
        for name in names
    ]


def _events_by_model(rows: list[Row]) -> dict[str, int]:
    """An event is in the row of its response or, where it is not split, in that one."""
    events: Counter[str] = Counter()
    for row in rows:
        if row.keys["component"] in COUNTING:
            events[row.keys["model"]] += row.measures.events
    return dict(events.most_common())


def _reasons(standing: PlanStanding, estimate: Estimate) -> Iterator[str]:
    """In words, each with both figures: models, hit rate, prompt, output, calls."""
    actual, calls = standing.actual, standing.plan.conversation.calls
    others = {
        name: each for name, each in standing.models.items() if not name.startswith(estimate.model)
    }
    other_events = sum(others.values())
    share = ratio(other_events, actual.events) or ZERO
    if share >= NOTABLE:
        names = ", ".join(list(others)[:3])
        yield f"{share:.0%} of the calls went to another model than {estimate.model}: {names}."
    tokens = estimate.tokens
    prompt = sum(
        tokens[name] for name in ("input", "cache_write_5m", "cache_write_1h", "cache_read")
    )
    planned_hits, hits = ratio(tokens["cache_read"], prompt) or ZERO, actual.cache_hit_rate or ZERO
    if abs(planned_hits - hits) >= NOTABLE:
        word = "Less" if hits < planned_hits else "More"
        yield (
            f"{word} of the prompt is read from the cache than planned:"
            f" {hits:.0%} instead of {planned_hits:.0%}."
        )
    yield from _off("Prompts are", prompt, calls, actual.prompt_tokens, actual.events, "tokens")
    output = actual.tokens["output"]
    yield from _off("Answers are", tokens["output"], calls, output, actual.events, "tokens")
    factor = ratio(actual.events, standing.planned_calls)
    if factor is not None and abs(factor - 1) >= NOTABLE:
        word = "More" if factor > 1 else "Fewer"
        yield f"{word} calls than planned: {actual.events:,} instead of {standing.planned_calls:,}."


def _off(what: str, planned: int, calls: int, actual: int, events: int, unit: str) -> Iterator[str]:
    """A sentence where the mean per call is a tenth more or less than planned."""
    before, after = ratio(planned, calls) or ZERO, ratio(actual, events) or ZERO
    if abs(after - before) < EXACT.multiply(before, NOTABLE) or before == after:
        return
    word = "longer" if after > before else "shorter"
    yield f"{what} {word} than planned: {after:,.0f} {unit} a call instead of {before:,.0f}."
