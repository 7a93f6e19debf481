"""Retention: old months of the ledger go, figures and identities stay, and nothing goes that is not let go."""

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from billing import tasks
from billing.actions import ActionError, change_timezone, set_retention
from billing.flow.proof import prove_changed
from billing.flow.retention import (
    LetGo,
    empty_a_month,
    forget,
    kept_since,
    kept_until,
    move_horizon,
)
from billing.flow.verify import rebuild, verify, whole_days
from billing.flow.void import NoLongerKept, void
from billing.flow.zone import move_on
from billing.models import (
    DailySpend,
    EventCorrection,
    EventKey,
    Horizon,
    SpendDay,
    SpendEntry,
    UsageEvent,
)
from billing.periods import DayRange
from billing.reports.spend import spend
from tenants.models import AuditEntry
from tests.factories import COST, event

NOW = timezone.now()
EVER = DayRange(date(2024, 1, 1), date(2026, 12, 31))
DEEP = kept_since(7, now=NOW)
"""The first day of a month seven months ago."""
KEPT = kept_since(2, now=NOW)


def at(day, hour=12, **later):
    moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC) + timedelta(**later)
    return moment.isoformat()


def fill(company, *, zone="Europe/Sofia"):
    """Two old events, one at each side of the horizon, one of today; all folded."""
    with company.scope():
        type(company.tenant).objects.update(timezone=zone)
    verdicts = company.post(
        event("old", occurred_at=at(DEEP)),
        event("old too", occurred_at=at(DEEP, days=3), feature="chat"),
        event("just before", occurred_at=at(KEPT, hour=0, seconds=-1)),
        event("just after", occurred_at=at(KEPT, hour=0)),
        event("new", occurred_at=(NOW - timedelta(hours=1)).isoformat()),
    )
    assert {each.status for each in verdicts} == {"accepted"}


def keep(company, months=2):
    with company.scope():
        set_retention(months, actor="test")


def prove(company, *, night=0):
    """As after that night, with nothing changed shortly before it."""
    with company.scope():
        tonight = timezone.now() + timedelta(days=night)
        prove_changed(now=tonight, within=timedelta(seconds=60), choose=min)
        SpendDay.objects.update(changed_at=NOW - timedelta(days=1))


def let_go(company, *, night=0):
    company.fold()
    prove(company, night=night)
    with company.scope():
        return move_horizon(now=NOW)


def forgotten(company, *, limit=100):
    with company.scope():
        gone = []
        while count := forget(limit=limit):
            gone.append(count)
        return gone


def total(company):
    with company.scope():
        return [
            spend(EVER, granularity=each, group_by=["feature"]).rows for each in ("day", "hour")
        ]


def ids(company):
    with company.scope():
        return {*UsageEvent.objects.values_list("event_id", flat=True)}


@pytest.mark.smoke
def test_old_events_go_and_no_figure_does(world):
    fill(world.acme)
    fill(world.brix)
    keep(world.acme)
    before = total(world.acme)

    moved = let_go(world.acme)
    gone = forgotten(world.acme)

    assert moved == LetGo(since=KEPT, wanted=KEPT)
    assert gone == [3]
    assert ids(world.acme) == {"just after", "new"}
    assert total(world.acme) == before
    with world.acme.scope():
        assert EventKey.objects.count() == 5
        assert verify(*whole_days()[:1], until=whole_days()[1]) == []
    assert len(ids(world.brix)) == 5


def test_it_is_off_by_default(world):
    fill(world.acme)

    assert let_go(world.acme) == LetGo(None, None)
    assert forgotten(world.acme) == []
    assert len(ids(world.acme)) == 5


def test_a_replay_of_what_is_gone_is_a_duplicate_without_a_cost_and_another_payload_a_conflict(
    world,
):
    fill(world.acme)
    keep(world.acme)
    let_go(world.acme)
    forgotten(world.acme)
    before = total(world.acme)

    replayed, kept, changed = world.acme.post(
        event("old", occurred_at=at(DEEP)),
        event("just after", occurred_at=at(KEPT, hour=0)),
        event("old too", occurred_at=at(DEEP, days=3)),
    )

    assert (replayed.status, replayed.cost, replayed.unpriced_reason) == ("duplicate", None, "")
    assert (kept.status, kept.cost) == ("duplicate", Decimal(COST))
    assert changed.status == "conflict"
    assert total(world.acme) == before


