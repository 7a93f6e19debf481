"""Caching: what the prompt cache was worth, per project, model and day.

In:   a span of the tenant's days.   Out: spend beside what the same calls had cost with nothing cached.
Promises: from rollups and journal alone; cost + saving = the uncached cost, to the last decimal; what has no
      price has tokens and no saving.   Never: a saving before the premium that cache writes cost.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from billing.periods import DayRange
from billing.reports.measures import Measures, Row, SpendReport, add_up
from billing.reports.spend import spend


@dataclass(frozen=True, slots=True)
class CachingOf:
    """One project and model of a range. `days_lost`: days on which caching cost more than it saved."""

    project: str
    model: str
    measures: Measures
    days_lost: int


def caching(
    days: DayRange,
    *,
    granularity: str = "day",
    client: str = "",
    project: str = "",
    model: str = "",
) -> SpendReport:
    """Rows per period, project and model. Errors: those of `spend`."""
    return spend(
        days,
        granularity=granularity,
        group_by=("project", "model"),
        client=client,
        project=project,
        model=model,
    )


def by_project_and_model(rows: Iterable[Row]) -> list[CachingOf]:
    """The daily rows of `caching` added up, what paid most for its prompts first.

    What neither wrote to the cache nor read from it is listed too: there caching was not tried.
    """
    found: dict[tuple[str, str], list[Measures]] = {}
    for row in rows:
        found.setdefault((row.keys["project"], row.keys["model"]), []).append(row.measures)
    sums = [
        CachingOf(project, model, add_up(parts), sum(each.saving < 0 for each in parts))
        for (project, model), parts in found.items()
    ]
    return sorted(sums, key=lambda each: (-each.measures.cost_uncached, each.project, each.model))


def by_day(rows: Iterable[Row]) -> dict[date, Measures]:
    """The same rows per day, without days on which nothing happened."""
    found: dict[date, list[Measures]] = {}
    for row in rows:
        if isinstance(row.period, date):
            found.setdefault(row.period, []).append(row.measures)
    return {day: add_up(parts) for day, parts in found.items()}
