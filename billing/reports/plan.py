"""Plan: what a project was expected to cost beside what it cost in the thirty days up to today.

In:   a project's newest plan, the price book, rollups.   Out: planned and actual per turn, per month and by
      component, and the reasons for the difference in words.
A turn is the calculator's: a question with the calls that its tools take. Of what was paid it is a task, as
      events name it; where they name none, as many calls as are planned for one.
Promises: planned figures are the calculator's at today's prices; actual ones are the spend report's.
Never: a reason without a figure behind it. Without calls, or without a price, nothing is compared.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from django.db.models import Count, Sum

from billing.flow.book import price_book
from billing.models import ProjectPlan, TaskDay
from billing.money import EXACT, ZERO, dollars, minus, ratio
from billing.periods import DayRange, today_in
from billing.reports.calculator import Estimate, NoPrice, Plan, estimates, plan_of
from billing.reports.components import COUNTING
from billing.reports.measures import Measures, Row, add_up
from billing.reports.spend import spend

DAYS: Final = 30
NOTABLE: Final = Decimal("0.1")
"""A difference is a reason from a tenth on."""


@dataclass(frozen=True, slots=True)
class PartBeside:
    """One component, dollars per turn. `actual` is None where calls are not split; `paid` is of all days."""

    name: str
    planned: Decimal | None
    actual: Decimal | None
    planned_month: Decimal | None
    paid: Decimal


@dataclass(frozen=True, slots=True)
class Tasks:
    """What the events of the days name as tasks and has a price, as far as the nights have counted them."""

    tasks: int
    calls: int
    cost: Decimal


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
    tasks: Tasks
    parts: list[PartBeside]

    @property
    def planned_per_turn(self) -> Decimal | None:
        if isinstance(self.estimate, NoPrice):
            return None
        return ratio(self.estimate.conversation, self.plan.conversation.turns, places=8)

    @property
    def actual_per_turn(self) -> Decimal | None:
        if self.tasks.tasks:
            return ratio(self.tasks.cost, self.tasks.tasks, places=8)
        priced = self.actual.events - self.actual.unpriced_events
        return ratio(
            EXACT.multiply(self.actual.cost, self.planned_per_turn_calls), priced, places=8
        )

    @property
    def planned_per_turn_calls(self) -> int:
        return self.plan.conversation.tool_calls + 1

    @property
    def planned_calls(self) -> int:
        return self.plan.conversations * self.plan.conversation.calls

    @property
    def reasons(self) -> list[str]:
        if isinstance(self.estimate, NoPrice) or not self.actual.events:
            return []
        return list(_reasons(self, self.estimate))


def plan_standing(
    project_id: int, slug: str, *, zone: str, now: datetime, book: str = ""
) -> PlanStanding | None:
    """None for a project without a plan. `book`: its version, where the caller knows it."""
    versions = list(ProjectPlan.objects.filter(project_id=project_id)[:20])
    if not versions:
        return None
    plan = plan_of(versions[0].settings, models=versions[0].model_names)
    today = today_in(zone, now=now)
    days = DayRange(today - timedelta(days=DAYS - 1), today + timedelta(days=1))
    first = Plan(plan.conversation, plan.conversations, plan.models[:1])
    estimate = estimates(first, book=price_book(book), now=now)[0]
    found = spend(days, granularity="total", group_by=("model", "component"), project=slug)
    tasks = _tasks(project_id, days)
    return PlanStanding(
        plan=plan,
        versions=versions,
        estimate=estimate,
        days=days,
        actual=found.total,
        models=_events_by_model(found.rows),
        tasks=tasks,
        parts=_parts(estimate, plan, found.rows, tasks),
    )


@lru_cache(maxsize=1_000)
def planned_month(settings: tuple[tuple[str, str], ...], model: str, book: str, on: date) -> str:
    """What a plan comes to in a month at the prices of a day, in dollars; '' without a price.

    Kept by plan, version of the price book and day, so that a page about other things can say it.
    """
    plan = plan_of(dict(settings), models=[model])
    noon = datetime.combine(on, time(12), UTC)
    found = estimates(plan, book=price_book(book), now=noon)[0]
    return dollars(found.month) if isinstance(found, Estimate) else ""


def _tasks(project_id: int, days: DayRange) -> Tasks:
    """Tasks in whole: one with a call that has no price is not counted."""
    by_task = (
        TaskDay.objects.filter(project_id=project_id, day__gte=days.since, day__lt=days.until)
        .values("task")
        .annotate(left=Sum("unpriced"), of_calls=Sum("turns"), of_cost=Sum("cost"))
        .filter(left=0)
    )
    found = by_task.aggregate(
        all_tasks=Count("task"), all_calls=Sum("of_calls"), all_cost=Sum("of_cost")
    )
    return Tasks(found["all_tasks"], int(found["all_calls"] or 0), found["all_cost"] or ZERO)


def _parts(
    estimate: Estimate | NoPrice, plan: Plan, rows: list[Row], tasks: Tasks
) -> list[PartBeside]:
    """By component, per turn: those planned, then those that only occur."""
    planned = {} if isinstance(estimate, NoPrice) else estimate.parts
    measures: dict[str, list[Measures]] = {}
    for row in rows:
        measures.setdefault(row.keys["component"], []).append(row.measures)
    found = {name: add_up(each) for name, each in measures.items()}
    told = found.get("response")
    counted = told.events - told.unpriced_events if told else 0
    turns, calls = tasks.tasks or 1, tasks.calls or plan.conversation.tool_calls + 1
    names = [name for name, cost in planned.items() if cost]
    names += [name for name in found if name not in (*names, "not_split")]
    return [
        PartBeside(
            name=name,
            planned=ratio(planned.get(name, ZERO), plan.conversation.turns, places=8)
            if planned
            else None,
            actual=ratio(
                EXACT.multiply(found[name].cost, calls) if name in found else ZERO,
                counted * turns,
                places=8,
            )
            if counted
            else None,
            planned_month=EXACT.multiply(planned.get(name, ZERO), plan.conversations)
            if planned
            else None,
            paid=found[name].cost if name in found else ZERO,
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
    """In words, each with both figures: models, hit rate, prompt, output, tools, calls, components."""
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
    yield from _calls_of_a_turn(standing)
    factor = ratio(actual.events, standing.planned_calls)
    if factor is not None and abs(factor - 1) >= NOTABLE:
        word = "More" if factor > 1 else "Fewer"
        yield f"{word} calls than planned: {actual.events:,} instead of {standing.planned_calls:,}."
    yield from _dearest_parts(standing)


def _calls_of_a_turn(standing: PlanStanding) -> Iterator[str]:
    tasks, planned = standing.tasks, standing.planned_per_turn_calls
    calls = ratio(tasks.calls, tasks.tasks, places=2)
    if calls is not None and abs(calls - planned) >= EXACT.multiply(NOTABLE, planned):
        word = "more" if calls > planned else "fewer"
        yield f"A turn takes {word} calls than planned: {calls:.1f} instead of {planned}."


def _dearest_parts(standing: PlanStanding) -> Iterator[str]:
    """The two components that differ most, where that is a tenth of a turn."""
    whole = standing.planned_per_turn or ZERO
    known = [
        (minus(each.actual, each.planned), each)
        for each in standing.parts
        if each.actual is not None and each.planned is not None
    ]
    for more, part in sorted(known, key=lambda each: -abs(each[0]))[:2]:
        if (
            part.actual is None
            or part.planned is None
            or abs(more) < EXACT.multiply(whole, NOTABLE)
        ):
            continue
        word, name = ("more" if more > 0 else "less"), part.name.replace("_", " ")
        yield (
            f"The part “{name}” costs {word} than planned: {dollars(part.actual, places=4)} a turn"
            f" instead of {dollars(part.planned, places=4)}."
        )


def _off(what: str, planned: int, calls: int, actual: int, events: int, unit: str) -> Iterator[str]:
    """A sentence where the mean per call is a tenth more or less than planned."""
    before, after = ratio(planned, calls) or ZERO, ratio(actual, events) or ZERO
    if abs(after - before) < EXACT.multiply(before, NOTABLE) or before == after:
        return
    word = "longer" if after > before else "shorter"
    yield f"{what} {word} than planned: {after:,.0f} {unit} a call instead of {before:,.0f}."
