"""Operations: what waits, what was proved and what is missing, of all tenants together.

In:   nothing; the dispatching role reads what it was granted of every tenant.
Out:  ages, counts, months and tenant ids.
Never: anybody's spend, or a scan of the journal, the rollups or the ledger.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection

from billing.flow.partitions import month_names
from tenants.scoping import dispatch_scope

MANY = 10_000
"""Beyond this what waits is no longer counted."""
LISTED = 200
"""Tenants on a page."""

# Of each tenant one row, found by its key: the oldest entry, the newest proof.
PULSE = f"""
SELECT
    (SELECT min(oldest.stored_at) FROM tenants_tenant t CROSS JOIN LATERAL (
        SELECT stored_at FROM billing_spendentry WHERE tenant_id = t.id ORDER BY id LIMIT 1) oldest),
    (SELECT count(*) FROM (SELECT FROM billing_spendentry LIMIT {MANY}) waiting),
    (SELECT min(oldest.next_at) FROM tenants_tenant t CROSS JOIN LATERAL (
        SELECT next_at FROM billing_delivery WHERE tenant_id = t.id AND state IN ('due', 'sending')
        ORDER BY next_at LIMIT 1) oldest WHERE oldest.next_at <= %(now)s),
    (SELECT min(oldest.created_at) FROM tenants_tenant t CROSS JOIN LATERAL (
        SELECT created_at FROM billing_delivery
        WHERE tenant_id = t.id AND state IN ('due', 'sending') AND person_id IS NOT NULL
        ORDER BY created_at LIMIT 1) oldest),
    (SELECT count(*) FROM (
        SELECT FROM billing_delivery WHERE state IN ('due', 'sending') LIMIT {MANY}) undelivered),
    (SELECT at FROM billing_heartbeat WHERE name = 'sweep'),
    (SELECT min(newest.at) FROM tenants_tenant t CROSS JOIN LATERAL (
        SELECT at FROM billing_verification WHERE tenant_id = t.id ORDER BY at DESC LIMIT 1) newest),
    (SELECT count(*) FROM (SELECT FROM billing_spendday WHERE differences > 0 LIMIT {MANY}) wrong),
    ARRAY(SELECT month FROM unnest(%(months)s::text[], %(names)s::text[]) wanted (month, name)
        WHERE NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = 'billing_usageevent'::regclass
            AND inhrelid = to_regclass('public.' || name)) ORDER BY month)
"""  # noqa: S608  built from constants only
WAITING = f"""
SELECT t.id, oldest.stored_at,
    (SELECT count(*) FROM (SELECT FROM billing_spendentry WHERE tenant_id = t.id LIMIT {MANY}) waiting)
FROM tenants_tenant t CROSS JOIN LATERAL (
    SELECT stored_at FROM billing_spendentry WHERE tenant_id = t.id ORDER BY id LIMIT 1) oldest
ORDER BY oldest.stored_at LIMIT {LISTED}
"""  # noqa: S608  built from constants only
UNDELIVERED = f"""
SELECT t.id, oldest.created_at, (SELECT count(*) FROM (SELECT FROM billing_delivery
    WHERE tenant_id = t.id AND state IN ('due', 'sending') LIMIT {MANY}) undelivered)
FROM tenants_tenant t CROSS JOIN LATERAL (
    SELECT created_at FROM billing_delivery WHERE tenant_id = t.id AND state IN ('due', 'sending')
    ORDER BY created_at LIMIT 1) oldest
ORDER BY oldest.created_at LIMIT {LISTED}
"""  # noqa: S608  built from constants only
PROOFS = f"""
SELECT t.id, newest.at, newest.since, newest.until, newest.differences, newest.milliseconds,
    ARRAY(SELECT day FROM billing_spendday WHERE tenant_id = t.id AND differences > 0
        ORDER BY day DESC LIMIT 10)
FROM tenants_tenant t CROSS JOIN LATERAL (
    SELECT at, since, until, differences, milliseconds FROM billing_verification
    WHERE tenant_id = t.id ORDER BY at DESC LIMIT 1) newest
ORDER BY 7 DESC, newest.at LIMIT {LISTED}
"""  # noqa: S608  built from constants only
PARTITIONS = """
SELECT right(c.relname, 7), nullif(c.reltuples, -1)::bigint, pg_total_relation_size(c.oid),
    pg_relation_size(c.oid) = 0
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'billing_usageevent'::regclass ORDER BY c.relname DESC
"""


@dataclass(frozen=True, slots=True)
class Pulse:
    """The whole in a few figures. Counts end at MANY; a moment is None where there is nothing yet."""

    oldest_entry_at: datetime | None
    entries: int
    due_at: datetime | None
    """Since when the longest overdue delivery should have been tried."""
    mail_at: datetime | None
    """When the oldest mail to a person was written that has not left yet."""
    deliveries: int
    swept_at: datetime | None
    proved_at: datetime | None
    """Every tenant that was ever proved was proved since then."""
    wrong_days: int
    missing_months: list[str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits of one tenant: entries of the journal, or messages."""

    tenant_id: int
    oldest_at: datetime
    number: int


@dataclass(frozen=True, slots=True)
class LastProof:
    """The newest comparison of one tenant, over [since, until), and its newest days that differ now."""

    tenant_id: int
    at: datetime
    since: date
    until: date
    differences: int
    milliseconds: int
    wrong_days: list[date]

    @property
    def last(self) -> date:
        return self.until - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Partition:
    """One month of the ledger. `rows` is PostgreSQL's estimate, None before its first one."""

    month: str
    rows: int | None
    bytes: int
    is_empty: bool


def pulse(*, now: datetime) -> Pulse:
    names = month_names(now.date())
    with dispatch_scope(), connection.cursor() as cursor:
        cursor.execute(PULSE, {"now": now, "months": list(names), "names": list(names.values())})
        return Pulse(*cursor.fetchone())


def waiting() -> list[Waiting]:
    """The tenants with unfolded entries, longest waiting first."""
    with dispatch_scope(), connection.cursor() as cursor:
        cursor.execute(WAITING)
        return [Waiting(*row) for row in cursor.fetchall()]


def undelivered() -> list[Waiting]:
    """The tenants with messages that have not left yet, longest waiting first."""
    with dispatch_scope(), connection.cursor() as cursor:
        cursor.execute(UNDELIVERED)
        return [Waiting(*row) for row in cursor.fetchall()]


def last_proofs() -> list[LastProof]:
    """The newest proof of each tenant: where days differ first, then the oldest proof first."""
    with dispatch_scope(), connection.cursor() as cursor:
        cursor.execute(PROOFS)
        return [LastProof(*row) for row in cursor.fetchall()]


def partitions() -> list[Partition]:
    """The ledger's months, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(PARTITIONS)
        return [Partition(name.replace("_", "-"), *figures) for name, *figures in cursor.fetchall()]
