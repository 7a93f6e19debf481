"""/readyz: a word and an age for each part; what cannot serve is unready, what can is at most an alarm."""

import time
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.channels.message import Message
from billing.flow.deliver import enqueue
from billing.flow.heartbeat import beat
from billing.flow.partitions import month_names
from billing.flow.proof import prove
from billing.models import DailySpend, Delivery, SpendEntry, Verification
from tenants.redis import client as redis_client
from tests.factories import event
from tests.walls.roles import as_owner

PARTS = [
    "database",
    "migrations",
    "walls",
    "journal",
    "deliveries",
    "partitions",
    "beat",
    "verify",
    "broker",
]


def ready(client):
    response = client.get("/readyz")
    body = response.json()
    assert body["ready"] == (response.status_code == 200)
    return body


def state(client, part):
    """The part's word and age; that it is an alarm must be said as well, and nothing else is one."""
    body = ready(client)
    word, age = body["parts"][part].values()
    assert body["alarms"] == ([] if word in ("ok", "none yet") else [part])
    return word, age


@pytest.mark.smoke
def test_a_system_where_all_is_well(world, client):
    body = ready(client)

    assert (body["ready"], body["alarms"]) == (True, [])
    assert list(body["parts"]) == PARTS
    assert {(part["state"], part["age"]) for part in body["parts"].values()} == {
        ("ok", None),
        ("none yet", None),
    }


def test_a_process_that_only_answers_is_alive(client):
    assert client.get("/livez").json() == {"status": "ok"}


# --- What waits


def stored(company, *, minutes_ago):
    with company.scope():
        SpendEntry.objects.update(stored_at=timezone.now() - timedelta(minutes=minutes_ago))


