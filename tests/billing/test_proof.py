"""The nightly proof: what it looks at, what it remembers, and that it leaves room for others."""

import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from billing import tasks
from billing.flow.proof import SPAN, Night, prove_changed
from billing.flow.verify import MOST, rebuild
from billing.models import DailySpend, Heartbeat, SpendDay, Verification
from tests.factories import event

TONIGHT = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
A_DAY = timedelta(days=1)


def day(number):
    return date(2026, 11, number)


def spent_on(company, *numbers, **changes):
    """One folded event on each of these days of November."""
    events = [
        event(f"e-{number}", occurred_at=f"2026-11-{number:02}T12:00:00Z", **changes)
        for number in numbers
    ]
    assert {each.status for each in company.post(*events)} == {"accepted"}
    while company.fold().entries:
        pass


def night(company, *, at=TONIGHT, within=20, choose=min):
    with company.scope():
        return prove_changed(now=at, within=timedelta(seconds=within), choose=choose)


def proved(company):
    """The spans that were compared, newest proof first."""
    with company.scope():
        return [*Verification.objects.order_by("-id").values_list("since", "until")]


def changed_before(company, at):
    """As if what changed the days had happened then."""
    with company.scope():
        SpendDay.objects.filter(changed_at__isnull=False).update(changed_at=at)


def break_rollups(company, number):
    with company.scope():
        assert DailySpend.objects.filter(day=day(number)).update(events=7)


def no_other(days):
    """Of the days to choose from, the one that can hold nothing."""
    return max(days)


@pytest.mark.smoke
def test_days_that_changed_are_proved_once(world):
    spent_on(world.acme, 3, 4, 9)

    first = night(world.acme, choose=no_other)
    changed_before(world.acme, TONIGHT - A_DAY)
    second = night(world.acme, at=TONIGHT + A_DAY, choose=no_other)

    assert first == Night(days=4, differences=0, left=0)
    assert second == Night(days=1, differences=0, left=0)
    assert proved(world.acme)[1:] == [
        (day(10), day(11)),  # by chance
        (day(3), day(5)),
        (day(9), day(10)),
    ]


@pytest.mark.smoke
def test_a_difference_is_found_every_night_until_it_is_gone(world):
    spent_on(world.acme, 3, 4)
    night(world.acme)
    changed_before(world.acme, TONIGHT - A_DAY)
    break_rollups(world.acme, 3)

    unseen = night(world.acme, at=TONIGHT + A_DAY, choose=no_other)
    by_chance = night(world.acme, at=TONIGHT + 2 * A_DAY, choose=lambda days: day(3))
    again = night(world.acme, at=TONIGHT + 3 * A_DAY, choose=no_other)
    with world.acme.scope():
        assert [*SpendDay.objects.filter(differences__gt=0).values_list("day", "differences")] == [
            (day(3), 1)
        ]
        rebuild(day(1), until=day(10))
    mended = night(world.acme, at=TONIGHT + 4 * A_DAY, choose=no_other)

    assert [each.differences for each in (unseen, by_chance, again, mended)] == [0, 1, 1, 0]
    with world.acme.scope():
        assert not SpendDay.objects.filter(differences__gt=0).exists()


def test_a_mark_whose_transaction_was_still_open_is_not_missed(world):
    """It may carry a time before the proof although the proof could not see what it marks."""
    spent_on(world.acme, 3)
    night(world.acme)
    changed_before(world.acme, TONIGHT - timedelta(minutes=10))

    assert night(world.acme, at=TONIGHT + A_DAY, choose=no_other).days == 2


def test_a_rebuild_marks_its_days_as_changed_like_a_fold(world):
    spent_on(world.acme, 3, 4)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    changed_before(world.acme, long_ago)

    with world.acme.scope():
        rebuild(day(4), until=day(9))

    with world.acme.scope():
        marks = dict(SpendDay.objects.values_list("day", "changed_at"))
    assert marks[day(3)] == long_ago < marks[day(4)]
    assert len(marks) == 2


def test_a_night_whose_time_is_over_goes_on_where_it_stopped(world):
    spent_on(world.acme, *range(1, 20))

    first = night(world.acme, within=0)
    second = night(world.acme, within=0)
    third = night(world.acme, within=0)

    assert (first.days, first.left) == (SPAN, 19 - SPAN)
    assert (second.days, second.left) == (SPAN, 19 - 2 * SPAN)
    assert (third.days, third.left) == (19 - 2 * SPAN + 1, 0)
    assert proved(world.acme)[-1] == (day(13), day(20))


