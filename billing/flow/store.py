"""Store: priced events -> identities, ledger rows and journal rows, in one SQL statement.

In:   rows that fit the columns, at most one per identity; the tenant of the active scope.
Out:  which identities were new; for the others, what is stored under them.
Promises: an identity is counted once for ever, whatever runs at the same time: the unique key decides, and
      ledger and journal take only what it let in.
Never: two tenants in one statement.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import msgspec
from django.db import connection
from msgspec import Struct

from billing.flow.days import ZONE, day_of
from billing.flow.validate import Component
from billing.money import TOKEN_CLASSES
from tenants.scoping import active_scope

TOKENS = tuple(f"tokens_{name}" for name in TOKEN_CLASSES)
CLASS_COSTS = tuple(f"cost_{name}" for name in TOKEN_CLASSES)
COSTS = (*CLASS_COSTS, "cost_uncached", "discount")
DIMENSIONS = (
    "client_id",
    "project_id",
    "api_key_id",
    "provider",
    "model",
    "variant",
    "feature",
    "environment",
)
MEASURES = ("events", *TOKENS, *COSTS)


class LedgerRow(Struct, frozen=True):
    """One row of the ledger, named and ordered like its columns; money travels as text."""

    key: UUID
    payload_hash: int
    occurred_at: datetime
    received_at: datetime
    client_id: int
    project_id: int
    api_key_id: int
    price_id: int | None
    tokens_input: int
    tokens_cache_write_5m: int
    tokens_cache_write_1h: int
    tokens_cache_read: int
    tokens_output: int
    tokens_web_search: int
    cost_input: Decimal
    cost_cache_write_5m: Decimal
    cost_cache_write_1h: Decimal
    cost_cache_read: Decimal
    cost_output: Decimal
    cost_web_search: Decimal
    cost_uncached: Decimal
    discount: Decimal
    source: str
    event_id: str
    provider: str
    model: str
    variant: str
    unpriced_reason: str
    feature: str
    environment: str
    session: str
    task: str
    end_user: str
    stop_reason: str
    streamed: bool | None
    tool_calls: int | None
    components: list[Component] | None
    tags: dict[str, str] | None
    extras: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class Stored:
    """What stands under an identity that was there before. `cost` is None when it is unpriced, and when the
    ledger has let the event go (flow/retention.py): then there is no reason either."""

    payload_hash: int
    cost: Decimal | None
    unpriced_reason: str


_TYPES = {
    "key": "uuid",
    "payload_hash": "bigint",
    "occurred_at": "timestamptz",
    "received_at": "timestamptz",
    "streamed": "boolean",
    "tool_calls": "bigint",
    "components": "jsonb",
    "tags": "jsonb",
    "extras": "jsonb",
} | dict.fromkeys(TOKENS, "bigint")
_TYPES |= dict.fromkeys(COSTS, "numeric")
_TYPES |= dict.fromkeys(("client_id", "project_id", "api_key_id", "price_id"), "integer")

_COLUMNS = tuple(name for name in LedgerRow.__struct_fields__ if name != "payload_hash")
_LEDGER = ", ".join(_COLUMNS)
_SUMS = ", ".join(f"sum({name})" for name in (*TOKENS, *COSTS))

STORE = f"""
WITH incoming AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(rows)s::json) AS row(
        {", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in LedgerRow.__struct_fields__)})
), fresh AS (
    INSERT INTO billing_eventkey (tenant_id, key, payload_hash, occurred_at)
    SELECT %(tenant)s, key, payload_hash, occurred_at FROM incoming ORDER BY key
    ON CONFLICT (tenant_id, key) DO NOTHING
    RETURNING key
), ledger AS (
    INSERT INTO billing_usageevent (tenant_id, {_LEDGER})
    SELECT %(tenant)s, {_LEDGER} FROM incoming JOIN fresh USING (key)
), journal AS (
    INSERT INTO billing_spendentry
        (tenant_id, day, hour, priced, {", ".join(DIMENSIONS)}, {", ".join(MEASURES)})
    SELECT %(tenant)s, {day_of("occurred_at")}, date_trunc('hour', occurred_at, 'UTC'),
        price_id IS NOT NULL, {", ".join(DIMENSIONS)}, count(*), {_SUMS}
    FROM incoming JOIN fresh USING (key) CROSS JOIN {ZONE}
    GROUP BY 2, 3, 4, {", ".join(DIMENSIONS)}
)
SELECT key FROM fresh
"""  # noqa: S608  built from constants only

# What an event costs now: its own row and what re-pricing made of it.
KNOWN = f"""
SELECT k.key, k.payload_hash,
    CASE WHEN coalesce(r.priced, e.price_id IS NOT NULL) THEN
        {" + ".join(f"e.{name}" for name in CLASS_COSTS)} + coalesce(r.cost, 0) END,
    coalesce(r.unpriced_reason, e.unpriced_reason, '')
FROM billing_eventkey k
LEFT JOIN billing_usageevent e
    ON e.tenant_id = k.tenant_id AND e.occurred_at = k.occurred_at AND e.key = k.key
LEFT JOIN LATERAL (
    SELECT sum({" + ".join(f"c.{name}" for name in CLASS_COSTS)}) AS cost,
        (array_agg(c.price_id IS NOT NULL ORDER BY c.number DESC))[1] AS priced,
        (array_agg(c.unpriced_reason ORDER BY c.number DESC))[1] AS unpriced_reason
    FROM billing_eventcorrection c
    WHERE c.tenant_id = k.tenant_id AND c.occurred_at = k.occurred_at AND c.key = k.key AND c.kind = 'reprice'
) r ON true
WHERE k.tenant_id = %s AND k.key = ANY(%s)
"""  # noqa: S608  built from constants only

_ENCODER = msgspec.json.Encoder()

Bound = dict[
    str,
    int | str | Decimal | date | UUID | list[int] | list[date] | list[str] | list[UUID] | None,
]
"""Parameters of a statement, by name."""


def store(rows: Sequence[LedgerRow]) -> set[UUID]:
    """Store the rows whose identity is new and return those identities."""
    if not rows:
        return set()
    parameters: Bound = {
        "tenant": active_scope().tenant_id,
        "rows": _ENCODER.encode(rows).decode(),
    }
    with connection.cursor() as cursor:
        cursor.execute(STORE, parameters)
        return {key for (key,) in cursor.fetchall()}


def stored(keys: Iterable[UUID]) -> dict[UUID, Stored]:
    """What is stored under these identities.

    A statement of its own, after `store`: only then does its snapshot show what a parallel request, which
    won the race for an identity, has committed.
    """
    wanted = list(keys)
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [active_scope().tenant_id, wanted])
        return {row[0]: Stored(row[1], row[2], row[3]) for row in cursor.fetchall()}
