"""Changed days: a fold or a rebuild says which days of the rollups are to be proved again (flow/proof.py).

In: days of the active tenant.   Out: one row of SpendDay for each, in the transaction that changed them.
"""

from collections.abc import Iterable
from datetime import date

from django.db import connection

from billing.flow.store import Bound
from tenants.scoping import active_scope

# A mark less than a minute old is as good as a new one. Rows are locked in the order of the days.
MARK = """
INSERT INTO billing_spendday AS kept (tenant_id, day, changed_at, differences)
SELECT %(tenant)s, day, statement_timestamp(), 0 FROM unnest(%(days)s::date[]) day ORDER BY day
ON CONFLICT (tenant_id, day) DO UPDATE SET changed_at = excluded.changed_at
WHERE kept.changed_at IS NULL OR kept.changed_at < excluded.changed_at - interval '1 minute'
"""


def mark_changed(days: Iterable[date]) -> None:
    parameters: Bound = {"tenant": active_scope().tenant_id, "days": list(days)}
    with connection.cursor() as cursor:
        cursor.execute(MARK, parameters)
