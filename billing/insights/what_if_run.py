"""What-if runs: a question about more events than a page prices, answered day by day by a worker.

In:   a span of days, a change.   Out: a WhatIfRun and its days, as `reports/what_if.py` answers each of them.
Promises: a day is one transaction with its progress, so a run that was killed or stopped goes on where it was
      and no day is counted twice; all days are answered by one price book, or the run ends and says so.
Never: a change of anything that is booked.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import transaction

from billing.flow.book import price_book
from billing.flow.doorbell import ring
from billing.flow.price_book import PriceBookError
from billing.models import WhatIfDay, WhatIfRun
from billing.models.what_if import WhatIfState
from billing.money import EXACT, amount, plain
from billing.periods import DayRange
from billing.reports.what_if import Compared, LeftOut, WhatIf, what_if
from billing.reports.what_if_query import SETTINGS, ChangeError, change_of
from tenants.actions import ActionError
from tenants.audit import Actor, label_of, record
from tenants.scoping import active_scope

MOST_OF_A_DAY: Final = 50_000
"""Events of one day that are priced one by one; a page prices 5,000 in 0.9 s (docs/architecture.md)."""
MOST_RUNNING: Final = 3
TASK: Final = "answer_what_if"
BOOK_CHANGED: Final = "The prices have changed since it began. Ask again."
TOO_FINE: Final = "A price changed by that much is finer than 18 decimals."


def ask_what_if(
    days: DayRange,
    settings: Mapping[str, str],
    *,
    client: str = "",
    project: str = "",
    actor: Actor,
    now: datetime,
) -> WhatIfRun:
    """Begin to answer. ActionError `invalid_field` for no change, `already_running` while others are."""
    asked = {name: settings[name] for name in SETTINGS if settings.get(name)}
    try:
        is_none = change_of(asked).is_none
    except ChangeError as error:
        raise ActionError("invalid_field", error.detail, field=error.field) from error
    if is_none:
        raise ActionError("invalid_field", "Ask for a change of something.", field="settings")
    _make_room()
    run = WhatIfRun.objects.create(
        settings=asked,
        client=client,
        project=project,
        since=days.since,
        until=days.until,
        next_day=days.since,
        book=price_book().version,
        asked_at=now,
        asked_by=label_of(actor),
        moved_at=now,
    )
    _record("what_if.asked", run, actor=actor)
    _ring()
    return run


def stop_what_if(run: WhatIfRun, *, actor: Actor, now: datetime) -> None:
    """End it before its next day; what is answered stays. ActionError `not_ready` when it does not run."""
    _move(run, WhatIfState.RUNNING, WhatIfState.STOPPED, now=now)
    _record("what_if.stopped", run, actor=actor)


def resume_what_if(run: WhatIfRun, *, actor: Actor, now: datetime) -> None:
    """Go on where it was stopped. ActionError `not_ready`, `already_running`."""
    _make_room()
    _move(run, WhatIfState.STOPPED, WhatIfState.RUNNING, now=now)
    _record("what_if.resumed", run, actor=actor)
    _ring()


def answer_a_day(*, now: datetime) -> bool:
    """The next day of the active tenant's oldest run that no other worker has; whether there may be more."""
    run = (
        WhatIfRun.objects.select_for_update(skip_locked=True)
        .filter(state=WhatIfState.RUNNING)
        .order_by("id")
        .first()
    )
    if run is None:
        return False
    book = price_book()
    if book.version != run.book:
        run.state, run.stopped_because = WhatIfState.FAILED, BOOK_CHANGED
    else:
        day = DayRange(run.next_day, run.next_day + timedelta(days=1))
        where = {"client": run.client, "project": run.project}
        try:
            # another model is asked at the prices of the day on which the question was put
            found = what_if(
                day,
                change_of(run.settings),
                now=run.asked_at,
                book=book,
                most=MOST_OF_A_DAY,
                **where,
            )
        except PriceBookError:
            run.state, run.stopped_because = WhatIfState.FAILED, TOO_FINE
        else:
            _keep(run, found)
            run.next_day = day.until
            run.state = WhatIfState.DONE if run.next_day >= run.until else run.state
    run.moved_at = now
    run.save()
    return True


def answer_of(run: WhatIfRun) -> WhatIf:
    """What is answered so far, as `what_if` answers."""
    found = WhatIf(change_of(run.settings))
    found.rows = [
        Compared(each.day, each.client, each.events, each.old, each.new)
        for each in WhatIfDay.objects.filter(run_id=run.pk).order_by("day", "client")
    ]
    found.one_by_one, found.unpriced_events = run.one_by_one, run.unpriced_events
    found.left_out = {
        reason: LeftOut(reason, events, amount(cost))
        for reason, (events, cost) in run.left_out.items()
    }
    return found


def _keep(run: WhatIfRun, found: WhatIf) -> None:
    WhatIfDay.objects.bulk_create(
        WhatIfDay(
            run_id=run.pk,
            day=each.day,
            client=each.client,
            events=each.events,
            old=each.old,
            new=each.new,
        )
        for each in found.rows
    )
    run.one_by_one += found.one_by_one
    run.unpriced_events += found.unpriced_events
    for reason, left in found.left_out.items():
        events, cost = run.left_out.get(reason, (0, "0"))
        both = EXACT.add(Decimal(cost), left.cost)
        run.left_out[reason] = (events + left.events, plain(both))


def _make_room() -> None:
    if WhatIfRun.objects.filter(state=WhatIfState.RUNNING).count() >= MOST_RUNNING:
        detail = f"{MOST_RUNNING} questions are being answered: wait for one, or stop it."
        raise ActionError("already_running", detail)


def _move(run: WhatIfRun, before: WhatIfState, after: WhatIfState, *, now: datetime) -> None:
    found = WhatIfRun.objects.select_for_update().get(pk=run.pk)
    if found.state != before:
        raise ActionError("not_ready", f"This question is {found.get_state_display().lower()}.")
    run.state = found.state = after
    found.moved_at = now
    found.save()


def _record(action: str, run: WhatIfRun, *, actor: Actor) -> None:
    told = {"since": run.since.isoformat(), "until": run.until.isoformat(), **run.settings}
    record(action, actor=actor, subject=f"what if {run.pk}", after=told)


def _ring() -> None:
    tenant = active_scope().tenant_id
    transaction.on_commit(lambda: ring(tenant, task=TASK))
