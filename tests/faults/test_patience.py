"""How long one waits for whom: what freezes may hold on to nothing, and what hangs is left alone."""

import socket
import tempfile
import time

import pytest
from django.db import connection
from redis.exceptions import TimeoutError as HungUp

from tenants.redis import Impatient


def shown(setting):
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {setting}")
        return cursor.fetchone()[0]


def test_a_session_that_falls_silent_in_a_scope_is_ended_by_the_database(world):
    outside = shown("idle_in_transaction_session_timeout")

    with world.acme.scope():
        inside = shown("idle_in_transaction_session_timeout")

    assert inside == "30s"
    assert shown("idle_in_transaction_session_timeout") == outside == "0"


@pytest.fixture
def silent_server():
    """A server that takes connections and never says a word."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{folder}/silent.sock")
        server.listen()
        yield f"unix://{folder}/silent.sock"


def test_a_redis_that_hangs_is_waited_for_once_and_then_left_alone(silent_server):
    client = Impatient.from_url(silent_server, socket_timeout=0.3)
    with pytest.raises(HungUp):
        client.get("a")

    began = time.monotonic()
    for _ in range(100):
        with pytest.raises(HungUp):
            client.get("a")

    assert time.monotonic() - began < 0.3
