"""A change of time zone goes piece by piece while events come in: totals stay, no event is lost or double."""

import io
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.utils import timezone

from billing import tasks
from billing.actions import ActionError, change_timezone
from billing.flow import zone
from billing.flow.verify import days_with_events, rebuild, verify
from billing.flow.zone import Moved, move_on, progress
from billing.models import DailySpend, SpendEntry, UsageEvent, ZoneChange
from billing.periods import DayRange
from billing.reports.spend import spend
from tenants.models import AuditEntry, Tenant
from tests.api.conftest import Api
from tests.billing.test_tasks import queued
from tests.factories import NOON, event
from tests.operations.processes import ROOT, database_url

YEAR = DayRange(date(2025, 10, 1), date(2027, 1, 1))
CHANGES = [
    ("Europe/Sofia", "America/New_York"),
    ("Asia/Kolkata", "Australia/Lord_Howe"),
    ("Pacific/Kiritimati", "Pacific/Niue"),
    ("America/Santiago", "Africa/Cairo"),  # both skip or repeat a midnight
]


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    monkeypatch.setattr(zone, "PIECE", 5)


def fill(company, *, count=60, hours=131):
    """Events over most of a year, each at another hour, two thirds of them folded."""
    events = [
        event(f"e-{n}", occurred_at=(NOON - timedelta(hours=hours * n)).isoformat())
        for n in range(count)
    ]
    company.post(*events[::3], *events[1::3])
    company.fold()
    company.post(*events[2::3])


def live_in(company, name):
    with company.scope():
        Tenant.objects.update(timezone=name)


def differences(company):
    with company.scope():
        first, after = days_with_events()
        return verify(first, until=after)


def days_of(company):
    """How many events each day has, as every reader is told."""
    with company.scope():
        return {row.period: row.measures.events for row in spend(YEAR).rows}


def days_in(company, name):
    """The same, counted event by event."""
    with company.scope():
        moments = UsageEvent.objects.values_list("occurred_at", flat=True)
        return Counter(each.astimezone(ZoneInfo(name)).date() for each in moments)


def change(company, name):
    with company.scope():
        change_timezone(name, actor="test")


def step(company):
    with company.scope():
        return move_on(now=timezone.now())


def finish(company):
    steps = 0
    while (moved := step(company)) and not moved.is_done:
        steps += 1
    return steps


@pytest.mark.smoke
@pytest.mark.parametrize(("before", "wanted"), CHANGES)
def test_every_day_is_a_day_of_the_new_zone_in_the_end_and_every_total_stays(world, before, wanted):
    live_in(world.acme, before)
    fill(world.acme)
    assert days_of(world.acme) == days_in(world.acme, before)

    change(world.acme, wanted)
    steps = finish(world.acme)

    assert steps > 5
    assert days_of(world.acme) == days_in(world.acme, wanted)
    assert differences(world.acme) == []
    with world.acme.scope():
        assert Tenant.objects.get().timezone == wanted
        assert spend(YEAR).total == spend(YEAR, granularity="hour").total


def test_between_two_pieces_everything_adds_up_and_is_proved(world):
    fill(world.acme)
    with world.acme.scope():
        total = spend(YEAR).total

    change(world.acme, "America/New_York")
    seen = []
    for number in range(100):
        moved = step(world.acme)
        seen.append(moved.percent)
        assert differences(world.acme) == []
        with world.acme.scope():
            assert spend(YEAR).total == spend(YEAR, granularity="hour").total == total
            assert api_total(world.acme) == total.events
        if number == 3:
            world.acme.fold()
        if moved.is_done:
            break

    assert seen == sorted(seen)
    assert (seen[0] < 30, seen[-1]) == (True, 100)


def api_total(company):
    answer = Api(company).get("/api/v1/spend?since=2025-10-01&until=2027-01-01&granularity=day")
    return answer.json()["total"]["events"]


