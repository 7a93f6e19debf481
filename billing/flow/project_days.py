"""Days of projects: the daily rollup added up, so that a sum over everything reads a row per project and day.

In:   what is folded, or the daily rollup.   Out: SQL for fold, rebuild and proof.
Promise: it is kept in the statement, or the transaction, that keeps the daily rollup, and is compared with it.
"""

from billing.flow.store import CLASS_COSTS

PROJECT_DAYS = "billing_projectday"
_SPAN = "tenant_id = %(tenant)s AND day >= %(since)s AND day < %(until)s"
_KEYS = "day, client_id, project_id"
_SUMS = f"""sum({" + ".join(CLASS_COSTS)}) AS cost,
    coalesce(sum(events) FILTER (WHERE NOT priced), 0) AS unpriced"""


def add_to_project_days(source: str) -> str:
    """SQL: add up `source`, rows with the columns of a bucket, in key order so that nobody deadlocks."""
    return f"""
    INSERT INTO {PROJECT_DAYS} AS kept (tenant_id, {_KEYS}, cost, unpriced)
    SELECT %(tenant)s, {_KEYS}, {_SUMS} FROM {source} GROUP BY {_KEYS} ORDER BY {_KEYS}
    ON CONFLICT (tenant_id, {_KEYS})
    DO UPDATE SET cost = kept.cost + excluded.cost, unpriced = kept.unpriced + excluded.unpriced
    """  # noqa: S608  built from constants only


REBUILD_PROJECT_DAYS = add_to_project_days(
    f"(SELECT * FROM billing_dailyspend WHERE {_SPAN}) daily"  # noqa: S608
)
# The daily rollup itself is compared with the ledger. What is listed as events are those without a price.
COMPARE_PROJECT_DAYS = f"""
WITH said AS (SELECT {_KEYS}, {_SUMS} FROM billing_dailyspend WHERE {_SPAN} GROUP BY {_KEYS}),
kept AS (SELECT {_KEYS}, cost, unpriced FROM {PROJECT_DAYS} WHERE {_SPAN})
SELECT day, project_id, '', coalesce(said.unpriced, 0)::bigint, coalesce(kept.unpriced, 0)::bigint,
    coalesce(said.cost, 0), coalesce(kept.cost, 0)
FROM said FULL JOIN kept USING ({_KEYS})
WHERE (coalesce(said.cost, 0), coalesce(said.unpriced, 0))
    IS DISTINCT FROM (coalesce(kept.cost, 0), coalesce(kept.unpriced, 0))
ORDER BY day, project_id LIMIT %(most)s
"""  # noqa: S608  built from constants only
