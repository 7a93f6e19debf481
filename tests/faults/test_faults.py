"""Processes and servers die while real clients retry: nothing is lost, nothing counts twice.

The short version; `make soak` strikes 200 times in an order of its own.
"""

import random
import sys
import threading
import time
from itertools import zip_longest

import pytest

from tests.faults import points, processes
from tests.faults.clients import Line
from tests.faults.disk import LOG_SEGMENT, files_up_to
from tests.faults.readers import spend
from tests.faults.run import Site, strike
from tests.faults.stack import running_stack

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")

SEED = 11
WHO = ("web", "worker")
NOISE = random.Random(SEED).randbytes(30_000).hex()  # noqa: S311  60 kB that cannot be compressed


@pytest.fixture(scope="module")
def site():
    with running_stack() as stack:
        yield Site(stack, seed=SEED)


def assert_struck(site, plan):
    missed = [name for name, was_done, _ in strike(site, plan, seed=SEED) if not was_done]
    assert not missed, f"nothing came past; logs: {site.stack.keep_logs()}"


def assert_clean(finding):
    assert finding.is_clean, f"{finding}: {finding.wrong}"
    assert finding.acknowledged


def test_whatever_is_killed_nothing_is_lost_and_nothing_counts_twice(site):
    in_turn = zip_longest(points.WEB, points.WORKER)
    plan = [f"{who} dies {at}" for pair in in_turn for who, at in zip(WHO, pair, strict=True) if at]
    plan += [
        "kill -9 of the web master alone",
        "kill -9 of beat",
        "kill -9 of a PostgreSQL session",
    ]

    assert_struck(site, plan)

    assert_clean(site.audit())


def test_without_a_broker_every_event_is_taken_and_every_report_is_right(site):
    with site.stack.valkey.held_down():
        assert_struck(site, ["kill -9 of a web process", "kill -9 of the worker alone"])
        assert_clean(site.audit(is_drained=False))

    assert_clean(site.audit())


def test_the_worker_lives_on_when_the_broker_is_killed_or_wiped(site):
    before = site.stack.worker.starts

    assert_struck(site, [*["kill -9 of Valkey"] * 4, "Valkey is wiped"])

    assert_clean(site.audit())
    assert site.stack.worker.starts == before


def test_a_full_disk_refuses_batches_as_a_whole_and_takes_them_when_there_is_room(site):
    clients = [site.client(f"fat{number}") for number in range(5)]
    batches = [client.fat_batch(100, noise=NOISE) for client in clients]
    senders = [
        threading.Thread(target=client.send, args=[batch])
        for client, batch in zip(clients, batches, strict=True)
    ]

    with files_up_to(LOG_SEGMENT, site.stack):
        for sender in senders:
            sender.start()
        site.stack.wait_until(lambda: site.books.answers["503"] > 3, "the disk is full")
        assert spend(Line(site.stack.port, site.keys["read"]), "total")
    for sender in senders:
        sender.join()

    assert all(batch.is_acknowledged for batch in batches)
    assert_clean(site.audit())


def test_processes_that_start_before_the_database_wait_for_it(site):
    stack = site.stack
    before = stack.web.starts, stack.worker.starts

    with site.traffic(), stack.postgres.held_down():
        for service in (stack.web, stack.worker):
            processes.kill(service.pid)
        time.sleep(4)

    assert_clean(site.audit())
    assert (stack.web.starts, stack.worker.starts) == (before[0] + 1, before[1] + 1)
