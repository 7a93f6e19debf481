"""The doorbell and the tasks behind it: a bell may be lost, rung twice or late; figures do not care."""

import json
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from celery import Celery, current_app
from django.core.cache import cache
from structlog.testing import capture_logs

from billing import tasks
from billing.flow import doorbell
from billing.flow.partitions import make_partitions
from billing.models import DailySpend, SpendEntry
from costtrack.celery import app
from tenants import throttle
from tenants.redis import client
from tests.api.conftest import EVENTS, Api
from tests.billing.test_ledger import differences, total
from tests.factories import COST, event

NOWHERE = "unix:///nonexistent/redis.sock?db=0"


def queued():
    """What waits for a worker: (task, arguments), oldest first; less urgent work stands in lists of its own."""
    with current_app.connection_for_read() as link:
        redis = link.default_channel.client
        queues = sorted(redis.scan_iter("celery*", _type="LIST"))
        messages = [each for queue in queues for each in reversed(redis.lrange(queue, 0, -1))]
    headers = [json.loads(each)["headers"] for each in messages]
    return [(each["task"].removeprefix("billing.tasks."), each["kwargsrepr"]) for each in headers]


def ringing(company):
    return ("fold", f"{{'tenant_id': {company.tenant.pk}}}")


@pytest.fixture
def redis_at(settings):
    """Move Redis elsewhere for this process; afterwards it is where it was."""
    settings.THROTTLE_PER_SECOND = 1_000

    def move(location):
        settings.REDIS_URL = location
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": location}}
        client.cache_clear()
        throttle._script.cache_clear()

    here = settings.REDIS_URL
    yield move
    move(here)


def unfolded(company):
    with company.scope():
        return SpendEntry.objects.count()


# --- the bell


def test_many_batches_ring_once_until_a_worker_takes_the_bell_down(world):
    acme, brix = Api(world.acme), Api(world.brix)
    for n in range(5):
        acme.verdicts(event(f"e-{n}"))
    brix.verdicts(event())

    assert queued() == [ringing(world.acme), ringing(world.brix)]

    tasks.fold(tenant_id=world.acme.tenant.pk)
    acme.verdicts(event("next"))

    assert queued() == [ringing(world.acme), ringing(world.brix), ringing(world.acme)]


def test_what_stores_nothing_does_not_ring(world):
    api = Api(world.acme)
    api.verdicts(event())
    tasks.fold(tenant_id=world.acme.tenant.pk)
    cache.clear()

    api.verdicts(event(), event(feature="conflict"), event("bad", project="nope"))
    api.post(b"{")
    api.post(event("x"), path="/api/v1/price")

    assert queued() == []


@pytest.mark.smoke
def test_with_redis_down_events_are_taken_quickly_and_the_sweep_finds_them(
    world, settings, redis_at
):
    api, here = Api(world.acme), settings.REDIS_URL
    redis_at(NOWHERE)
    started = time.monotonic()
    for n in range(5):
        assert api.verdicts(event(f"e-{n}"))[0]["cost"] == COST
    assert time.monotonic() - started < 2
    assert total(world.acme).events == 5
    redis_at(here)
    assert queued() == []

    tasks.sweep()

    assert queued() == [ringing(world.acme)]
    tasks.fold(tenant_id=world.acme.tenant.pk)
    assert unfolded(world.acme) == 0
    assert total(world.acme).events == 5
    assert differences(world.acme) == []


