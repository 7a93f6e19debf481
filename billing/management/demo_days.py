"""The demo's ninety days, lived through in order: intake, fold, budgets, alarms, answers, mails to nobody.

In:   a company that was just made.   Out: what it would have if it had used costtrack since then.
Nothing is put into a table here: each step is the one that events and workers take, at a time of the past.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.management.base import OutputWrapper

from billing.flow.fold import fold
from billing.flow.intake import accept, check_items
from billing.flow.send_due import Clock, send_due
from billing.importers.demo import DAYS, demo_events
from billing.management.demo_budgets import BUDGETS, BudgetPlan, answer, put_off, set_budgets
from billing.management.demo_company import ZONE, Made, Plan
from billing.management.progress import progress
from billing.periods import start_of, today_in
from billing.watch.alarms import check_alarms
from billing.watch.check import check_budgets
from billing.watch.pass_on import pass_on_alerts
from tenants.actions import note_key_use
from tenants.keys import FoundKey, find_key
from tenants.scoping import tenant_scope

BATCH = 500
UNWATCHED_DAYS = 50
"""Budgets are set after so many days: by then there is something to set them by."""
LOOKS = (timedelta(hours=12), timedelta(hours=17))
"""At which hours of a day events arrive; and once more before it ends, when budgets are looked at."""
LOOKED_AT_CLOSELY = 14
"""On so many last days budgets are looked at at the other hours too: looking is what takes the time."""
FOLDED_EVERY = 7
"""So many days, before anybody watches."""
A_MOMENT = timedelta(seconds=1)

Event = dict[str, object]


@dataclass(frozen=True, slots=True)
class Day:
    number: int
    day: date
    arrivals: list[tuple[datetime, list[Event]]]
    """When, and what had been called since the time before."""


def live_through(plan: Plan, made: Made, *, now: datetime, out: OutputWrapper) -> None:
    """Ninety days of one company, in the transaction of the caller; `out` is shown how far it is."""
    key = find_key(made.ingest_key, now=now)
    assert key is not None  # noqa: S101  it was made in this transaction
    with nobody_is_written_to(), tenant_scope(made.tenant_id):
        for each in progress(list(_days(plan, now=now)), label=plan.slug, out=out):
            *earlier, (evening, rest) = each.arrivals
            for at, events in earlier:
                _take_in(events, key=key, now=at)
                if each.number >= DAYS - LOOKED_AT_CLOSELY:
                    check_budgets(now=at)
            _take_in(rest, key=key, now=evening)
            if each.number >= UNWATCHED_DAYS or each.number % FOLDED_EVERY == 0:
                fold()
            if each.number == UNWATCHED_DAYS:
                set_budgets(BUDGETS[plan.slug], today=each.day, now=evening)
            if each.number >= UNWATCHED_DAYS:
                _watch(BUDGETS[plan.slug], made.tenant_id, now=evening)
        put_off(BUDGETS[plan.slug], now=now)
        note_key_use(key, now=now)


def _watch(budgets: tuple[BudgetPlan, ...], tenant_id: int, *, now: datetime) -> None:
    """What the workers do by the clock, and the people after them."""
    check_budgets(now=now, forecasts=True)
    check_alarms(now=now)
    pass_on_alerts(now=now)
    answer(budgets, now=now)
    send_due(tenant_id, within=A_MOMENT, clock=_stopped(now), between=min)


def _stopped(at: datetime) -> Clock:
    return lambda: at


def _take_in(events: Sequence[Event], *, key: FoundKey, now: datetime) -> None:
    for first in range(0, len(events), BATCH):
        batch = events[first : first + BATCH]
        checked = check_items([json.dumps(each).encode() for each in batch], now=now)
        accept(checked, tenant_id=key.tenant_id, key=key, now=now)


def _days(plan: Plan, *, now: datetime) -> Iterator[Day]:
    """The days of the tenant's zone; what would be later than now has not happened."""
    last = today_in(ZONE, now=now)
    events = sorted(
        (each for each in demo_events(last, seed=plan.seed) if each["project"] in plan.projects),
        key=lambda each: str(each["occurred_at"]),
    )
    todo = iter([(datetime.fromisoformat(str(each["occurred_at"])), each) for each in events])
    upcoming = next(todo, None)
    for number in range(DAYS):
        day = last - timedelta(days=DAYS - 1 - number)
        arrivals = []
        for at in _looks(day, now=now):
            arrived = []
            while upcoming and upcoming[0] <= at:
                arrived.append(upcoming[1])
                upcoming = next(todo, None)
            arrivals.append((at, arrived))
        yield Day(number, day, arrivals)


def _looks(day: date, *, now: datetime) -> list[datetime]:
    """A day's times of arrival; of today those that have passed, and now."""
    start = start_of(day, timezone=ZONE)
    end = start_of(day + timedelta(days=1), timezone=ZONE) - A_MOMENT
    times = [*(start + each for each in LOOKS), end]
    return [each for each in times if each < now] + ([now] if end >= now else [])


@contextmanager
def nobody_is_written_to() -> Iterator[None]:
    """The people of the demo do not exist, and their alerts are of the past: no mail leaves for them."""
    before = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    try:
        yield
    finally:
        settings.EMAIL_BACKEND = before
