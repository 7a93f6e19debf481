"""An event counts once, for ever; ledger = rollup + journal, to the last decimal."""

import threading
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection, transaction

from billing.flow.fold import MAX_VALUES, OTHER
from billing.flow.verify import days_with_events, rebuild, verify
from billing.models import DailySpend, HourlySpend, SpendEntry, UsageEvent
from billing.periods import DayRange
from billing.reports.spend import spend
from tests.factories import COST, NOON, USAGE, event

NOVEMBER = DayRange(date(2026, 11, 1), date(2026, 12, 1))


def total(company, **filters):
    with company.scope():
        return spend(NOVEMBER, **filters).total


def differences(company):
    with company.scope():
        first, after = days_with_events()
        return verify(first, until=after)


def test_an_accepted_event_is_in_the_ledger_and_in_the_report_before_any_fold(world):
    (verdict,) = world.acme.post(event())

    assert (verdict.status, verdict.cost) == ("accepted", Decimal(COST))
    assert total(world.acme).cost == Decimal(COST)
    with world.acme.scope():
        assert UsageEvent.objects.count() == 1
        assert SpendEntry.objects.count() == 1
        assert DailySpend.objects.count() == 0


def test_folding_moves_the_journal_into_the_rollups_and_changes_no_total(world):
    world.acme.post(*[event(f"e-{n}") for n in range(7)])
    before = total(world.acme)

    folded = world.acme.fold()

    assert folded.days == (date(2026, 11, 20),)
    assert total(world.acme) == before
    with world.acme.scope():
        assert SpendEntry.objects.count() == 0
        assert DailySpend.objects.get().events == 7
        assert HourlySpend.objects.get().events == 7
    assert differences(world.acme) == []


def test_a_replay_is_a_duplicate_and_changes_no_total(world):
    world.acme.post(event("a"), event("b"))
    before = total(world.acme)

    again = world.acme.post(event("b"), event("a"), event("a"))

    assert [each.status for each in again] == ["duplicate"] * 3
    assert {each.cost for each in again} == {Decimal(COST)}
    assert total(world.acme) == before


@pytest.mark.parametrize(
    "change",
    [
        {"usage": USAGE | {"output_tokens": 601}},
        {"occurred_at": "2026-11-20T12:00:01Z"},
        {"project": "contract-agent"},
        {"model": "claude-opus-5"},
        {"tags": {"team": "blue"}},
    ],
)
def test_the_same_id_with_another_payload_is_a_conflict_and_changes_nothing(world, change):
    world.acme.post(event("a"))
    before = total(world.acme)

    (verdict,) = world.acme.post(event("a", **change))

    assert (verdict.status, verdict.code) == ("conflict", "conflict")
    assert total(world.acme) == before


def test_the_same_payload_written_differently_is_a_duplicate(world):
    world.acme.post(event("a", tags={"x": "1", "y": "2"}))

    (verdict,) = world.acme.post(
        event("a", occurred_at="2026-11-20T14:00:00+02:00", tags={"y": "2", "x": "1"}, source="")
    )

    assert verdict.status == "duplicate"


def test_two_items_of_one_batch_with_one_id_count_once(world):
    verdicts = world.acme.post(event("a"), event("a"), event("a", feature="chat"), event("b"))

    assert [each.status for each in verdicts] == ["accepted", "duplicate", "conflict", "accepted"]
    assert total(world.acme).events == 2


def test_the_source_is_part_of_the_identity_and_tenants_do_not_share_identities(world):
    first = world.acme.post(event("a"), event("a", source="eu"), event("a", source="us"))
    other = world.brix.post(event("a"))

    assert [each.status for each in first + other] == ["accepted"] * 4
    assert total(world.acme).events == 3
    assert total(world.brix).events == 1


def test_an_unpriced_event_is_kept_counted_and_never_zero(world):
    (verdict,) = world.acme.post(event("a", model="claude-opus-9"))

    assert (verdict.status, verdict.cost) == ("accepted", None)
    assert verdict.unpriced_reason == "unknown_model"
    measures = total(world.acme)
    assert (measures.events, measures.unpriced_events) == (1, 1)
    assert measures.tokens["cache_read"] == 20_000


def test_parallel_posts_of_the_same_events_count_each_once(committed):
    batch = [event(f"e-{n}") for n in range(50)]
    statuses = []

    def post():
        statuses.extend(each.status for each in committed.acme.post(*batch))
        connection.close()

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(set(statuses)) == ["accepted", "duplicate"]
    assert statuses.count("accepted") == 50
    assert total(committed.acme).events == 50
    assert differences(committed.acme) == []


