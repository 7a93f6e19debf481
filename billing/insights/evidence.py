"""Evidence: the events behind the breaks, and the tasks that cost most, from what nights wrote down."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.db import connection

from billing.flow.store import Bound
from billing.models.insights import SumKind
from billing.money import ratio
from billing.periods import DayRange
from tenants.scoping import active_scope

MOST: Final = 30

BREAKS: Final = """
SELECT b.occurred_at, p.slug, b.cause, b.model, b.tokens, b.wasted, b.gap_seconds,
    coalesce(e.source, ''), coalesce(e.event_id, '')
FROM (
    SELECT * FROM billing_cachebreak
    WHERE tenant_id = %(tenant)s AND day >= %(since)s AND day < %(until)s
        AND (%(cause)s = '' OR cause = %(cause)s)
        AND (%(project)s = '' OR project_id = (
            SELECT id FROM tenants_project WHERE tenant_id = %(tenant)s AND slug = %(project)s))
    ORDER BY wasted DESC, occurred_at DESC LIMIT %(most)s
) b
JOIN tenants_project p ON p.tenant_id = b.tenant_id AND p.id = b.project_id
LEFT JOIN billing_usageevent e
    ON e.tenant_id = b.tenant_id AND e.occurred_at = b.occurred_at AND e.key = b.key
ORDER BY b.wasted DESC, b.occurred_at DESC
"""
# Percentiles are costs of real tasks (percentile_disc), so they are exact.
TASKS: Final = """
WITH task AS (
    SELECT project_id, task, sum(turns) AS turns, sum(tool_calls) AS tool_calls, sum(cost) AS cost,
        (array_agg(first_cost ORDER BY day))[1] AS first_cost, sum(unpriced) AS unpriced
    FROM billing_taskday WHERE tenant_id = %(tenant)s AND day >= %(since)s AND day < %(until)s
    GROUP BY project_id, task
)
SELECT p.slug, count(*), sum(turns), sum(tool_calls), sum(cost), sum(first_cost), sum(unpriced),
    percentile_disc(0.5) WITHIN GROUP (ORDER BY cost), percentile_disc(0.95) WITHIN GROUP (ORDER BY cost),
    (array_agg(task ORDER BY cost DESC, task))[1:5], (array_agg(cost ORDER BY cost DESC, task))[1:5]
FROM task JOIN tenants_project p ON p.tenant_id = %(tenant)s AND p.id = project_id
GROUP BY p.slug ORDER BY sum(cost) DESC, p.slug
"""


BY_DAY: Final = """
SELECT day, sum(saving) FROM billing_insightsum
WHERE tenant_id = %(tenant)s AND day >= %(since)s AND day < %(until)s AND kind = %(kind)s
    AND (%(cause)s = '' OR label = %(cause)s)
    AND (%(project)s = '' OR project_id = (
        SELECT id FROM tenants_project WHERE tenant_id = %(tenant)s AND slug = %(project)s))
GROUP BY day ORDER BY day
"""


@dataclass(frozen=True, slots=True)
class BrokenCall:
    at: datetime
    project: str
    cause: str
    model: str
    tokens: int
    wasted: Decimal
    gap_seconds: int
    source: str
    event_id: str
    """'' where the event itself is no longer kept."""


@dataclass(frozen=True, slots=True)
class TaskStatistics:
    """The tasks of one project. `dearest`: the five that cost most."""

    project: str
    tasks: int
    turns: int
    tool_calls: int
    cost: Decimal
    first_cost: Decimal
    unpriced: int
    p50: Decimal
    p95: Decimal
    dearest: tuple[tuple[str, Decimal], ...]

    @property
    def multiplier(self) -> Decimal | None:
        """How many times its first call a task costs."""
        return ratio(self.cost, self.first_cost)

    @property
    def turns_each(self) -> Decimal | None:
        return ratio(self.turns, self.tasks, places=1)


def broken_calls(days: DayRange, *, project: str = "", cause: str = "") -> list[BrokenCall]:
    """The events that wasted most, thirty at most."""
    with connection.cursor() as cursor:
        asked = _asked(days) | {"project": project, "cause": cause, "most": MOST}
        cursor.execute(BREAKS, asked)
        return [BrokenCall(*row) for row in cursor.fetchall()]


def breaks_by_day(days: DayRange, *, project: str = "", cause: str = "") -> dict[date, Decimal]:
    """What breaks wasted, day by day; a day without any is not there."""
    with connection.cursor() as cursor:
        asked = _asked(days) | {"project": project, "cause": cause, "kind": SumKind.BREAK.value}
        cursor.execute(BY_DAY, asked)
        return dict(cursor.fetchall())


def task_statistics(days: DayRange) -> list[TaskStatistics]:
    """Per project with tasks, the one that spends most on them first."""
    with connection.cursor() as cursor:
        cursor.execute(TASKS, _asked(days))
        rows = cursor.fetchall()
        return [
            TaskStatistics(
                project=project,
                tasks=int(tasks),
                turns=int(turns),
                tool_calls=int(tools),
                cost=cost,
                first_cost=first_cost,
                unpriced=int(unpriced),
                p50=p50,
                p95=p95,
                dearest=tuple(zip(names, costs, strict=True)),
            )
            for project, tasks, turns, tools, cost, first_cost, unpriced, p50, p95, names, costs in rows
        ]


def _asked(days: DayRange) -> Bound:
    return {"tenant": active_scope().tenant_id, "since": days.since, "until": days.until}
