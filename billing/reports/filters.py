"""Filters: what a report is narrowed to, as SQL over any bucket of spend.

In:   names of dimensions and values as the reports show them.   Out: conditions, with the values as parameters.
Promises: a value that nothing has leaves nothing, in the same words whether somebody else has it or nobody.
"""

from collections.abc import Iterator, Mapping

PRICED = "priced"
"""Leaves what has a price (yes) or what has none (no)."""
NOT_NAMED = "(none)"
"""The value of a filter for what names none; an empty filter filters nothing."""
IMPORTED = "import"
"""What a report shows, and SQL below says, for the key of events that came with none."""

_SLUG = "{0}_id = (SELECT id FROM tenants_{0} WHERE tenant_id = %(tenant)s AND slug = %({0})s)"
_KEY = (
    "(api_key_id IN (SELECT id FROM tenants_apikey WHERE tenant_id = %(tenant)s"
    " AND %(api_key)s IN (prefix, name || ' ' || prefix))"
    " OR api_key_id = 0 AND %(api_key)s = 'import')"
)
COLUMNS = {
    "client": _SLUG.format("client"),
    "project": _SLUG.format("project"),
    "api_key": _KEY,
    **{
        name: f"{name} = %({name})s"
        for name in ("model", "provider", "variant", "feature", "environment")
    },
    PRICED: "priced = CASE %(priced)s WHEN 'yes' THEN true WHEN 'no' THEN false END",
}
"""The filters, each on a column of its own, and their conditions."""


def conditions(filters: Mapping[str, str]) -> Iterator[str]:
    """The conditions of the filters that are set and are columns of a bucket."""
    return (COLUMNS[name] for name, value in filters.items() if value and name in COLUMNS)


def parameters(filters: Mapping[str, str]) -> dict[str, str]:
    return {name: "" if value == NOT_NAMED else value for name, value in filters.items()}