def test_folds_at_once_share_the_journal_and_count_nothing_twice(committed):
    for n in range(30):
        committed.acme.post(event(f"e-{n}", feature=f"f-{n % 5}"))

    def fold():
        committed.acme.fold()
        connection.close()

    threads = [threading.Thread(target=fold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    committed.acme.fold()

    with committed.acme.scope():
        assert SpendEntry.objects.count() == 0
    assert total(committed.acme).events == 30
    assert differences(committed.acme) == []


def test_a_fold_that_is_undone_leaves_journal_and_rollups_as_they_were(committed):
    committed.acme.post(event())

    with pytest.raises(RuntimeError), transaction.atomic():
        committed.acme.fold()
        raise RuntimeError

    with committed.acme.scope():
        assert SpendEntry.objects.count() == 1
        assert DailySpend.objects.count() == 0


def test_free_text_beyond_200_values_is_other_in_rollups_and_exact_in_the_ledger(world):
    count = MAX_VALUES + 13
    for start in range(0, count, 100):
        numbers = range(start, min(start + 100, count))
        world.acme.post(*[event(f"e-{n}", feature=f"feature-{n:04}") for n in numbers])
        world.acme.fold()

    with world.acme.scope():
        rows = spend(NOVEMBER, granularity="total", group_by=["feature"]).rows
        assert len(rows) == MAX_VALUES + 1
        other = next(row for row in rows if row.keys["feature"] == OTHER)
        assert other.measures.events == 13
        assert UsageEvent.objects.values("feature").distinct().count() == count
    assert total(world.acme).events == count
    assert differences(world.acme) == []


def test_verify_finds_a_rollup_that_was_tampered_with_and_rebuild_mends_it(world):
    world.acme.post(*[event(f"e-{n}", feature=f"f-{n}") for n in range(5)])
    world.acme.fold()
    world.acme.post(event("late"))
    before = total(world.acme)
    with world.acme.scope():
        DailySpend.objects.filter(feature="f-1").update(cost_output=Decimal("9.99"))

    found, of_project = differences(world.acme)
    with world.acme.scope():
        rebuild(*days_with_events()[:1], until=days_with_events()[1])

    assert (found.table, found.ledger_cost) == ("billing_dailyspend", format(Decimal(COST), ".18f"))
    assert of_project.table == "billing_projectday"
    assert differences(world.acme) == []
    assert total(world.acme) == before


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        ("Europe/Sofia", "2026-10-24T20:59:59Z", date(2026, 10, 24)),
        ("Europe/Sofia", "2026-10-24T21:00:00Z", date(2026, 10, 25)),
        # the 25th has 25 hours: clocks go back at 01:00 UTC
        ("Europe/Sofia", "2026-10-25T21:59:59Z", date(2026, 10, 25)),
        ("Europe/Sofia", "2026-10-25T22:00:00Z", date(2026, 10, 26)),
        # the 29th of March has 23 hours
        ("Europe/Sofia", "2026-03-28T22:00:00Z", date(2026, 3, 29)),
        ("Europe/Sofia", "2026-03-29T20:59:59Z", date(2026, 3, 29)),
        ("Europe/Sofia", "2026-03-29T21:00:00Z", date(2026, 3, 30)),
        ("Asia/Kolkata", "2026-11-20T18:29:59Z", date(2026, 11, 20)),
        ("Asia/Kolkata", "2026-11-20T18:30:00Z", date(2026, 11, 21)),
        # half an hour of daylight saving: +11:00 in summer, +10:30 in winter
        ("Australia/Lord_Howe", "2026-04-04T12:59:59Z", date(2026, 4, 4)),
        ("Australia/Lord_Howe", "2026-04-04T13:00:00Z", date(2026, 4, 5)),
        ("Australia/Lord_Howe", "2026-04-05T13:29:59Z", date(2026, 4, 5)),
        ("Australia/Lord_Howe", "2026-04-05T13:30:00Z", date(2026, 4, 6)),
    ],
)
def test_an_event_lands_on_its_day_in_the_tenants_zone(world, zone, instant, day):
    with world.acme.scope():
        type(world.acme.tenant).objects.update(timezone=zone)

    world.acme.post(event("a", occurred_at=instant))
    world.acme.fold()

    with world.acme.scope():
        assert DailySpend.objects.get().day == day
        assert HourlySpend.objects.get().day == day
    assert differences(world.acme) == []


def test_an_hour_that_two_days_share_is_kept_in_two_rows_and_days_add_up(world):
    world.brix.post(
        event("a", occurred_at="2026-11-20T18:10:00Z"),
        event("b", occurred_at="2026-11-20T18:50:00Z"),
    )
    world.brix.fold()

    with world.brix.scope():
        day = DayRange(date(2026, 11, 21), date(2026, 11, 22))
        (hour,) = spend(day, granularity="hour").rows
        assert HourlySpend.objects.count() == 2
        assert spend(day).total == spend(day, granularity="hour").total == hour.measures
    assert hour.measures.events == 1


def test_a_late_event_lands_on_its_own_day(world):
    world.acme.post(event("a", occurred_at="2021-01-31T23:30:00Z"), now=NOON)

    with world.acme.scope():
        assert SpendEntry.objects.get().day == date(2021, 2, 1)
