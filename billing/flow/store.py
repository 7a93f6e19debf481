"""Store: priced events -> identities, ledger rows and journal rows, by one call of one database function.

In:   rows that fit the columns, at most one per identity, and what the desk said when they were priced.
Out:  of the identities that were not new, what is stored under them. Or what the desk says by now: then nothing
      was stored.
Promises: an identity is counted once for ever, whatever runs at the same time: the unique key decides, and
      ledger and journal take only what it let in. What is stored was priced by the book that holds.
Never: two tenants in one call. `take_in` (billing/migrations) runs as its caller, behind the wall.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec
from django.db import connection
from msgspec import Struct

from billing.flow.validate import Component
from billing.money import TOKEN_CLASSES, ZERO
from tenants.keys import FoundKey
from tenants.problems import InvalidKey
from tenants.scoping import in_one_trip, tenant_scope

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


class LedgerRow(Struct, frozen=True, omit_defaults=True):
    """One row of the ledger, named and ordered like its columns; money travels as text.

    What a row leaves out is zero or nothing, and is not sent: half of a typical row.
    """

    key: str
    payload_hash: int
    occurred_at: datetime
    received_at: datetime
    client_id: int
    project_id: int
    api_key_id: int
    price_id: int | None = None
    tokens_input: int = 0
    tokens_cache_write_5m: int = 0
    tokens_cache_write_1h: int = 0
    tokens_cache_read: int = 0
    tokens_output: int = 0
    tokens_web_search: int = 0
    cost_input: Decimal = ZERO
    cost_cache_write_5m: Decimal = ZERO
    cost_cache_write_1h: Decimal = ZERO
    cost_cache_read: Decimal = ZERO
    cost_output: Decimal = ZERO
    cost_web_search: Decimal = ZERO
    cost_uncached: Decimal = ZERO
    discount: Decimal = ZERO
    source: str | None = None
    event_id: str | None = None
    provider: str | None = None
    model: str | None = None
    variant: str | None = None
    unpriced_reason: str | None = None
    feature: str | None = None
    environment: str | None = None
    session: str | None = None
    task: str | None = None
    end_user: str | None = None
    stop_reason: str | None = None
    streamed: bool | None = None
    tool_calls: int | None = None
    components: list[Component] | None = None
    tags: dict[str, str] | None = None
    extras: dict[str, object] | None = None


class Stored(Struct, frozen=True):
    """What stands under an identity. `cost` is None when it is unpriced, and when the ledger has let the event
    go (flow/retention.py): then there is no reason either."""

    payload_hash: int
    cost: Decimal | None
    unpriced_reason: str


class Place(Struct, frozen=True, array_like=True):
    """Where an event of a project is booked."""

    project_id: int
    client_id: int


class _Said(Struct):
    version: str
    places: dict[str, Place]


class Answer(Struct, frozen=True):
    """`desk` is None when the rows were taken; otherwise what the desk says now, and nothing is stored."""

    desk: str | None
    before: dict[str, Stored]
    """By identity: what stood there already."""


TAKE_IN = "SELECT desk, known FROM take_in(%s, %s, %s, %s, %s)"
# The key's tenant is an argument: where no key is valid, nothing can be called.
TAKE_IN_BY_KEY = """SELECT t.desk, t.known FROM api_key_lookup(%s, %s) k
CROSS JOIN LATERAL take_in(k.tenant_id, %s, %s, %s, %s) t"""

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
_DESK = msgspec.json.Decoder(_Said)

Bound = dict[
    str,
    int | str | Decimal | date | UUID | list[int] | list[date] | list[str] | list[UUID] | None,
]
"""Parameters of a statement, by name."""


def desk_of(said: str) -> tuple[str, dict[str, Place]]:
    """The price book's version and the places by slug, from what the desk said."""
    desk = _DESK.decode(said)
    return desk.version, desk.places


def take_in(
    rows: Sequence[LedgerRow],
    *,
    tenant_id: int,
    key: FoundKey | None,
    now: datetime,
    slugs: Sequence[str],
    desk: str,
    within: timedelta | None = None,
) -> Answer:
    """Store the rows whose identity is new, if the desk still says of these projects what it said.

    Raises InvalidKey where `key` is not valid at `now`; an importer has none.
    """
    described = any(row.components for row in rows)
    batch = [list(slugs), desk, _ENCODER.encode(rows).decode(), described]
    answer = in_one_trip(
        tenant_id,
        TAKE_IN_BY_KEY if key else TAKE_IN,
        [key.digest, now, *batch] if key else [tenant_id, *batch],
        within=within,
    )
    if answer is None:
        raise InvalidKey
    said, known = answer
    if not known:
        return Answer(said, {})
    # A statement of its own: only then does its snapshot show what a parallel request, which won the
    # race for an identity, has committed.
    with tenant_scope(tenant_id, within=within), connection.cursor() as cursor:
        cursor.execute(KNOWN, [tenant_id, known])
        return Answer(said, {key.hex: Stored(*found) for key, *found in cursor.fetchall()})
