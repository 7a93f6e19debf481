"""Alarms: each speaks once where there is something to say, and is silent on the data beside it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.flow.set_alarm import set_alarm
from billing.models import Alert, Delivery
from billing.models.alerts import AlertKind
from billing.watch.alarms import check_alarms
from tenants.actions import archive
from tests.billing.budgets import spend
from tests.factories import NOON, event

WEEK = timedelta(days=7)
DAY = timedelta(days=1)


def heard(company, *, now=NOON):
    with company.scope():
        before = Alert.objects.count()
        assert check_alarms(now=now) == Alert.objects.count() - before
        found = Alert.objects.order_by("pk")[before:]
        return [(each.kind, each.subject) for each in found]


def habit(company, dollars=20, *, weeks=4, until=NOON, project="support-bot"):
    """The same weekday's spend in each of the weeks before."""
    for week in range(1, weeks + 1):
        spend(
            company,
            dollars,
            name=f"{project}-{week}-{until:%d}",
            at=until - week * WEEK,
            project=project,
        )


# --- spike


def test_a_spike_is_told_once_a_day_to_the_owners(world):
    habit(world.acme, 20)
    spend(world.acme, 70, name="today")

    assert heard(world.acme) == [("spike", "support-bot")]
    assert heard(world.acme) == []

    with world.acme.scope():
        sent = Delivery.objects.get()
        assert sent.person == world.ana
        assert sent.message["headline"] == (
            "Support bot has spent $70.00 today; a Friday usually costs $20.00."
        )


@pytest.mark.parametrize(
    ("usual", "weeks", "today"),
    [
        (20, 4, 59),  # less than three times
        (2, 4, 11),  # three times, but $9 more are below the floor
        (20, 2, 500),  # two Fridays are no habit
        (0, 0, 500),  # the first day of all
    ],
)
def test_no_spike_where_there_is_none_or_no_habit(world, usual, weeks, today):
    habit(world.acme, usual, weeks=weeks)
    spend(world.acme, today, name="today")

    assert "spike" not in dict(heard(world.acme))


def test_a_busy_weekday_is_compared_with_its_like(world):
    habit(world.acme, 100)
    habit(world.acme, 5, until=NOON - DAY)
    spend(world.acme, 120, name="today")

    assert heard(world.acme) == []


# --- silence


def test_a_project_that_stopped_is_told_once(world):
    habit(world.acme, 20, until=NOON - DAY)

    assert heard(world.acme) == [("silence", "support-bot")]
    assert heard(world.acme) == []
    with world.acme.scope():
        assert Delivery.objects.get().message["headline"] == (
            "Support bot sent nothing on 19 Nov; a Thursday usually costs $20.00."
        )


def test_no_silence_of_what_speaks_never_did_costs_little_or_is_archived(world):
    habit(world.acme, 20, until=NOON - DAY)
    spend(world.acme, 1, name="today")
    habit(world.acme, 5, until=NOON - DAY, project="contract-agent")
    assert heard(world.acme) == []

    habit(world.brix, 20, until=NOON - DAY)
    with world.brix.scope():
        archive(world.brix.projects["support-bot"], actor="test", now=NOON)
    assert heard(world.brix) == []


def test_a_weekend_that_is_always_quiet_is_no_silence(world):
    monday = NOON + 3 * DAY
    for week in range(1, 5):
        for day in (0, 1, 2, 3, 4):
            at = monday - week * WEEK + day * DAY
            spend(world.acme, 20, name=f"{week}-{day}", at=at, now=timezone.now() + 9 * DAY)

    assert heard(world.acme, now=monday) == []


# --- models


def test_a_model_without_a_price_is_told_of_once_for_ever(world):
    world.acme.post(event("u", model="unheard-of"))

    assert heard(world.acme) == [("unpriced", "unheard-of")]
    world.acme.post(
        event("u2", model="unheard-of", occurred_at=(NOON + DAY).isoformat()), now=NOON + 2 * DAY
    )
    assert heard(world.acme, now=NOON + DAY) == []


def test_a_new_model_is_told_of_where_others_were_used_before(world):
    spend(world.acme, 1, name="old", at=NOON - 20 * DAY)
    world.acme.fold()
    usage = {"input_tokens": 0, "output_tokens": 100_000}
    world.acme.post(event("n", usage=usage))

    assert heard(world.acme) == [("new_model", "claude-sonnet-4-6")]
    assert heard(world.acme, now=NOON + DAY / 4) == []


def test_no_new_model_in_a_young_company_below_the_floor_or_used_before(world):
    usage = {"input_tokens": 0, "output_tokens": 100_000}
    world.brix.post(event("n", usage=usage))
    assert heard(world.brix) == []

    for name, at in (("old", 20), ("again", 0)):
        spend(world.acme, 5, name=name, at=NOON - at * DAY)
        world.acme.fold()
    world.acme.post(event("cheap"))
    assert heard(world.acme) == []


# --- switches


@pytest.mark.parametrize("kind", [AlertKind.SPIKE, AlertKind.UNPRICED])
def test_what_is_switched_off_is_silent_and_on_again_it_speaks(world, kind):
    habit(world.acme, 20)
    spend(world.acme, 70, name="today")
    world.acme.post(event("u", model="unheard-of"))

    def switch(is_on):
        with world.acme.scope():
            set_alarm(kind, is_on=is_on, floor=Decimal(10), actor=world.ana)

    switch(False)
    assert kind not in dict(heard(world.acme))
    switch(True)
    assert [each for each, _ in heard(world.acme)] == [kind]


def test_a_floor_is_a_floor(world):
    habit(world.acme, 20)
    spend(world.acme, 70, name="today")
    with world.acme.scope():
        set_alarm(AlertKind.SPIKE, is_on=True, floor=Decimal("50.01"), actor=world.ana)
    assert heard(world.acme) == []

    with world.acme.scope():
        set_alarm(AlertKind.SPIKE, is_on=True, floor=Decimal(50), actor=world.ana)
    assert heard(world.acme) == [("spike", "support-bot")]


def test_switches_are_set_on_their_page(client, world):
    client.force_login(world.ana)
    page = client.get("/t/acme/alarms/")
    assert page.context["form"].initial["spike"] is True

    client.post(
        "/t/acme/alarms/", {"spike_floor": "25", "silence_floor": "5", "new_model_floor": "1"}
    )

    page = client.get("/t/acme/alarms/")
    assert page.context["form"].initial["spike"] is False
    assert page.context["form"].initial["spike_floor"] == "25"
