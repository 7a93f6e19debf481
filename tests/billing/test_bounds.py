"""What has an end: how long a bell may take, what a bucket can count, the months of the ledger."""

import ast
import os
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from celery import Celery
from django.db import connection, transaction
from structlog.testing import capture_logs

from billing import tasks
from billing.flow import doorbell
from billing.flow.fold import BucketFull
from billing.flow.partitions import make_partitions, month_names
from billing.flow.store import DIMENSIONS, MEASURES
from billing.flow.verify import rebuild
from billing.flow.void import void
from costtrack.celery import IN_A_REQUEST, app
from tests.billing.test_ledger import differences, total
from tests.billing.test_tasks import unfolded
from tests.factories import event
from tests.operations.processes import ROOT, database_url

STORED_ALONE = f"""
INSERT INTO billing_spendentry (tenant_id, day, hour, priced, {", ".join(DIMENSIONS)}, {", ".join(MEASURES)})
SELECT tenant_id, '2026-11-20', date_trunc('hour', occurred_at, 'UTC'), price_id IS NOT NULL,
    {", ".join(DIMENSIONS)}, 1, {", ".join(MEASURES[1:])} FROM billing_usageevent WHERE event_id = %s
"""


@pytest.fixture
def silent():
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: [server.accept() for _ in range(9)], daemon=True).start()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.mark.parametrize("broker", ["silent", "redis://127.0.0.1:1/0"])
def test_a_broker_that_dies_between_bell_and_message_costs_a_request_two_seconds_at_most(
    world, monkeypatch, request, broker
):
    dying = Celery(
        broker=request.getfixturevalue("silent") if broker == "silent" else broker,
        set_as_current=False,
    )
    dying.conf.broker_transport_options = app.conf.broker_transport_options | IN_A_REQUEST
    monkeypatch.setattr(doorbell, "current_app", dying)
    started = time.monotonic()

    with capture_logs() as logs:
        doorbell.ring(world.acme.tenant.pk)

    assert [each["event"] for each in logs] == ["doorbell_lost"]
    assert time.monotonic() - started < 3


def test_web_processes_ring_like_that(db):
    script = "import costtrack.wsgi as web; print(web.app.conf.broker_transport_options)"
    said = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ
        | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "costtrack.settings"},
        capture_output=True,
        text=True,
        check=True,
    )

    options = ast.literal_eval(said.stdout)
    assert IN_A_REQUEST.items() <= options.items()
    assert options["visibility_timeout"] == app.conf.broker_transport_options["visibility_timeout"]


def test_a_bucket_that_is_full_is_said_so_costs_no_figure_and_can_be_emptied(world):
    """Half of what a column holds, thrice: as if by millions of events of the largest count there is."""
    world.acme.post(*(event(f"e-{n}") for n in range(3)))
    with world.acme.scope(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute("UPDATE billing_usageevent SET tokens_output = 4e18")
        cursor.execute("DELETE FROM billing_spendentry")
        for n in range(3):
            cursor.execute(STORED_ALONE, [f"e-{n}"])
        cursor.execute(f"SET LOCAL ROLE {connection.settings_dict['OPTIONS']['assume_role']}")

    with capture_logs() as logs, pytest.raises(BucketFull), transaction.atomic():
        tasks.fold(tenant_id=world.acme.tenant.pk)

    assert [(each["event"], each["log_level"]) for each in logs] == [("bucket_full", "error")]
    assert (unfolded(world.acme), total(world.acme).tokens["output"]) == (3, 12 * 10**18)
    assert differences(world.acme) == []
    with world.acme.scope():
        void("", "e-1", reason="made up", actor="test", now=datetime.now(UTC))
        rebuild(date(2026, 11, 1), until=date(2026, 12, 1))
    assert (unfolded(world.acme), total(world.acme).tokens["output"]) == (0, 8 * 10**18)
    assert differences(world.acme) == []


def test_every_month_that_an_event_may_carry_has_its_partition_over_the_ends_of_years(world):
    """From the first of 2020 to ten minutes from now, and from year to year without a gap."""
    make_partitions(today=date(datetime.now(UTC).year, 12, 31) - timedelta(days=30))
    ends = ["2020-01-01T00:00:00Z", "2020-01-31T23:59:59.999999Z"]
    for year in range(2020, datetime.now(UTC).year):
        ends += [f"{year}-12-31T23:59:59.999999Z", f"{year + 1}-01-01T00:00:00Z"]

    verdicts = world.acme.post(
        *(event(f"e-{n}", occurred_at=at) for n, at in enumerate(ends)),
        event("too old", occurred_at="2019-12-31T23:59:59.999999Z"),
    )

    assert {each.status for each in verdicts[:-1]} == {"accepted"}
    assert (verdicts[-1].status, verdicts[-1].code) == ("rejected", "too_old")
    with world.acme.scope(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM billing_usageevent WHERE tenant_id = %s AND"
            " right(tableoid::regclass::text, 7) <> to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY_MM')",
            [world.acme.tenant.pk],
        )
        assert cursor.fetchone()[0] == 0


@pytest.mark.parametrize("today", [date(2026, 9, 30), date(2026, 10, 1), date(2026, 12, 31)])
def test_the_months_that_must_be_there_go_on_over_a_new_year(today):
    names = list(month_names(today))

    assert len(names) == 4
    assert names[0] == f"{today:%Y-%m}"
    assert names == sorted(names)
    assert ("2027-01" in names) == (today.month >= 10)