@pytest.mark.smoke
def test_an_entry_that_waits_for_ten_minutes_is_an_alarm_and_nobody_is_sent_away(world, client):
    world.acme.post(event("a"))
    world.brix.post(event("b"))
    assert state(client, "journal") == ("ok", 0)

    stored(world.brix, minutes_ago=9)
    word, age = state(client, "journal")
    assert (word, age // 60) == ("ok", 9)
    stored(world.brix, minutes_ago=11)
    word, age = state(client, "journal")
    assert (word, age // 60) == ("late", 11)
    assert ready(client)["ready"]

    world.brix.fold()
    assert state(client, "journal") == ("ok", 0)


def test_beat_is_missed_five_minutes_after_it_was_last_seen_and_never_before_it_was(world, client):
    assert state(client, "beat") == ("none yet", None)
    for minutes, word in ((0, "ok"), (4, "ok"), (6, "late")):
        beat("sweep", now=timezone.now() - timedelta(minutes=minutes))
        assert state(client, "beat") == (word, 60 * minutes)


def test_a_message_that_nobody_tries_is_late_and_mail_that_does_not_leave_is_stuck(world, client):
    with world.acme.scope():
        enqueue(Message("x", "s", "h", (), (), {}), people=[world.ana])

    def stands(*, due, written):
        now = timezone.now()
        with world.acme.scope():
            Delivery.objects.update(
                next_at=now + timedelta(minutes=due), created_at=now - timedelta(minutes=written)
            )
        word, age = state(client, "deliveries")
        return word, age and age // 60

    assert stands(due=-4, written=4) == ("ok", 4)
    assert stands(due=-6, written=6) == ("late", 6)
    assert stands(due=30, written=14) == ("ok", None)
    assert stands(due=30, written=16) == ("stuck", 16)
    with world.acme.scope():
        Delivery.objects.update(state="sent")
    assert state(client, "deliveries") == ("ok", None)


# --- What was proved


def test_a_difference_is_an_alarm_until_it_is_gone(world, client):
    world.acme.post(event())
    world.acme.fold()
    day = date(2026, 11, 20)
    span = {"until": day + timedelta(days=1)}

    with world.acme.scope():
        DailySpend.objects.update(events=2)
        prove(day, now=timezone.now(), **span)
    assert state(client, "verify") == ("differs", 0)
    with world.acme.scope():
        prove(day + timedelta(days=1), until=day + timedelta(days=2), now=timezone.now())
    assert state(client, "verify") == ("differs", 0)  # another day that is right mends nothing

    with world.acme.scope():
        DailySpend.objects.update(events=1)
        prove(day, now=timezone.now(), **span)
    assert state(client, "verify") == ("ok", 0)


def test_proofs_are_missed_when_one_company_has_had_none_for_two_days(world, client):
    now = timezone.now()
    for company, hours in ((world.acme, 1), (world.brix, 47)):
        with company.scope():
            prove(date(2026, 11, 1), until=date(2026, 11, 2), now=now - timedelta(hours=hours))
    assert state(client, "verify") == ("ok", 47 * 3600)

    with world.brix.scope():
        Verification.objects.all().delete()
        prove(date(2026, 11, 1), until=date(2026, 11, 2), now=now - timedelta(hours=49))
    assert state(client, "verify") == ("late", 49 * 3600)


# --- What is there


@pytest.mark.parametrize("months_ahead", [0, 3])
def test_a_missing_partition_is_an_alarm_and_pages_go_on(world, client, months_ahead):
    name = list(month_names(timezone.now().date()).values())[months_ahead]
    with as_owner() as cursor:
        cursor.execute(f"DROP TABLE {name}")
        cursor.execute("SET LOCAL ROLE costtrack_app")
        assert state(client, "partitions") == ("missing", None)

    assert state(client, "partitions") == ("ok", None)


def test_a_table_of_the_right_name_that_is_no_partition_is_missed(world, client):
    name = list(month_names(timezone.now().date()).values())[1]
    with as_owner() as cursor:
        cursor.execute(f"ALTER TABLE billing_usageevent DETACH PARTITION {name}")
        cursor.execute("SET LOCAL ROLE costtrack_app")
        assert ready(client)["parts"]["partitions"]["state"] == "missing"


@pytest.mark.smoke
def test_a_migration_that_is_not_applied_is_unready(world, client):
    with as_owner() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'billing' AND name LIKE '0001%'")
        cursor.execute("SET LOCAL ROLE costtrack_app")
        assert state(client, "migrations") == ("pending", None)
        assert not ready(client)["ready"]


def test_a_migration_of_newer_code_leaves_the_older_code_serving(world, client):
    with as_owner() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('x', 'y', now())"
        )
        cursor.execute("SET LOCAL ROLE costtrack_app")
        assert ready(client)["ready"]


def test_without_a_table_to_ask_the_parts_behind_it_are_unknown(committed, client):
    """As between the new code and its migration."""
    with as_owner() as cursor:
        cursor.execute("ALTER TABLE billing_heartbeat RENAME TO away")
        cursor.execute("SET LOCAL ROLE costtrack_app")
        body = ready(client)

    assert body["ready"]
    assert body["alarms"] == ["journal", "deliveries", "partitions", "beat", "verify"]


@pytest.mark.smoke
def test_a_database_that_is_away_is_unready_and_said_at_once(committed, client):
    here = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = "/nonexistent"
    try:
        started = time.perf_counter()
        body = ready(client)
    finally:
        connection.settings_dict["HOST"] = here

    assert not body["ready"]
    assert body["parts"]["database"]["state"] == "down"
    assert {part["state"] for part in body["parts"].values()} == {"down", "unknown", "ok"}
    assert body["parts"]["broker"]["state"] == "ok"
    assert time.perf_counter() - started < 5


def test_a_broker_that_is_away_is_an_alarm_and_nobody_is_sent_away(world, client, settings):
    here = settings.REDIS_URL
    settings.REDIS_URL = "unix:///nonexistent/redis.sock?db=0"
    redis_client.cache_clear()
    try:
        assert state(client, "broker") == ("down", None)
        assert ready(client)["ready"]
    finally:
        settings.REDIS_URL = here
        redis_client.cache_clear()


# --- What it costs


def test_it_costs_the_same_whatever_there_is(world, client):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            client.get("/readyz")
        return len(captured)

    client.get("/readyz")
    empty = queries()
    for company in (world.acme, world.brix):
        company.post(*(event(f"e-{n}", feature=f"f-{n}") for n in range(300)))
        with company.scope():
            prove(date(2026, 11, 1), until=date(2026, 11, 30), now=timezone.now())

    assert queries() == empty <= 12


def test_it_names_nobody(world, client):
    """Anybody may ask: parts, words and ages, and no tenant, table or address."""
    world.acme.post(event())

    body = ready(client)

    assert set(body) == {"ready", "alarms", "parts"}
    assert all(set(part) == {"state", "age"} for part in body["parts"].values())


def test_months_ahead_are_counted_across_the_new_year():
    assert list(month_names(date(2026, 12, 31))) == ["2026-12", "2027-01", "2027-02", "2027-03"]


def test_an_age_is_never_negative_when_clocks_differ(world, client):
    beat("sweep", now=timezone.now() + timedelta(seconds=30))

    assert state(client, "beat") == ("ok", 0)