def test_one_old_day_is_proved_even_when_nothing_changed(world):
    spent_on(world.acme, 3, 19)
    night(world.acme)
    changed_before(world.acme, TONIGHT - A_DAY)
    offered = []

    found = night(
        world.acme, at=TONIGHT + A_DAY, choose=lambda days: offered.extend(days) or days[4]
    )

    assert {day(3), day(11), day(19)} <= set(offered)
    assert found == Night(days=1, differences=0, left=0)


def test_a_list_of_differences_that_is_full_proves_nothing_about_the_days_behind_it(world):
    world.acme.post(*(event(f"e-{n}", feature=f"f-{n}") for n in range(MOST + 5)))
    world.acme.post(event("late", occurred_at="2026-11-21T12:00:00Z"))
    world.acme.fold()
    with world.acme.scope():
        DailySpend.objects.update(events=7)

    found = night(world.acme)

    assert found == Night(days=1, differences=MOST, left=1)
    assert night(world.acme) == Night(days=2, differences=1, left=0)


def test_what_was_found_is_kept_for_ninety_days(world):
    spent_on(world.acme, 3)
    night(world.acme)
    changed_before(world.acme, TONIGHT - A_DAY)

    night(world.acme, at=TONIGHT + 90 * A_DAY, choose=no_other)
    assert len(proved(world.acme)) == 2 + 1
    night(world.acme, at=TONIGHT + 91 * A_DAY, choose=no_other)

    with world.acme.scope():
        assert Verification.objects.earliest("at").at == TONIGHT + 90 * A_DAY


def test_a_company_without_events_has_nothing_to_prove(world):
    assert night(world.acme) == Night(days=0, differences=0, left=0)


def test_the_command_raises_and_ends_the_same_alarm(world):
    spent_on(world.acme, 3)
    break_rollups(world.acme, 3)

    with pytest.raises(CommandError, match="1 buckets differ"):
        call_command("verify_spend", stdout=io.StringIO(), stderr=io.StringIO())
    with world.acme.scope():
        assert SpendDay.objects.get(day=day(3)).differences == 1

    call_command("rebuild_spend", stdout=io.StringIO())
    call_command("verify_spend", stdout=io.StringIO())
    with world.acme.scope():
        assert SpendDay.objects.get(day=day(3)).differences == 0


# --- Tasks -------------------------------------------------------------------------------------------


@pytest.fixture
def dispatched(monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.verify_tenant, "apply_async", lambda **message: sent.append(message))
    return sent


def test_each_night_every_company_is_proved_after_everything_else(world, dispatched):
    """Redis gives priority 0, which is what folds and sweeps have, before 9."""
    tasks.verify_all()

    assert dispatched == [
        {"kwargs": {"tenant_id": each.tenant.pk}, "priority": 9}
        for each in (world.acme, world.brix)
    ]
    assert Heartbeat.objects.get(name="verify")


def test_a_night_with_days_left_rings_for_the_next_stretch(
    world, dispatched, monkeypatch, django_capture_on_commit_callbacks
):
    spent_on(world.acme, *range(1, 20))
    monkeypatch.setattr(tasks, "AT_A_STRETCH", timedelta(0))

    with django_capture_on_commit_callbacks(execute=True):
        tasks.verify_tenant(tenant_id=world.acme.tenant.pk)

    assert dispatched == [{"kwargs": {"tenant_id": world.acme.tenant.pk}, "priority": 9}]


def test_the_sweep_is_the_sign_of_life(world, monkeypatch):
    monkeypatch.setattr(tasks, "ring", lambda tenant_id: None)
    tasks.sweep()
    first = Heartbeat.objects.get(name="sweep").at
    tasks.sweep()

    assert Heartbeat.objects.get(name="sweep").at > first


def test_folding_marks_a_day_without_a_new_row_version_each_time(world):
    """The journal is folded every second or so: a mark that is a minute old is as good as a new one."""
    spent_on(world.acme, 3)
    with world.acme.scope(), connection.cursor() as cursor:
        cursor.execute("SELECT ctid FROM billing_spendday")
        before = cursor.fetchall()

    world.acme.post(event("another", occurred_at="2026-11-03T13:00:00Z"))
    world.acme.fold()

    with world.acme.scope(), connection.cursor() as cursor:
        cursor.execute("SELECT ctid FROM billing_spendday")
        assert cursor.fetchall() == before
