"""Fold: move what new batches added from the journal into the rollups.

In:   SpendEntry rows.   Out: HourlySpend, DailySpend, ComponentSpend and ProjectDay, in the same transaction.
Safe: run twice, at once, or killed half-way: an entry is deleted in the transaction that adds it.
Cost: depends on the entries taken, never on history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import DataError, connection

from billing.flow.changed import mark_changed
from billing.flow.journal import PART_MEASURES, rows_of
from billing.flow.locks import own_names
from billing.flow.project_days import add_to_project_days
from billing.flow.store import DIMENSIONS, MEASURES, Bound
from tenants.scoping import active_scope

TOO_LARGE = "22003"
"""SQLSTATE numeric_value_out_of_range."""
MAX_VALUES = 200
OTHER = "(other)"
FREE_TEXT = ("feature", "environment")

TAKE = """
SELECT id FROM billing_spendentry WHERE tenant_id = %(tenant)s
ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""

# Values of free-text dimensions that these entries bring and their project and day does not know yet.
_NEW_NAMES = """
    SELECT * FROM (
        SELECT DISTINCT e.day, e.project_id, v.dimension, v.value
        FROM {source} e
        CROSS JOIN LATERAL (VALUES ('feature', e.feature), ('environment', e.environment)) v (dimension, value)
        WHERE v.value <> ''
    ) seen
    WHERE NOT EXISTS (
        SELECT FROM billing_dimensionvalue d
        WHERE d.tenant_id = %(tenant)s AND d.day = seen.day AND d.project_id = seen.project_id
          AND d.dimension = seen.dimension AND d.value = seen.value)
"""
_THESE = """(SELECT e.* FROM billing_spendentry e JOIN unnest(%(ids)s::bigint[]) taken (id) USING (id)
    WHERE e.tenant_id = %(tenant)s AND e.id <= %(last)s)"""
HAS_NEW_NAMES = f"SELECT EXISTS ({_NEW_NAMES.format(source=_THESE)})"


def keep_names(source: str) -> str:
    """SQL: the first 200 values of a free-text dimension in a project and day keep their name."""
    return f"""
    INSERT INTO billing_dimensionvalue (tenant_id, day, project_id, dimension, value)
    SELECT %(tenant)s, day, project_id, dimension, value
    FROM (SELECT new.*, row_number() OVER (PARTITION BY day, project_id, dimension ORDER BY value) AS place
          FROM ({_NEW_NAMES.format(source=source)}) new) new
    WHERE place + (
        SELECT count(*) FROM billing_dimensionvalue d
        WHERE d.tenant_id = %(tenant)s AND d.day = new.day AND d.project_id = new.project_id
          AND d.dimension = new.dimension) <= {MAX_VALUES}
    """  # noqa: S608  built from constants only


def named(dimension: str) -> str:
    """SQL: the value of a free-text dimension as the rollups keep it."""
    return f"""CASE WHEN e.{dimension} = '' OR EXISTS (
            SELECT FROM billing_dimensionvalue d
            WHERE d.tenant_id = %(tenant)s AND d.day = e.day AND d.project_id = e.project_id
              AND d.dimension = '{dimension}' AND d.value = e.{dimension})
        THEN e.{dimension} ELSE '{OTHER}' END"""


_KEPT = ", ".join(name for name in DIMENSIONS if name not in FREE_TEXT)
_KEYS = f"priced, {_KEPT}, {', '.join(FREE_TEXT)}"


def add_to_rollup(
    table: str, *, times: str, source: str, measures: Sequence[str] = MEASURES
) -> str:
    """SQL: add up `source` by bucket and add that to a rollup, in key order so that nobody deadlocks."""
    sums = ", ".join(f"sum({name})" for name in measures)
    return f"""
    INSERT INTO {table} AS kept (tenant_id, {times}, {_KEYS}, {", ".join(measures)})
    SELECT %(tenant)s, {times}, {_KEYS}, {sums} FROM {source}
    GROUP BY {times}, {_KEYS} ORDER BY {times}, {_KEYS}
    ON CONFLICT (tenant_id, {times}, client_id, project_id, api_key_id, priced, provider, model, variant,
        feature, environment)
    DO UPDATE SET {", ".join(f"{name} = kept.{name} + excluded.{name}" for name in measures)}
    """  # noqa: S608  built from constants only


_COMPONENTS = add_to_rollup(
    "billing_componentspend", times="day, component", source="parts", measures=PART_MEASURES
)


FOLD = f"""
WITH taken AS (
    DELETE FROM billing_spendentry e USING unnest(%(ids)s::bigint[]) these (id)
    WHERE e.tenant_id = %(tenant)s AND e.id = these.id AND e.id <= %(last)s
    RETURNING e.*
), capped AS (
    SELECT e.day, e.hour, e.priced, {", ".join(f"e.{name}" for name in DIMENSIONS if name not in FREE_TEXT)},
        {", ".join(f"{named(name)} AS {name}" for name in FREE_TEXT)}, {", ".join(MEASURES)}, split
    FROM taken e
), parts AS (
    SELECT day, {_KEYS}, part.* FROM capped CROSS JOIN LATERAL {rows_of("split")} part
), components AS ({_COMPONENTS}
), daily AS ({add_to_rollup("billing_dailyspend", times="day", source="capped")}
), hourly AS ({add_to_rollup("billing_hourlyspend", times="day, hour", source="capped")}
), project_days AS ({add_to_project_days("capped")})
SELECT DISTINCT day FROM taken ORDER BY day
"""  # noqa: S608  built from constants only


class BucketFull(ArithmeticError):
    """A bucket would count more than a bigint holds. Its entries wait in the journal, where reports find them.

    It takes 9.2 million events of 10^12 tokens, the most that one may say, in one bucket and day: no call to a
    model has as many, so they are made up and to be voided (docs/runbook.md).
    """


@dataclass(frozen=True, slots=True)
class Folded:
    """How many journal rows were folded, and the days that they changed."""

    entries: int
    days: tuple[date, ...]


def fold(*, limit: int = 5_000) -> Folded:
    """Add the active tenant's oldest journal rows to the rollups and say which days changed.

    Rows are taken with SKIP LOCKED, so workers share the journal instead of waiting; upserts run in key order.
    Raises BucketFull.
    """
    parameters: Bound = {"tenant": active_scope().tenant_id, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(TAKE, parameters)
        ids = [entry for (entry,) in cursor.fetchall()]
        if not ids:
            return Folded(0, ())
        parameters |= {"ids": ids, "last": ids[-1]}
        cursor.execute(HAS_NEW_NAMES, parameters)
        if cursor.fetchone()[0]:
            own_names()
            cursor.execute(keep_names(_THESE), parameters)
        try:
            cursor.execute(FOLD, parameters)
        except DataError as error:
            if getattr(error.__cause__, "sqlstate", "") == TOO_LARGE:
                raise BucketFull("a bucket counts more than 2^63 tokens") from error
            raise
        days = tuple(day for (day,) in cursor.fetchall())
    mark_changed(days)
    return Folded(len(ids), days)
