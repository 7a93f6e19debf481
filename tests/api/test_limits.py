"""One key cannot drown the others, no statement runs for ever, without Redis nobody is turned away."""

import json
import time
from uuid import uuid4

import pytest
from django.db import OperationalError, connection

from tenants import redis, throttle
from tenants.scoping import ANSWER_WITHIN, in_one_trip, tenant_scope
from tests.factories import event


def post(client, key, **changes):
    return client.post(
        "/api/v1/events",
        json.dumps(event(**changes)),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )


@pytest.fixture
def two_at_once(settings):
    settings.THROTTLE_PER_SECOND, settings.THROTTLE_BURST = 1, 2


@pytest.mark.smoke
def test_a_key_that_calls_too_often_is_told_how_long_to_wait(client, world, two_at_once):
    answers = [post(client, world.acme.keys["ingest"], event_id=f"e-{n}") for n in range(3)]

    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == "throttled"
    assert answers[2]["Retry-After"] == "1"
    assert answers[2]["Content-Type"] == "application/problem+json"


def test_other_keys_are_not_concerned(client, world, two_at_once):
    for n in range(3):
        post(client, world.acme.keys["ingest"], event_id=f"e-{n}")

    assert post(client, world.brix.keys["ingest"]).status_code == 200


def test_a_key_that_calls_again_and_again_gets_no_more_than_its_rate_and_few_trips(
    settings, monkeypatch
):
    settings.THROTTLE_PER_SECOND, settings.THROTTLE_BURST = 1_000, 200
    trips, script = [], throttle._script()

    def asked(keys, args):
        trips.append(args[2])
        return script(keys, args)

    monkeypatch.setattr(throttle, "_script", lambda: asked)
    monkeypatch.setattr(throttle, "monotonic", lambda: 0.0)  # no room is ever kept for too long
    began = time.monotonic()
    waits = [throttle.seconds_to_wait(-1) for _ in range(190)]
    few = len(trips)
    waits += [throttle.seconds_to_wait(-1) for _ in range(210)]
    allowed = 200 + 1_000 * (time.monotonic() - began)

    assert 200 <= waits.count(0) <= allowed
    assert few < 30
    assert max(trips) == 50  # what it may use up while it is kept


@pytest.mark.parametrize(("later", "waits"), [(0.01, [0, 1]), (0.06, [0, 1]), (9.0, [1, 1])])
def test_room_taken_ahead_is_kept_for_a_moment_and_given_back_when_it_was_not_used(
    settings, monkeypatch, later, waits
):
    settings.THROTTLE_PER_SECOND, settings.THROTTLE_BURST = 40, 3
    moment = iter([0.0, 0.01, 0.01 + later, 0.02 + later])
    monkeypatch.setattr(throttle, "monotonic", lambda: next(moment))
    key = -uuid4().int

    # one is taken, then two at once: all there is
    assert [throttle.seconds_to_wait(key) for _ in range(2)] == [0, 0]
    assert [throttle.seconds_to_wait(key) for _ in range(2)] == waits


def forget_redis():
    redis.client.cache_clear()
    throttle._script.cache_clear()


def test_without_redis_nobody_is_turned_away(client, world, two_at_once, settings):
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    forget_redis()
    try:
        answers = [post(client, world.acme.keys["ingest"], event_id=f"e-{n}") for n in range(3)]
    finally:
        forget_redis()

    assert [each.status_code for each in answers] == [200, 200, 200]


def test_every_request_bounds_its_statements(client, world, monkeypatch):
    bound = "SELECT current_setting('statement_timeout'), NULL, %s, %s, %s, %s, %s, %s"
    seen = []

    def look(tenant_id, statement, parameters, *, within):
        seen.append(in_one_trip(tenant_id, bound, parameters, within=within)[0])
        return in_one_trip(tenant_id, statement, parameters, within=within)

    monkeypatch.setattr("billing.flow.store.in_one_trip", look)
    post(client, world.acme.keys["ingest"])

    assert set(seen) == {f"{ANSWER_WITHIN.seconds}s"}


def test_a_bound_ends_with_its_scope(world):
    with tenant_scope(world.acme.tenant.pk, within=ANSWER_WITHIN):
        pass

    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone()[0] == "0"


def test_a_database_that_is_away_is_a_matter_of_waiting(client, world, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("the connection is lost")

    monkeypatch.setattr("billing.api.ingest.accept", away)
    client.raise_request_exception = False
    answer = post(client, world.acme.keys["ingest"])

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer["Retry-After"] == "1"
