"""Billed: what a client is charged, as SQL beside any bucket of spend.

billed = cost x (100 + mark-up) / 100, by the mark-up of the client on that day of the tenant's zone; cost
where there is none. It is worked out when it is asked for and stored nowhere, so it always follows the
mark-ups (docs/decisions/0006).
"""


def markup_of(bucket: str) -> str:
    """SQL: a join that gives a bucket (which has client_id and day) its mark-up `m`, if it has one."""
    return f"""LEFT JOIN (
            SELECT client_id AS of_client, percent, daterange(since, until) AS days
            FROM billing_markup WHERE tenant_id = %(tenant)s
        ) m ON m.of_client = {bucket}.client_id AND m.days @> {bucket}.day"""  # noqa: S608


FACTOR = "(1 + coalesce(m.percent, 0) * 0.01)"
"""SQL: what one dollar of cost is billed as; exact in four decimals."""


def markup_sum(cost: str) -> str:
    """SQL: by how much the bill exceeds the cost of all buckets. Buckets without mark-up cost no arithmetic."""
    return f"coalesce(sum(({cost}) * m.percent) FILTER (WHERE m.percent IS NOT NULL), 0) * 0.01"
