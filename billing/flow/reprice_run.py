"""Runs of re-pricing: planned, counted without changing anything, looked at, applied; or cancelled.

In:   a span of the tenant's days, models, a reason.   Out: a Repricing, moved on batch by batch by a task.
Promises: each batch is one transaction with its progress, so a run that was killed goes on where it stopped
      and no event is moved twice; a run is applied by the very book it was counted by, or stops; of two runs
      over the same moments one is applied at a time. Months that the ledger has let go stay as they are.
      What a cancelled run has applied stays, and is history.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from django.db import IntegrityError, connection, transaction

from billing.flow.book import book_version, price_book
from billing.flow.doorbell import ring
from billing.flow.reprice import BATCH, Batch, reprice_batch
from billing.flow.store import Bound
from billing.models import Horizon, Repricing
from billing.models.repricing import UNDER_WAY, RunState
from billing.periods import start_of
from tenants.actions import ActionError
from tenants.audit import Actor, label_of, record
from tenants.models import Tenant
from tenants.scoping import active_scope

BOOK_CHANGED = "The prices have changed since this was counted. Count it again."

EXPECTED = """
SELECT coalesce(sum(events), 0)::bigint FROM (
    SELECT events, model, priced FROM billing_dailyspend
    WHERE tenant_id = %(tenant)s AND day >= %(since)s AND day < %(until)s
    UNION ALL
    SELECT events, model, priced FROM billing_spendentry
    WHERE tenant_id = %(tenant)s AND day >= %(since)s AND day < %(until)s) bucket
WHERE (%(models)s::text[] = '{}' OR model = ANY(%(models)s)) AND NOT (priced AND %(only_unpriced)s)
"""
ADD_DAY = """
INSERT INTO billing_repricedday AS kept (tenant_id, repricing_id, is_applied, day, client_id, events,
    newly_priced, newly_unpriced, old_cost, new_cost)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (tenant_id, repricing_id, is_applied, day, client_id) DO UPDATE SET
    events = kept.events + excluded.events,
    newly_priced = kept.newly_priced + excluded.newly_priced,
    newly_unpriced = kept.newly_unpriced + excluded.newly_unpriced,
    old_cost = kept.old_cost + excluded.old_cost,
    new_cost = kept.new_cost + excluded.new_cost
"""


def plan_repricing(
    *,
    since: date,
    until: date,
    models: Sequence[str] = (),
    only_unpriced: bool = False,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Repricing:
    """Begin to count what pricing the days [since, until) again would change. ActionError `invalid_field`."""
    if since >= until:
        raise ActionError("invalid_field", "The range must end after it begins.", field="until")
    if not reason.strip():
        raise ActionError("invalid_field", "Say why: it stays with every figure.", field="reason")
    zone = Tenant.objects.get().timezone
    starts_at, ends_at = (start_of(day, timezone=zone) for day in (since, until))
    starts_at = max(starts_at, _whole_since())
    if starts_at >= ends_at:
        raise ActionError("no_longer_kept", "The ledger has let these days go.", field="since")
    run = Repricing(
        tenant_id=active_scope().tenant_id,
        made_at=now,
        made_by=label_of(actor),
        reason=reason.strip(),
        since=since,
        until=until,
        starts_at=starts_at,
        ends_at=ends_at,
        only_models=list(models),
        only_unpriced=only_unpriced,
        book=book_version(),
        expected=_expected(since, until, models, only_unpriced=only_unpriced),
        moved_at=now,
    )
    run.save()
    _record("repricing.planned", run, actor=actor)
    _ring()
    return run


def apply_repricing(run: Repricing, *, actor: Actor, now: datetime) -> None:
    """Book what was counted. ActionError: `not_ready`, `prices_changed`, `repricing_under_way`."""
    run = Repricing.objects.select_for_update().get(pk=run.pk)
    if run.state != RunState.READY:
        raise ActionError("not_ready", f"This run is {run.get_state_display().lower()}.")
    if run.book != book_version():
        raise ActionError("prices_changed", BOOK_CHANGED)
    run.state, run.applied_by, run.moved_at = RunState.APPLYING, label_of(actor), now
    run.seen, run.last_at, run.last_key = 0, None, None
    try:
        with transaction.atomic():
            run.save()
    except IntegrityError as error:
        raise ActionError(
            "repricing_under_way", "Another run is changing some of these days: wait for it."
        ) from error
    _record("repricing.applied", run, actor=actor)
    _ring()


def cancel_repricing(run: Repricing, *, actor: Actor, now: datetime) -> None:
    """End a run before its next batch. ActionError `not_ready` when it has ended already."""
    run = Repricing.objects.select_for_update().get(pk=run.pk)
    if not run.is_under_way and run.state != RunState.READY:
        raise ActionError("not_ready", f"This run is {run.get_state_display().lower()}.")
    _finish(run, RunState.CANCELLED, now=now)
    run.save()
    _record("repricing.cancelled", run, actor=actor)


def go_on(*, now: datetime) -> bool:
    """Take the next batch of the active tenant's oldest run; whether there may be more to do.

    A run that another worker has in hand is left to it.
    """
    run = (
        Repricing.objects.select_for_update(skip_locked=True)
        .filter(state__in=UNDER_WAY)
        .order_by("id")
        .first()
    )
    if run is None:
        return False
    book, apply = price_book(), run.state == RunState.APPLYING
    if book.version != run.book:
        run.stopped_because = BOOK_CHANGED
        _finish(run, RunState.STOPPED, now=now)
    else:
        batch = reprice_batch(run, book, apply=apply, now=now)
        _remember(run, batch, is_applied=apply)
        run.seen += batch.seen
        run.last_at, run.last_key = batch.last or (run.last_at, run.last_key)
        run.moved_at = now
        if batch.seen < BATCH:
            _finish(run, RunState.DONE if apply else RunState.READY, now=now)
    run.save()
    return True


def _whole_since() -> datetime:
    """The first instant that the ledger still has in whole (flow/retention.py)."""
    horizon = Horizon.objects.first()
    since = horizon.since if horizon else date.min
    return datetime(since.year, since.month, since.day, tzinfo=UTC)


def _ring() -> None:
    tenant = active_scope().tenant_id
    transaction.on_commit(lambda: ring(tenant, task="reprice"))


def _finish(run: Repricing, state: RunState, *, now: datetime) -> None:
    run.state, run.moved_at = state, now
    run.finished_at = None if state == RunState.READY else now


def _remember(run: Repricing, batch: Batch, *, is_applied: bool) -> None:
    tenant = active_scope().tenant_id
    rows = [
        (
            *(tenant, run.pk, is_applied, day, client, moved.events),
            *(moved.newly_priced, moved.newly_unpriced, moved.old_cost, moved.new_cost),
        )
        for (day, client), moved in batch.days.items()
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(ADD_DAY, rows)


def _expected(since: date, until: date, models: Sequence[str], *, only_unpriced: bool) -> int:
    parameters: Bound = {
        "tenant": active_scope().tenant_id,
        "since": since,
        "until": until,
        "models": list(models),
        "only_unpriced": only_unpriced,
    }
    with connection.cursor() as cursor:
        cursor.execute(EXPECTED, parameters)
        return int(cursor.fetchone()[0])


def _record(action: str, run: Repricing, *, actor: Actor) -> None:
    record(
        action,
        actor=actor,
        subject=f"repricing {run.pk}",
        after={
            "since": run.since.isoformat(),
            "until": run.until.isoformat(),
            "models": run.only_models,
            "reason": run.reason,
        },
    )