def test_the_present_day_is_in_the_new_zone_with_the_first_piece_and_older_ones_follow(world):
    fill(world.acme)
    change(world.acme, "Asia/Tokyo")
    with world.acme.scope():
        assert Tenant.objects.get().timezone == "Europe/Sofia"
    assert differences(world.acme) == []

    moved = step(world.acme)

    with world.acme.scope():
        assert Tenant.objects.get().timezone == "Asia/Tokyo"
    reached = moved.reached
    days = Counter()
    with world.acme.scope():
        for moment in UsageEvent.objects.values_list("occurred_at", flat=True):
            name = "Asia/Tokyo" if moment >= reached else "Europe/Sofia"
            days[moment.astimezone(ZoneInfo(name)).date()] += 1
    assert days_of(world.acme) == days


def test_events_that_come_meanwhile_are_on_the_right_day_wherever_they_belong(world):
    fill(world.acme)
    change(world.acme, "America/St_Johns")
    number = 0
    while True:
        for hours in (0, 26, 131 * 10 + 1, 131 * 40 + 1, 131 * 70):
            at = NOON - timedelta(hours=hours, minutes=number)
            world.acme.post(event(f"late-{number}", occurred_at=at.isoformat()))
            number += 1
        moved = step(world.acme)
        assert differences(world.acme) == []
        if moved.is_done:
            break
        world.acme.fold()

    assert days_of(world.acme) == days_in(world.acme, "America/St_Johns")


def test_one_change_at_a_time_and_its_own_zone_is_none(world):
    fill(world.acme, count=3)
    change(world.acme, "Europe/Sofia")
    with world.acme.scope():
        assert not ZoneChange.objects.exists()
    change(world.acme, "Asia/Tokyo")

    for wanted in ("Asia/Tokyo", "UTC"):
        with pytest.raises(ActionError, match="being moved to Asia/Tokyo") as refused:
            change(world.acme, wanted)
        assert refused.value.code == "zone_change_running"
    with pytest.raises(ActionError):
        change(world.brix, "Mars/Olympus")
    finish(world.acme)
    change(world.acme, "UTC")
    finish(world.acme)

    assert days_of(world.acme) == days_in(world.acme, "UTC")
    with world.acme.scope():
        entries = AuditEntry.objects.filter(action="tenant.timezone").order_by("id")
        assert [each.after["timezone"] for each in entries] == ["Asia/Tokyo", "UTC"]
        assert step(world.acme) is None


def test_a_company_without_events_is_there_at_once(world):
    change(world.acme, "Asia/Tokyo")

    assert step(world.acme).is_done
    with world.acme.scope():
        assert Tenant.objects.get().timezone == "Asia/Tokyo"


# --- Side by side


def test_posts_folds_and_rebuilds_at_the_same_time_lose_and_double_nothing(committed):
    """Threads of their own for each, while the days move there and back."""
    fill(committed.acme)
    stop, posted, errors = threading.Event(), [], []

    def post():
        number = 0
        while not stop.is_set():
            at = NOON - timedelta(hours=number * 37 % 7000)
            committed.acme.post(event(f"p-{number}", occurred_at=at.isoformat()))
            posted.append(number)
            number += 1

    def fold():
        while not stop.is_set():
            committed.acme.fold()

    def mend():
        while not stop.is_set():
            with committed.acme.scope():
                rebuild(date(2026, 11, 1), until=date(2026, 12, 1))
            time.sleep(0.05)

    def alone(work):
        try:
            work()
        except DatabaseError as error:  # a deadlock would be one
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=alone, args=[each]) for each in (post, fold, fold, mend)]
    for thread in threads:
        thread.start()
    for wanted in ("America/New_York", "Asia/Kolkata"):
        change(committed.acme, wanted)
        finish(committed.acme)
    stop.set()
    for thread in threads:
        thread.join()

    assert errors == []
    assert len(posted) > 5
    assert differences(committed.acme) == []
    assert days_of(committed.acme) == days_in(committed.acme, "Asia/Kolkata")