def test_a_redis_that_does_not_answer_holds_a_caller_up_for_moments_only(world, redis_at):
    silent = socket.create_server(("127.0.0.1", 0))
    held = []
    threading.Thread(target=lambda: held.append(silent.accept()), daemon=True).start()
    redis_at(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
    started = time.monotonic()

    (verdict,) = Api(world.acme).verdicts(event())

    assert verdict["status"] == "accepted"
    assert time.monotonic() - started < 5
    silent.close()


def test_a_bell_that_cannot_be_rung_is_logged_and_never_an_error(world, monkeypatch):
    nobody = Celery(broker="redis+socket:///nonexistent/redis.sock", set_as_current=False)
    nobody.conf.broker_transport_options = {"max_retries": 0}
    monkeypatch.setattr(doorbell, "current_app", nobody)

    with capture_logs() as logs:
        doorbell.ring(world.acme.tenant.pk)

    assert [each["event"] for each in logs] == ["doorbell_lost"]


def test_reading_needs_no_redis_either(world, redis_at):
    api = Api(world.acme)
    api.verdicts(event())
    redis_at(NOWHERE)

    assert api.get(EVENTS).status_code == 200
    assert api.get("/api/v1/spend?range=90d").json()["total"]["cost"] == COST
    assert api.manage("POST", "/api/v1/clients", {"slug": "x"}).status_code == 201


# --- folding


def test_a_fold_that_runs_twice_is_harmless(world):
    world.acme.post(event("a"), event("b"))

    for _ in range(3):
        tasks.fold(tenant_id=world.acme.tenant.pk)

    assert (unfolded(world.acme), total(world.acme).events) == (0, 2)
    with world.acme.scope():
        assert DailySpend.objects.get().events == 2
    assert differences(world.acme) == []


def test_a_fold_concerns_its_tenant_only(world):
    for company in (world.acme, world.brix):
        company.post(event())

    tasks.fold(tenant_id=world.acme.tenant.pk)

    assert (unfolded(world.acme), unfolded(world.brix)) == (0, 1)


def test_a_fold_of_a_tenant_that_has_nothing_or_is_none_does_nothing(world):
    for tenant_id in (world.acme.tenant.pk, 2**31 - 1):
        tasks.fold(tenant_id=tenant_id)

    assert unfolded(world.acme) == 0


def test_a_full_stretch_rings_again_and_the_rest_is_folded(
    world, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(tasks, "STRETCH", 2)
    for n in range(5):
        world.acme.post(event(f"e-{n}", feature=f"f-{n}"))
    rings = []

    while unfolded(world.acme):
        with django_capture_on_commit_callbacks(execute=True):
            tasks.fold(tenant_id=world.acme.tenant.pk)
        rings.append(len(queued()))
        cache.clear()

    assert rings == [1, 1, 0]
    assert differences(world.acme) == []


def test_the_sweep_rings_for_tenants_with_unfolded_rows_and_no_others(world):
    world.brix.post(event())

    tasks.sweep()
    tasks.sweep()

    assert queued() == [ringing(world.brix)]


# --- the rest


def test_every_task_of_the_schedule_exists_and_names_what_it_is_for():
    scheduled = {each["task"] for each in app.conf.beat_schedule.values()}

    assert scheduled <= set(app.tasks)
    assert {"billing.tasks.sweep", "billing.tasks.make_partitions"} <= scheduled


def test_a_worker_that_dies_loses_no_task_and_no_result_is_kept():
    conf = app.conf

    assert (conf.task_acks_late, conf.task_reject_on_worker_lost) == (True, True)
    assert (conf.task_ignore_result, conf.worker_prefetch_multiplier) == (True, 1)
    assert conf.task_time_limit < conf.broker_transport_options["visibility_timeout"]


def test_partitions_are_made_ahead_once(db):
    later = datetime.now(UTC).date() + timedelta(days=200)

    first, again = make_partitions(today=later), make_partitions(today=later)

    assert (first > 0, again) == (True, 0)
    tasks.make_partitions()


@pytest.mark.parametrize(("damaged", "level"), [(False, "info"), (True, "error")])
def test_the_nightly_proof_asks_for_every_tenant_and_raises_an_alarm(world, damaged, level):
    world.acme.post(event("a"))
    world.acme.fold()
    if damaged:
        with world.acme.scope():
            DailySpend.objects.update(cost_output=Decimal("1"))

    tasks.verify_all()
    with capture_logs() as logs:
        tasks.verify_tenant(tenant_id=world.acme.tenant.pk)

    assert [task for task, _ in queued()] == ["verify_tenant"] * 2
    assert [each["log_level"] for each in logs if each["event"] == "verified"] == [level]


def test_a_cache_that_is_gone_is_a_miss_and_never_an_error(redis_at):
    redis_at(NOWHERE)

    assert cache.get("a") is None
    assert cache.get("a", "default") == "default"
    assert cache.add("a", 1) is False
    assert cache.get_many(["a", "b"]) == {}
    assert cache.has_key("a") is False
    cache.set("a", 1)
    cache.set_many({"a": 1})
    cache.touch("a")
    cache.delete("a")
