"""A void takes an event back and keeps both; totals move by journal rows; twice is a duplicate."""

import threading
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from billing.flow.verify import days_with_events, rebuild, verify
from billing.flow.void import UnknownEvent, void
from billing.models import EventCorrection, UsageEvent
from billing.reports.events import event_detail, events
from billing.reports.spend import spend
from tenants.models import AuditEntry
from tests.billing.test_ledger import NOVEMBER, differences, total
from tests.factories import COST, event


def take_back(company, event_id="a", source=""):
    with company.scope():
        return void(source, event_id, reason="sent twice", actor="key ct_x", now=timezone.now())


@pytest.mark.parametrize("folded_before", [False, True])
@pytest.mark.parametrize("folded_after", [False, True])
def test_a_void_takes_the_event_out_of_every_total_and_keeps_both(
    world, folded_before, folded_after
):
    world.acme.post(event("a"), event("b", feature="chat"))
    if folded_before:
        world.acme.fold()

    done = take_back(world.acme)
    if folded_after:
        world.acme.fold()

    assert (done.was_void, done.cost) == (False, Decimal(COST))
    assert (total(world.acme).events, total(world.acme).cost) == (1, Decimal(COST))
    assert differences(world.acme) == []
    with world.acme.scope():
        assert UsageEvent.objects.count() == 2
        assert EventCorrection.objects.get().reason == "sent twice"
        assert AuditEntry.objects.filter(action="event.voided").count() == 1
        (row,) = spend(NOVEMBER, granularity="total", group_by=["feature"]).rows
        assert row.keys == {"feature": "chat"}


def test_a_second_void_is_a_duplicate_and_so_is_a_replay(world):
    world.acme.post(event("a"))
    take_back(world.acme)

    again = take_back(world.acme)
    (replayed,) = world.acme.post(event("a"))

    assert again.was_void
    assert replayed.status == "duplicate"
    assert total(world.acme).events == 0
    assert differences(world.acme) == []


def test_an_unpriced_event_can_be_voided_and_is_no_longer_missing(world):
    world.acme.post(event("a", model="claude-opus-9"))

    take_back(world.acme)

    assert total(world.acme).unpriced_events == 0
    assert differences(world.acme) == []


def test_voids_at_once_take_back_once(committed):
    committed.acme.post(event("a"), event("b"))
    done = []

    def run():
        done.append(take_back(committed.acme).was_void)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(done) == [False, True, True, True, True, True]
    assert total(committed.acme).events == 1
    assert differences(committed.acme) == []


def test_a_rebuild_knows_of_voids(world):
    world.acme.post(event("a"), event("b"))
    take_back(world.acme)

    with world.acme.scope():
        first, after = days_with_events()
        rebuild(first, until=after)
        assert verify(first, until=after) == []

    assert total(world.acme).events == 1


def test_nobody_voids_what_is_not_theirs(world):
    world.brix.post(event("a"))

    with pytest.raises(UnknownEvent):
        take_back(world.acme)

    assert total(world.brix).events == 1


def test_lists_and_details_say_that_it_is_void(world):
    world.acme.post(event("a"), event("b"))
    take_back(world.acme)

    with world.acme.scope():
        assert {each.id: each.is_void for each in events().events} == {"a": True, "b": False}
        detail = event_detail("", "a")

    assert [each.actor for each in detail.history] == ["key ct_x"]
    with world.acme.viewer_scope():
        assert {each.id for each in events().events if each.is_void} == {"a"}
