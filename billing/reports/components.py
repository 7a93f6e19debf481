"""Components in reports: the SQL that splits buckets of spend into what their prompts were made of.

In:   the buckets that a report adds up.   Out: the same sums, spread over components and 'not split'.
Promise: whatever is split, the rows add up to the spend to the last decimal: 'not split' is what is left.
"""

from collections.abc import Sequence

from billing.flow.components import RESPONSE
from billing.flow.journal import PART_MEASURES, rows_of

COMPONENT = "component"
NOT_SPLIT = "not_split"
COUNTING = (RESPONSE, NOT_SPLIT)
"""Where an event is counted: it has several components, but one response, or it is not split."""


def split_buckets(buckets: str, *, dimensions: Sequence[str], where: str) -> str:
    """SQL: `buckets` as not split, and what is split twice: with its component, and taken from what is not."""
    keys = ", ".join(("day", "NULL::timestamptz AS hour", "priced"))
    kept = ", ".join(dimensions)
    counts = ", ".join(f"sign * {name}" for name in PART_MEASURES[1:])
    return f"""
            SELECT *, '{NOT_SPLIT}' AS component FROM ({buckets}) whole
            UNION ALL
            SELECT {keys},
                CASE WHEN sign > 0 THEN events WHEN component = '{RESPONSE}' THEN -events ELSE 0 END,
                {counts}, 0, {kept},
                CASE WHEN sign > 0 THEN component ELSE '{NOT_SPLIT}' END
            FROM (
                SELECT day, priced, {kept}, component, {", ".join(PART_MEASURES)}
                FROM billing_componentspend WHERE {where}
                UNION ALL
                SELECT day, priced, {kept}, part.*
                FROM (SELECT * FROM billing_spendentry WHERE {where} AND split IS NOT NULL) journal
                CROSS JOIN LATERAL {rows_of("split")} part
            ) split CROSS JOIN (VALUES (1), (-1)) signs (sign)"""  # noqa: S608  built from constants only
