"""Components in reports: the SQL that splits buckets of spend into what their prompts were made of.

In:   the buckets that a report adds up.   Out: the same sums, spread over components and 'not split'.
Promise: whatever is split, the rows add up to the spend to the last decimal: 'not split' is what is left.
"""

from collections.abc import Collection, Sequence

from billing.flow.components import RESPONSE
from billing.flow.journal import PART_MEASURES, rows_of

COMPONENT = "component"
NOT_SPLIT = "not_split"
COUNTING = (RESPONSE, NOT_SPLIT)
"""Where an event is counted: it has several components, but one response, or it is not split."""


def split_buckets(
    buckets: str,
    *,
    dimensions: Sequence[str],
    wanted: Collection[str],
    where: str,
    is_filtered: bool,
    figures: Collection[str] = PART_MEASURES,
) -> str:
    """SQL: `buckets` as not split, and what is split twice: with its component, and taken from what is not.

    A bucket is split into several, so these are added up first, by day and the `wanted` of the dimensions;
    of the others there is nothing in what is split. Where `is_filtered`, parts that the filter leaves out are
    not even read; other than `figures` are 0.
    """
    only = (
        f"(component = %(component)s OR %(component)s = '{NOT_SPLIT}')" if is_filtered else "true"
    )
    keys = ", ".join(("day", "NULL::timestamptz AS hour", "priced"))
    kept = [name for name in dimensions if name in wanted]
    counts = ", ".join(f"sign * {name}" for name in PART_MEASURES[1:])
    by = ", ".join(("day", "priced", *kept, "component"))
    sums = ", ".join(
        f"{f'sum({name})' if name in figures else 0} AS {name}" for name in PART_MEASURES
    )
    filled = ", ".join(name if name in kept else f"NULL::{_type(name)}" for name in dimensions)
    return f"""
            SELECT *, '{NOT_SPLIT}' AS component FROM ({buckets}) whole
            UNION ALL
            SELECT {keys},
                CASE WHEN sign > 0 THEN events WHEN component = '{RESPONSE}' THEN -events ELSE 0 END,
                {counts}, 0, {filled},
                CASE WHEN sign > 0 THEN component ELSE '{NOT_SPLIT}' END
            FROM (
                SELECT {by}, {sums} FROM billing_componentspend WHERE {where} AND {only} GROUP BY {by}
                UNION ALL
                SELECT {by}, {sums} FROM (
                    SELECT day, priced, {", ".join(dimensions)}, part.*
                    FROM (SELECT * FROM billing_spendentry WHERE {where} AND split IS NOT NULL) journal
                    CROSS JOIN LATERAL {rows_of("split")} part WHERE {only}
                ) each GROUP BY {by}
            ) split CROSS JOIN (VALUES (1), (-1)) signs (sign)"""  # noqa: S608  built from constants only


def _type(name: str) -> str:
    return "int" if name.endswith("_id") else "text"
