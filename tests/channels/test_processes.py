"""Workers that race and workers that die: each message once, or twice under one id."""

import os
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from billing import tasks
from billing.flow.deliver import enqueue
from billing.flow.send_due import send_due
from billing.models import Delivery, DeliveryAttempt
from costtrack.local.run import CELERY_WORKER
from tests.channels.sinks import smtp_server
from tests.channels.test_deliver import MESSAGE
from tests.operations.processes import ROOT, database_url, wait_until

WORKER = ["celery", "--app", "tests.channels.dying", "worker", *CELERY_WORKER.split()]


def found(world, model=Delivery):
    with world.acme.scope():
        return list(model.objects.order_by("id"))


def test_twenty_workers_on_two_hundred_deliveries_send_each_once(committed, settings):
    with committed.acme.scope():
        for number in range(200):
            enqueue(MESSAGE, people=[committed.ana], about=f"alert:{number}")
    told, start = [], threading.Barrier(20)

    def work():
        start.wait()
        told.append(
            send_due(
                committed.acme.tenant.pk,
                within=timedelta(minutes=2),
                clock=timezone.now,
                between=max,
            )
        )
        connection.close()

    with smtp_server(settings) as mailbox:
        threads = [threading.Thread(target=work) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    ids = Counter(str(mail["Message-ID"]) for _, mail in mailbox.mails)
    assert len(ids) == 200
    assert set(ids.values()) == {1}
    assert sum(each.sent for each in told) == 200
    assert sum(each.sent > 0 for each in told) > 5
    assert {each.state for each in found(committed)} == {"sent"}


@pytest.mark.parametrize(
    ("point", "copies", "outcomes"),
    [("before_send", 1, ["unknown", "sent"]), ("after_send", 2, ["unknown", "sent"])],
)
def test_a_worker_killed_around_the_sending_loses_nothing(
    committed, settings, tmp_path, point, copies, outcomes
):
    (tmp_path / point).write_text("SIGKILL")
    with committed.acme.scope():
        enqueue(MESSAGE, people=[committed.ana])
    with smtp_server(settings) as mailbox:
        worker = subprocess.Popen(
            [sys.executable, "-m", *WORKER],
            cwd=ROOT,
            env=os.environ
            | {
                "DATABASE_URL": database_url(),
                "SECRET_KEY": "set",
                "EMAIL_URL": f"smtp://127.0.0.1:{mailbox.port}",
                "FAULTS_DIR": str(tmp_path),
            },
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: _rung(committed))
        finally:
            worker.terminate()
            worker.wait(20)

    assert not (tmp_path / point).exists()
    delivery = found(committed)[0]
    ids = {str(mail["Message-ID"]) for _, mail in mailbox.mails}
    assert len(mailbox.mails) == copies
    assert ids == {f"<{delivery.message_id}@127.0.0.1>"}
    assert [each.outcome for each in found(committed, DeliveryAttempt)] == outcomes


def _rung(world):
    """What the sweep of each minute does, each half second, until the message is sent."""
    tasks.sweep()
    time.sleep(0.5)
    return found(world)[0].state == "sent"