def test_what_is_gone_cannot_be_taken_back_and_corrections_go_with_their_events(world):
    fill(world.acme)
    keep(world.acme)
    with world.acme.scope():
        void("", "old", reason="r", actor="test", now=NOW)
        void("", "new", reason="r", actor="test", now=NOW)
    let_go(world.acme)
    before = total(world.acme)

    gone = forgotten(world.acme)

    assert gone == [3, 1]
    assert total(world.acme) == before
    with world.acme.scope():
        assert EventCorrection.objects.count() == 1
        for event_id in ("old", "old too"):
            with pytest.raises(NoLongerKept):
                void("", event_id, reason="r", actor="test", now=NOW)


def test_a_late_event_of_a_month_that_is_gone_counts_and_goes_the_next_night(world):
    fill(world.acme)
    keep(world.acme)
    let_go(world.acme)
    forgotten(world.acme)

    (late,) = world.acme.post(event("late", occurred_at=at(DEEP, days=1)))
    world.acme.fold()
    before = total(world.acme)
    prove(world.acme)
    with world.acme.scope():
        assert verify(EVER.since, until=EVER.until) == []
        assert not SpendDay.objects.filter(differences__gt=0).exists()

    assert late.status == "accepted"
    assert forgotten(world.acme) == [1]
    assert total(world.acme) == before


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "UTC", "America/New_York", "Asia/Kolkata"])
def test_the_books_behind_the_horizon_are_proved_and_rebuilt_and_those_before_it_stay(world, zone):
    fill(world.acme, zone=zone)
    keep(world.acme)
    let_go(world.acme)
    forgotten(world.acme)
    before = total(world.acme)

    with world.acme.scope():
        first, _ = whole_days()
        rebuild(EVER.since, until=EVER.until)
        assert verify(EVER.since, until=EVER.until) == []
        assert DailySpend.objects.filter(day__gte=first).update(events=9)
        assert {each.day >= first for each in verify(EVER.since, until=EVER.until)} == {True}
        rebuild(EVER.since, until=EVER.until)
    call_command("verify_spend", tenant="acme", stdout=io.StringIO())

    assert total(world.acme) == before
    assert timedelta(0) <= first - KEPT <= timedelta(1)


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        ("Europe/Sofia", "America/New_York"),
        ("America/New_York", "Europe/Sofia"),
        ("UTC", "Asia/Kolkata"),
        ("Pacific/Kiritimati", "Pacific/Niue"),
    ],
)
def test_days_without_a_ledger_keep_their_zone_and_every_total(world, before, wanted):
    fill(world.acme, zone=before)
    world.acme.post(*(event(f"h-{n}", occurred_at=at(KEPT, hour=0, hours=n)) for n in range(60)))
    keep(world.acme)
    let_go(world.acme)
    forgotten(world.acme)
    with world.acme.scope():
        old = set(DailySpend.objects.filter(day__lt=KEPT - timedelta(1)).values_list("day"))
        sums = spend(EVER, granularity="total").total

        change_timezone(wanted, actor="test")
        while not move_on(now=NOW).is_done:
            pass

        assert spend(EVER, granularity="total").total == sums
        assert spend(EVER, granularity="hour").total == sums
        assert old
        assert set(DailySpend.objects.filter(day__lt=KEPT - timedelta(1)).values_list("day")) == old
        assert verify(EVER.since, until=EVER.until) == []
        assert whole_days()[0] <= KEPT + timedelta(3)


# --- What holds a month back


def test_a_month_with_a_day_that_differs_is_kept_until_it_is_mended(world):
    fill(world.acme)
    keep(world.acme)
    world.acme.fold()
    with world.acme.scope():
        DailySpend.objects.filter(day=DEEP + timedelta(3)).update(events=7)

    held = let_go(world.acme)
    assert forgotten(world.acme) == []
    with world.acme.scope():
        rebuild(EVER.since, until=EVER.until)
    mended = let_go(world.acme, night=1)

    assert held.waits_for == DEEP + timedelta(3)
    assert held.since == DEEP
    assert (mended.since, mended.waits_for) == (KEPT, None)


