"""Buckets: the SQL of what reports add up, rollup and unfolded journal together, and of the names of ids."""

from collections.abc import Collection, Sequence

from billing.flow.journal import PART_MEASURES
from billing.money import TOKEN_CLASSES
from billing.reports.components import COMPONENT, split_buckets

# How each dimension is read: the SQL of its shown value. Ids become slugs and names at the very end.
DIMENSIONS = {
    "client": "client_id",
    "project": "project_id",
    "api_key": "api_key_id",
    "model": "model",
    "provider": "provider",
    "variant": "variant",
    "feature": "feature",
    "environment": "environment",
    COMPONENT: "component",
}
TOKEN_CLASS = "token_class"  # noqa: S105  a dimension, not a secret
_NAMES = {
    "client": ("tenants_client", "named_client.slug"),
    "project": ("tenants_project", "named_project.slug"),
    "api_key": (
        "tenants_apikey",
        "coalesce(named_api_key.name || ' ' || named_api_key.prefix, 'import')",
    ),
}
"""Where the name of an id stands, and its SQL. Joined: a sub-select would look for it row by row."""
ROOM = "SET LOCAL work_mem = '32MB'; "
"""Stands before a statement that adds buckets up: PostgreSQL expects more groups than there are, and with its
usual 4 MB it sorts all buckets on disk instead of adding them up in memory."""
PERIODS = {
    "day": "day",
    "hour": "hour",
    "month": "date_trunc('month', day)::date",
    "total": "NULL::date",
}
TOKENS = tuple(f"tokens_{name}" for name in TOKEN_CLASSES)
CLASS_COSTS = tuple(f"cost_{name}" for name in TOKEN_CLASSES)
COSTS = (*CLASS_COSTS, "cost_uncached")


def shown_names(group_by: Sequence[str]) -> tuple[list[str], str]:
    """SQL: what is shown of each dimension of `summed`, and the joins that it needs."""
    names = [_NAMES[name][1] if name in _NAMES else DIMENSIONS.get(name, name) for name in group_by]
    joins = (
        f"LEFT JOIN {_NAMES[name][0]} named_{name} ON named_{name}.tenant_id = %(tenant)s"
        f" AND named_{name}.id = summed.{DIMENSIONS[name]}"
        for name in group_by
        if name in _NAMES
    )
    return names, " ".join(joins)


def buckets_of(
    granularity: str,
    *,
    where: str,
    split_by: Collection[str] | None = None,
    is_filtered: bool = False,
    figures: Collection[str] = PART_MEASURES,
) -> str:
    """SQL: the buckets of rollup and journal; those of each component of their prompts as well, where these are
    wanted, by day and the columns of `split_by`."""
    rollup = "billing_hourlyspend" if granularity == "hour" else "billing_dailyspend"
    hour = "hour" if granularity == "hour" else "NULL::timestamptz AS hour"
    names = [name for name in DIMENSIONS.values() if name != COMPONENT]
    columns = ", ".join(["day", hour, "priced", "events", *TOKENS, *COSTS, "discount", *names])
    buckets = f"""SELECT {columns} FROM {rollup} WHERE {where}
            UNION ALL
            SELECT {columns} FROM billing_spendentry WHERE {where}"""  # noqa: S608
    if split_by is None:
        return buckets
    return split_buckets(
        buckets,
        dimensions=names,
        wanted=split_by,
        where=where,
        is_filtered=is_filtered,
        figures=figures,
    )
