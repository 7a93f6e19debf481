"""Void: take an event back. The ledger keeps the event and the row that takes it back; totals follow.

In:   an identity, a reason, an actor.   Out: what was taken back, or that it had been before.
Promises: the correction and the journal rows that move the totals are one statement; a second void, also
      at the same moment, changes nothing. The identity stays: a replay of a voided event is a duplicate.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from billing.flow.days import ZONE, day_of
from billing.flow.journal import described, parts_of, tokens_of
from billing.flow.locks import own_corrections, share_days
from billing.flow.store import CLASS_COSTS, DIMENSIONS, MEASURES, Bound
from billing.flow.validate import identity
from billing.money import total
from tenants.audit import Actor, label_of, record
from tenants.scoping import active_scope

_COUNTED = MEASURES[1:]
_SUMS = ", ".join(f"sum({name}) AS {name}" for name in _COUNTED)
_BOOKED = ", ".join(f"event.{name}" for name in DIMENSIONS if name != "variant")
_PARTS = parts_of("correction", components=described("event"), tokens=tokens_of("event"))
_BOOKED_NAMES = ", ".join(name for name in DIMENSIONS if name != "variant")

# `now` is what the event counts at present, in the one bucket where that is not nothing.
VOID = f"""
WITH event AS (
    SELECT e.* FROM billing_eventkey k JOIN billing_usageevent e USING (tenant_id, occurred_at, key)
    WHERE k.tenant_id = %(tenant)s AND k.key = %(key)s
), steps AS (
    SELECT 0 AS number, price_id, variant, 1 AS events, {", ".join(_COUNTED)} FROM event
    UNION ALL
    SELECT c.number, c.price_id, c.variant, c.events, {", ".join(f"c.{name}" for name in _COUNTED)}
    FROM billing_eventcorrection c JOIN event USING (tenant_id, occurred_at, key)
), now AS (
    SELECT (array_agg(price_id ORDER BY number DESC))[1] AS price_id, variant, sum(events) AS events, {_SUMS}
    FROM steps GROUP BY price_id IS NOT NULL, variant HAVING sum(events) <> 0
), correction AS (
    INSERT INTO billing_eventcorrection (tenant_id, client_id, occurred_at, key, number, kind, made_at, reason,
        actor_label, price_id, variant, events, {", ".join(_COUNTED)})
    SELECT event.tenant_id, event.client_id, event.occurred_at, event.key,
        (SELECT max(number) + 1 FROM steps), 'void',
        %(made_at)s, %(reason)s, %(actor)s, now.price_id, now.variant, -now.events,
        {", ".join(f"-now.{name}" for name in _COUNTED)}
    FROM event, now
    ON CONFLICT DO NOTHING
    RETURNING *
), journal AS (
    INSERT INTO billing_spendentry (tenant_id, day, hour, priced, {_BOOKED_NAMES}, variant,
        {", ".join(MEASURES)}, split)
    SELECT event.tenant_id,
        {day_of("event.occurred_at")},
        date_trunc('hour', event.occurred_at, 'UTC'), correction.price_id IS NOT NULL, {_BOOKED},
        correction.variant, {", ".join(f"correction.{name}" for name in MEASURES)},
        (SELECT jsonb_agg(part) FROM {_PARTS} part)
    FROM event, correction, {ZONE}
)
SELECT (SELECT count(*) FROM event), {", ".join(f"correction.{name}" for name in CLASS_COSTS)}
FROM (SELECT) one LEFT JOIN correction ON true
"""  # noqa: S608  built from constants only


IS_KNOWN = (
    "SELECT EXISTS (SELECT FROM billing_eventkey WHERE tenant_id = %(tenant)s AND key = %(key)s)"
)


class UnknownEvent(LookupError):
    """This tenant has no event of that source and id."""


class NoLongerKept(LookupError):
    """The event counts, but its ledger row was let go (flow/retention.py)."""


@dataclass(frozen=True, slots=True)
class Voided:
    """`cost` is what the totals lost; None when the event had been void before."""

    was_void: bool
    cost: Decimal | None


def void(source: str, event_id: str, *, reason: str, actor: Actor, now: datetime) -> Voided:
    """Take one event of the active tenant back. Raises UnknownEvent, NoLongerKept."""
    share_days()
    own_corrections()
    parameters: Bound = {
        "tenant": active_scope().tenant_id,
        "key": identity(source, event_id),
        "reason": reason,
        "actor": label_of(actor),
        "made_at": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(VOID, parameters)
        known, *costs = cursor.fetchone()
        if not known:
            cursor.execute(IS_KNOWN, parameters)
            if cursor.fetchone()[0]:
                raise NoLongerKept(f"The ledger has let {event_id!r} go; its figures stay.")
    if not known:
        raise UnknownEvent(f"There is no event {event_id!r} of the source {source!r}.")
    if costs[0] is None:
        return Voided(was_void=True, cost=None)
    cost = total(-each for each in costs)
    record("event.voided", actor=actor, subject=f"{source}/{event_id}", after={"reason": reason})
    return Voided(was_void=False, cost=cost)