def test_a_month_is_kept_until_its_journal_is_folded_and_proved(world):
    fill(world.acme)
    keep(world.acme)

    with world.acme.scope():
        unproved = move_horizon(now=NOW)
        assert not SpendEntry.objects.filter(day__lt=KEPT).exists()
    proved = let_go(world.acme)

    assert (unproved.waits_for, unproved.since) == (DEEP, kept_since(8, now=NOW))
    assert proved.waits_for is None


def test_nothing_is_let_go_while_the_days_move_to_another_zone(world):
    fill(world.acme)
    keep(world.acme)
    with world.acme.scope():
        change_timezone("Asia/Tokyo", actor="test")

    assert let_go(world.acme) == LetGo(None, KEPT)


# --- The functions that delete


def asked(company, sql, *parameters):
    with company.scope(), connection.cursor() as cursor, transaction.atomic():
        cursor.execute(sql, parameters)
        return cursor.fetchone()


def test_the_serving_role_deletes_nothing_by_itself(world):
    fill(world.acme)

    for table in ("billing_usageevent", "billing_eventcorrection", "billing_horizon"):
        with pytest.raises(DatabaseError, match="permission denied"):
            asked(world.acme, f"DELETE FROM {table}")
    with pytest.raises(DatabaseError, match="permission denied"):
        asked(world.acme, "SELECT empty_a_month()")
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        world.acme.viewer_scope(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT forget_events(%s, 5)", [world.acme.tenant.pk])


def test_the_functions_delete_for_the_active_tenant_only(world):
    for company in (world.acme, world.brix):
        fill(company)
        keep(company)
    let_go(world.brix)

    for call in ("forget_events(%s, 5)", "let_go_of_events(%s, '2020-01-01')"):
        with pytest.raises(DatabaseError, match="not the active one"):
            asked(world.acme, f"SELECT {call}", world.brix.tenant.pk)
    assert len(ids(world.brix)) == 5


def test_the_functions_let_go_of_no_more_than_the_setting_does(world):
    fill(world.acme)
    company, tenant = world.acme, world.acme.tenant.pk

    with pytest.raises(DatabaseError, match="are kept"):
        asked(company, "SELECT let_go_of_events(%s, %s)", tenant, DEEP)
    keep(company, 5)
    for until in (kept_since(4, now=NOW), kept_since(0, now=NOW), DEEP + timedelta(1)):
        with pytest.raises(DatabaseError, match="are kept"):
            asked(company, "SELECT let_go_of_events(%s, %s)", tenant, until)
    assert let_go(company).since == kept_since(5, now=NOW)
    keep(company, None)
    assert forgotten(company) == []
    keep(company, 9)
    assert forgotten(company) == []
    keep(company, 5)
    assert forgotten(company, limit=1) == [1, 1]


def test_a_horizon_never_moves_back(world):
    fill(world.acme)
    keep(world.acme)
    let_go(world.acme)
    keep(world.acme, 5)

    moved = let_go(world.acme)
    asked(world.acme, "SELECT let_go_of_events(%s, %s)", world.acme.tenant.pk, DEEP)

    assert moved.since == KEPT
    with world.acme.scope():
        assert Horizon.objects.get().since == KEPT


# --- Whole months at once


def month_of(day):
    return f"billing_usageevent_{day:%Y_%m}"


def emptied():
    found = []
    while name := empty_a_month():
        found.append(name)
    return found


@pytest.mark.smoke
def test_a_month_goes_at_once_when_every_tenant_with_rows_in_it_lets_it_go(committed):
    for company in (committed.acme, committed.brix):
        fill(company)
        keep(company)
    emptied()  # months in which other tests left nothing but dead rows
    let_go(committed.acme)
    assert emptied() == []  # Brix keeps it still

    let_go(committed.brix)
    before = total(committed.acme), total(committed.brix)
    names = emptied()

    assert month_of(DEEP) in names
    assert not [name for name in names if name >= month_of(KEPT)]
    assert ids(committed.acme) == ids(committed.brix) == {"just after", "new"}
    assert (total(committed.acme), total(committed.brix)) == before
    assert emptied() == []
    (late,) = committed.acme.post(event("late", occurred_at=at(DEEP)))
    assert late.status == "accepted"


def test_a_month_with_rows_of_one_who_keeps_them_is_left(committed):
    fill(committed.acme)
    keep(committed.acme)
    let_go(committed.acme)
    committed.brix.post(event("theirs", occurred_at=at(DEEP)))

    names = emptied()

    assert month_of(DEEP) not in names
    assert ids(committed.brix) == {"theirs"}


def test_who_turns_retention_off_again_loses_no_month(committed):
    fill(committed.acme)
    keep(committed.acme)
    let_go(committed.acme)
    keep(committed.acme, None)

    assert month_of(DEEP) not in emptied()
    assert len(ids(committed.acme)) == 5


# --- Doors


def test_the_setting_is_checked_and_audited(world):
    with world.acme.scope():
        for months in (1, 0, -3, 121):
            with pytest.raises(ActionError):
                set_retention(months, actor="test")
        set_retention(13, actor=world.ana)
        set_retention(None, actor=world.ana)
        entries = AuditEntry.objects.filter(action="tenant.retention").order_by("id")
        assert [(each.before, each.after) for each in entries] == [
            ({"months": None}, {"months": 13}),
            ({"months": 13}, {"months": None}),
        ]


def test_the_command_sets_it_and_says_what_it_means(world):
    def said(*words):
        out = io.StringIO()
        call_command("set_retention", *words, "--tenant", "acme", stdout=out)
        return out.getvalue()

    assert "acme keeps its events for ever" in said()
    assert f"acme keeps its events since {KEPT}" in said("2")
    fill(world.acme)
    let_go(world.acme)
    assert f"Events before {KEPT} are gone." in said()
    assert "for ever. Events before" in said("ever")
    for wrong in ("1", "soon"):
        with pytest.raises(CommandError):
            said(wrong)


@pytest.mark.parametrize(
    ("moment", "months", "until"),
    [
        ("2026-11-22T10:00:00Z", 2, date(2027, 2, 1)),
        ("2026-10-31T23:59:59Z", 2, date(2027, 1, 1)),
        ("2026-01-01T00:00:00Z", 13, date(2027, 3, 1)),
    ],
)
def test_an_event_goes_when_its_month_does(moment, months, until):
    occurred_at = datetime.fromisoformat(moment)

    assert kept_until(occurred_at, months=months) == until
    assert kept_since(months, now=datetime(until.year, until.month, 1, tzinfo=UTC)) > (
        occurred_at.date()
    )


def test_the_page_of_an_event_says_how_long_it_is_kept(world):
    fill(world.acme)
    ana = Client()
    ana.force_login(world.ana)
    address = "/t/acme/event/?source=&id=new"
    assert "kept until" not in ana.get(address).content.decode()

    keep(world.acme)

    until = kept_until(NOW - timedelta(hours=1), months=2)
    assert f"kept until {until.day} {until:%b %Y}" in ana.get(address).content.decode()


def test_the_nights_tasks_let_go_of_what_is_due_batch_by_batch(committed, monkeypatch):
    fill(committed.acme)
    committed.brix.post(event("theirs", occurred_at=at(DEEP)))
    keep(committed.acme)
    committed.acme.fold()
    prove(committed.acme)
    sent = []
    for task in (tasks.move_one_horizon, tasks.forget_some):
        monkeypatch.setattr(
            task, "apply_async", lambda task=task, **how: sent.append((task, how["kwargs"]))
        )
    monkeypatch.setattr(tasks, "STRETCH", 1)

    tasks.move_horizons()
    tasks.forget_all()
    rounds = 0
    while sent:
        task, kwargs = sent.pop(0)
        task(**kwargs)
        rounds += 1

    assert rounds == 1 + 3 + 1
    assert ids(committed.acme) == {"just after", "new"}
    assert ids(committed.brix) == {"theirs"}
