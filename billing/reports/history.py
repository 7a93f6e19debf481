"""History: what has become of an event's cost since it was stored, step by step, and how it stands now.

In:   ledger rows and the corrections beside them.   Out: CostStep per change; Standing for what counts now.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from uuid import UUID

from billing.models import EventCorrection, Repricing, UsageEvent
from billing.models.corrections import Kind
from billing.money import TOKEN_CLASSES, total

Steps = Sequence[EventCorrection]


@dataclass(frozen=True, slots=True)
class Standing:
    """What an event costs (None: unpriced) and by which row of which moment's book.

    Of an event that was taken back it is what the event counted until then.
    """

    cost: Decimal | None
    cost_uncached: Decimal | None
    price_id: int | None
    unpriced_reason: str
    priced_at: datetime
    is_void: bool = False


@dataclass(frozen=True, slots=True)
class CostStep:
    """One change, with the figures before and after; None is 'without a price'. A void leaves nothing: 0."""

    kind: str
    at: datetime
    actor: str
    reason: str
    old_cost: Decimal | None
    new_cost: Decimal | None
    price_id: int | None


def steps_of(events: Sequence[UsageEvent]) -> Mapping[UUID, Steps]:
    """The corrections of these events, oldest first, with one query."""
    found: dict[UUID, list[EventCorrection]] = {}
    if events:
        times = [event.occurred_at for event in events]
        rows = EventCorrection.objects.filter(
            occurred_at__gte=min(times),
            occurred_at__lte=max(times),
            key__in=[event.key for event in events],
        )
        for row in rows.order_by("number"):
            found.setdefault(row.key, []).append(row)
    return found


def standing(event: UsageEvent, steps: Steps) -> Standing:
    now = Standing(
        cost=None if event.price_id is None else _cost([event]),
        cost_uncached=None if event.price_id is None else event.cost_uncached,
        price_id=event.price_id,
        unpriced_reason=event.unpriced_reason,
        priced_at=event.received_at,
    )
    for _, change in _changes(steps):
        now = _after(now, change)
    return now


def cost_history(event: UsageEvent, steps: Steps) -> list[CostStep]:
    """Every change of the event's cost; a re-pricing's reason and actor are those of its run."""
    runs = Repricing.objects.in_bulk({step.repricing_id for step in steps if step.repricing_id})
    now, history = standing(event, ()), []
    for run_id, change in _changes(steps):
        before, now, last = now, _after(now, change), change[-1]
        run = runs.get(run_id or 0)
        history.append(
            CostStep(
                kind=last.kind,
                at=last.made_at,
                actor=run.applied_by if run else last.actor_label,
                reason=run.reason if run else last.reason,
                old_cost=before.cost,
                new_cost=Decimal(0) if now.is_void else now.cost,
                price_id=last.price_id,
            )
        )
    return history


def _changes(steps: Steps) -> list[tuple[int | None, list[EventCorrection]]]:
    """A re-pricing that moved the event to another bucket made two steps: they are one change."""
    return [(run, list(each)) for run, each in groupby(steps, key=lambda step: step.repricing_id)]


def _after(now: Standing, change: Sequence[EventCorrection]) -> Standing:
    last = change[-1]
    if last.kind == Kind.VOID:
        return replace(now, is_void=True)
    if last.price_id is None:
        cost, uncached = None, None
    else:
        # a step from an unpriced bucket begins at nothing; one inside a priced bucket is a difference
        cost = total((now.cost or Decimal(0), _cost(change)))
        uncached = total(
            (now.cost_uncached or Decimal(0), *(each.cost_uncached for each in change))
        )
    return Standing(
        cost=cost,
        cost_uncached=uncached,
        price_id=last.price_id,
        unpriced_reason=last.unpriced_reason,
        priced_at=last.made_at,
    )


def _cost(rows: Iterable[UsageEvent | EventCorrection]) -> Decimal:
    return total(getattr(row, f"cost_{name}") for row in rows for name in TOKEN_CLASSES)
