"""/metrics: exact counts of every worker, for whoever holds the token, at next to no cost."""

import os
import re
import signal
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from billing.channels.message import Message
from billing.flow.deliver import enqueue
from billing.models import Delivery, SpendEntry
from tests.api.conftest import Api
from tests.factories import event
from tests.operations.processes import get, gunicorn, wait_until

TOKEN = "a token for tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.M)


def samples(text):
    """`name{label="value"}` -> figure."""
    found = SAMPLE.findall(text)
    return {
        name + (f"{{{labels}}}" if labels else ""): float(value) for name, labels, value in found
    }


@pytest.fixture
def scrape(client, settings):
    settings.METRICS_TOKEN = TOKEN

    def ask():
        response = client.get("/metrics", headers=BEARER)
        assert response.status_code == 200
        assert response["Content-Type"].startswith("text/plain")
        return samples(response.content.decode())

    return ask


def grown(scrape, act):
    """What `act` has added to which counter."""
    before = scrape()
    act()
    after = scrape()
    names = (name for name in after if re.match(r"costtrack_\w+_(total|count)\b", name))
    changes = {name: after[name] - before.get(name, 0) for name in names}
    return {name: change for name, change in changes.items() if change and "metrics" not in name}


@pytest.mark.smoke
@pytest.mark.parametrize(
    ("known", "sent"),
    [("", ""), ("", "Bearer "), ("", "Bearer x"), (TOKEN, ""), (TOKEN, "Bearer x"), (TOKEN, TOKEN)],
)
def test_without_the_token_it_is_not_there(client, db, settings, known, sent):
    settings.METRICS_TOKEN = known

    assert client.get("/metrics", headers={"Authorization": sent}).status_code == 404


@pytest.mark.smoke
def test_events_are_counted_by_what_became_of_them(world, scrape):
    api = Api(world.acme)
    batch = [
        event("a"),
        event("b"),
        event("c", model="unheard-of"),
        event("a"),
        event("a", feature="other"),
        event("d", project="no-such"),
        event("e", model=None),
    ]

    added = grown(scrape, lambda: api.verdicts(*batch))

    assert added == {
        'costtrack_events_total{status="accepted"}': 3,
        'costtrack_events_total{status="duplicate"}': 1,
        'costtrack_events_total{status="conflict"}': 1,
        'costtrack_events_total{status="rejected"}': 2,
        'costtrack_rejects_total{code="unknown_project"}': 1,
        'costtrack_rejects_total{code="missing_field"}': 1,
        "costtrack_unpriced_events_total": 1,
        'costtrack_requests_total{method="POST",route="api/v1/events",status="200"}': 1,
        'costtrack_request_seconds_count{route="api/v1/events"}': 1,
    }


def test_requests_are_counted_by_route_so_that_strangers_cannot_make_up_names(
    world, client, scrape
):
    client.force_login(world.ana)

    def ask():
        client.get("/t/acme/clients/globex/")
        client.get("/t/acme/clients/no-such-client/")
        client.get("/made-up/address")
        client.generic("MADEUP", "/livez")

    assert {name for name in grown(scrape, ask) if "requests" in name} == {
        'costtrack_requests_total{method="GET",route="t/<slug:tenant>/clients/<slug:client>/",status="200"}',
        'costtrack_requests_total{method="GET",route="t/<slug:tenant>/clients/<slug:client>/",status="404"}',
        'costtrack_requests_total{method="GET",route="none",status="404"}',
        'costtrack_requests_total{method="other",route="livez",status="405"}',
    }


@pytest.mark.smoke
def test_what_waits_is_said_with_its_age(world, scrape):
    quiet = scrape()
    world.acme.post(event("a"))
    world.brix.post(event("b"), event("c", feature="x"))
    with world.brix.scope():
        SpendEntry.objects.update(stored_at=timezone.now() - timedelta(minutes=11))

    waiting = scrape()

    assert (quiet["costtrack_fold_lag_seconds"], quiet["costtrack_unfolded_rows"]) == (0, 0)
    assert quiet['costtrack_alarm{part="journal"}'] == 0
    assert waiting["costtrack_fold_lag_seconds"] == pytest.approx(660, abs=5)
    assert waiting["costtrack_unfolded_rows"] == 3
    assert waiting['costtrack_alarm{part="journal"}'] == 1


def test_messages_that_wait_are_said_with_their_age(world, scrape):
    names = [f"costtrack_{each}" for each in ("delivery_lag_seconds", "mail_lag_seconds")]
    quiet = scrape()
    with world.acme.scope():
        enqueue(Message("x", "s", "h", (), (), {}), people=[world.ana, world.vik])
        Delivery.objects.update(next_at=timezone.now() - timedelta(minutes=7))

    waiting = scrape()

    assert [quiet[name] for name in (*names, "costtrack_undelivered_messages")] == [0, 0, 0]
    assert [waiting[name] for name in names] == [pytest.approx(420, abs=5), pytest.approx(0, abs=5)]
    assert waiting["costtrack_undelivered_messages"] == 2
    assert waiting['costtrack_alarm{part="deliveries"}'] == 1


def test_with_the_database_away_the_counts_are_still_told(committed, scrape):
    here = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = "/nonexistent"
    try:
        found = scrape()
    finally:
        connection.settings_dict["HOST"] = here

    assert found['costtrack_alarm{part="database"}'] == 1
    assert "costtrack_fold_lag_seconds" not in found
    assert any(name.startswith("costtrack_requests_total") for name in found)


# --- Two workers


@pytest.mark.smoke
def test_any_worker_tells_for_all_of_them_also_for_one_that_was_killed(transactional_db, tmp_path):
    (tmp_path / "counter_1.db").write_bytes(b"left over from another run")
    folder = {"METRICS_TOKEN": TOKEN, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    livez = 'costtrack_requests_total{method="GET",route="livez",status="200"}'
    asked = 0

    def workers():
        return {int(file.stem.partition("_")[2]) for file in tmp_path.glob("counter_*.db")}

    def ask_until_there_are(number):
        nonlocal asked
        deadline = time.monotonic() + 40
        while len(workers()) < number or asked < 20:
            assert time.monotonic() < deadline
            asked += get(port, "/livez")[0] == 200

    with gunicorn(**folder) as port:
        ask_until_there_are(2)
        told = [samples(get(port, "/metrics", BEARER)[1])[livez] for _ in range(10)]
        assert told == [asked] * 10

        first = workers()
        os.kill(min(first), signal.SIGKILL)
        ask_until_there_are(3)
        told = {samples(get(port, "/metrics", BEARER)[1])[livez] for _ in range(10)}
        assert told == {asked}


def test_a_folder_that_nobody_gave_is_made_for_the_workers_and_taken_away(
    transactional_db, tmp_path
):
    with gunicorn(METRICS_TOKEN=TOKEN, TMPDIR=str(tmp_path)) as port:
        wait_until(lambda: get(port, "/metrics", BEARER)[0] == 200)
        assert [each.name.startswith("costtrack-metrics-") for each in tmp_path.iterdir()] == [True]

    assert [*tmp_path.iterdir()] == []


def test_without_a_token_nothing_is_kept_on_disk(transactional_db, tmp_path):
    with gunicorn(TMPDIR=str(tmp_path), PROMETHEUS_MULTIPROC_DIR="/nonexistent") as port:
        wait_until(lambda: get(port, "/livez")[0] == 200)

        assert [each for each in tmp_path.iterdir() if "metrics" in each.name] == []
