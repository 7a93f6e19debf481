"""Whose events a key may post, what counts as the same event, and what a 200 means."""

import threading
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection

from billing.models import UsageEvent
from tenants.actions import create_key, revoke_key
from tenants.models import ApiKey
from tests.api.conftest import Api, assert_problem
from tests.factories import COST, event

# --- identity


def test_an_id_counts_once_and_another_payload_under_it_is_a_conflict(api):
    api.verdicts(event("a"))

    answer = api.post({"events": [event("a"), event("a", feature="x"), event("b")]}).json()

    assert [each["status"] for each in answer["results"]] == ["duplicate", "conflict", "accepted"]
    assert "cost" not in answer["results"][1]
    assert api.stored() == 2


# --- keys


@pytest.fixture
def bound(api):
    """The secret of a key that is bound to the support bot."""
    with api.company.scope():
        project = api.company.projects["support-bot"]
        return create_key(actor="test", name="bot", scopes=["ingest"], project=project)[1]


@pytest.mark.parametrize("project", [None, "", "support-bot"])
def test_a_bound_key_needs_no_project_and_books_on_its_own(api, bound, project):
    body = event() | {"project": project}

    answer = api.post(body, key=bound).json()

    assert answer["accepted"] == 1
    with api.company.scope():
        stored = UsageEvent.objects.get()
        assert stored.project_id == api.company.projects["support-bot"].pk
        assert stored.api_key_id == ApiKey.objects.get(name="bot").pk


@pytest.mark.parametrize("project", ["contract-agent", "nope"])
def test_a_bound_key_books_on_no_other_project(api, bound, project):
    answer = api.post({"events": [event(project=project), event("good")]}, key=bound).json()

    assert [each.get("code") for each in answer["results"]] == ["wrong_project", None]
    assert answer["results"][0]["field"] == "project"
    assert api.stored() == 1


def test_a_key_posts_into_its_own_company_only(api, brix):
    api.verdicts(event("a"))

    assert (api.stored(), brix.stored()) == (1, 0)


def test_without_a_good_key_nothing_is_stored(api):
    with api.company.scope():
        key, revoked = create_key(actor="test", name="old", scopes=["ingest"])
        revoke_key(key, actor="test")
        gone = datetime.now(UTC) - timedelta(seconds=1)
        expired = create_key(actor="test", name="late", scopes=["ingest"], expires_at=gone)[1]
    good = api.company.keys["ingest"]

    for key in (revoked, expired, good[:-1] + "x", good + "x", "nonsense", "ct_", "é", "a b"):
        assert_problem(api.post(event(), key=key), 401, "invalid_key")
    for scheme in ("", "Bearer", "Bearer ", f"Basic {good}", good):
        answer = api.post(event(), headers={"Authorization": scheme})
        assert_problem(answer, 401, "missing_key")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    for scope in ("read", "manage"):
        assert_problem(api.post(event(), scope=scope), 403, "missing_scope")
    assert api.stored() == 0


@pytest.mark.parametrize("body", [event("after"), {"events": [{}]}, b"[", b""])
@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_a_key_that_was_good_a_moment_ago_stores_nothing_once_it_ended(committed, body, end):
    """The process remembers it, but what it remembers opens nothing."""
    api = Api(committed.acme)
    with api.company.scope():
        key, secret = create_key(actor="test", name="old", scopes=["ingest"])
    for event_id in ("looked-up", "on-trust"):
        assert api.post(event(event_id), key=secret).json()["accepted"] == 1
    with api.company.scope():
        if end == "revoked":
            revoke_key(key, actor="test")
        else:
            ApiKey.objects.filter(pk=key.pk).update(expires_at=datetime.now(UTC))

    assert_problem(api.post(body, key=secret), 401, "invalid_key")
    assert api.stored() == 2


def test_the_use_of_a_remembered_key_is_noted_at_most_once_a_minute(api, monkeypatch):
    def used():
        with api.company.scope():
            return ApiKey.objects.get(scopes=["ingest"]).last_used_at

    seen = []
    for number, every in enumerate([60, 60, 0, 0]):
        monkeypatch.setattr("tenants.actions.USE_NOTED_EVERY", timedelta(seconds=every))
        api.post(event(f"e-{number}"))
        seen.append(used())

    assert seen[0] == seen[1] < seen[2] < seen[3]


# --- durability


def test_a_200_means_that_every_other_connection_sees_the_event(committed):
    api = Api(committed.acme)
    seen = []

    def look():
        seen.append(api.stored())
        connection.close()

    assert api.post(event()).status_code == 200
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()

    assert seen == [1]


def test_parallel_posts_of_one_batch_over_http_count_it_once(committed):
    batch = {"events": [event(f"e-{n}") for n in range(40)]}
    answers = []

    def post():
        answers.append(Api(committed.acme).post(batch).json())
        connection.close()

    threads = [threading.Thread(target=post) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(each["accepted"] for each in answers) == 40
    assert sum(each["duplicates"] for each in answers) == 160
    assert {result["cost"] for each in answers for result in each["results"]} == {COST}
    assert Api(committed.acme).stored() == 40


def test_a_connection_that_died_between_two_requests_costs_no_request(committed):
    """Nobody asks beforehand whether it is alive: the first question of a request finds out."""
    api = Api(committed.acme)
    assert api.post(event("a")).json()["accepted"] == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (session,) = cursor.fetchone()

    end_session(session)
    again = api.post(event("b"))

    assert (again.status_code, again.json()["accepted"]) == (200, 1)
    assert api.stored() == 2


def end_session(session):
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [session])
        while other.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [session]).rowcount:
            time.sleep(0.01)