@pytest.mark.smoke
def test_a_fold_that_is_under_way_when_a_rebuild_begins_is_counted_once(committed):
    """The fold has made its rollup row and taken its entries, but not committed: the rebuild has to wait."""
    committed.acme.post(event())
    folded, go_on = threading.Event(), threading.Event()

    def fold_slowly():
        with committed.acme.scope():
            zone_fold()
            folded.set()
            go_on.wait(10)
        connection.close()

    def zone_fold():
        committed.acme.fold()

    def rebuild_all():
        with committed.acme.scope():
            rebuild(date(2026, 11, 1), until=date(2026, 12, 1))
        connection.close()

    folding, rebuilding = (threading.Thread(target=each) for each in (fold_slowly, rebuild_all))
    folding.start()
    folded.wait(10)
    rebuilding.start()
    time.sleep(0.4)
    go_on.set()
    folding.join()
    rebuilding.join()

    with committed.acme.scope():
        assert DailySpend.objects.get().events == 1
        assert not SpendEntry.objects.exists()
    assert differences(committed.acme) == []


MOVE = """
import sys, django
django.setup()
from billing.flow import zone
zone.PIECE = 2
from django.core.management import call_command
call_command("set_timezone", "America/New_York", tenant="acme")
"""


def test_a_process_that_is_killed_in_the_middle_leaves_books_that_add_up_and_another_goes_on(
    committed,
):
    fill(committed.acme, count=400, hours=20)
    process = subprocess.Popen(
        [sys.executable, "-c", MOVE],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "costtrack.settings",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    for _ in range(4):
        assert "moved to America/New_York" in process.stdout.readline()
    process.kill()
    process.wait(20)

    with committed.acme.scope():
        stopped = progress()
    assert not stopped.is_done
    assert differences(committed.acme) == []
    out = io.StringIO()
    call_command("set_timezone", "America/New_York", tenant="acme", stdout=out)

    assert out.getvalue().splitlines()[-1] == (
        "acme is in America/New_York; its days are made anew."
    )
    assert differences(committed.acme) == []
    assert days_of(committed.acme) == days_in(committed.acme, "America/New_York")


# --- Doors


def test_the_command_starts_goes_on_and_says_how_far_it_is(world):
    def said(*words, **options):
        out = io.StringIO()
        call_command("set_timezone", *words, tenant="acme", stdout=out, **options)
        return out.getvalue().splitlines()

    fill(world.acme)
    assert said() == ["acme has never moved to another time zone."]
    assert "workers have not begun" in said("Asia/Tokyo", background=True)[-1]
    step(world.acme)
    (line,) = said()
    assert "moved to Asia/Tokyo, everything since 2026-1" in line
    with pytest.raises(CommandError, match="being moved to Asia/Tokyo"):
        said("UTC")
    lines = said("Asia/Tokyo")

    assert len(lines) > 3
    assert lines[-1] == "acme is in Asia/Tokyo; its days are made anew."
    with pytest.raises(CommandError, match="IANA"):
        said("Mars/Olympus")


def test_workers_move_a_piece_at_a_time_and_the_sweep_finds_what_was_left(
    committed, monkeypatch, django_capture_on_commit_callbacks
):
    fill(committed.acme, count=20)
    rung = []
    monkeypatch.setattr(tasks, "ring", lambda tenant, task="fold": rung.append((task, tenant)))
    mine = ("move_days", committed.acme.tenant.pk)
    change(committed.acme, "Asia/Tokyo")
    assert ("move_days", f"{{'tenant_id': {committed.acme.tenant.pk}}}") in queued()

    tasks.move_days(tenant_id=committed.acme.tenant.pk)
    assert rung == [mine]
    rung.clear()
    tasks.sweep()
    assert mine not in rung  # somebody is at it
    with committed.acme.scope():
        ZoneChange.objects.update(worked_at=datetime(2026, 1, 1, tzinfo=UTC))
    tasks.sweep()
    assert mine in rung
    for _ in range(30):
        rung.clear()
        tasks.move_days(tenant_id=committed.acme.tenant.pk)
        if not rung:
            break

    with committed.acme.scope():
        assert progress() == Moved("Asia/Tokyo", ZoneChange.objects.get().reached, 100, True)
    assert days_of(committed.acme) == days_in(committed.acme, "Asia/Tokyo")
