"""The doorbell: tell the workers that a tenant has something to fold or to send. It may be lost.

One bell per tenant and task hangs in Redis until a worker takes it down, so a thousand batches ring once.
A sweep finds what it lost.
"""

import atexit
import threading
import time
from datetime import timedelta
from functools import cache

import structlog
from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from tenants.redis import client

log = structlog.get_logger("costtrack.doorbell")

HANGS_FOR = 5
"""Seconds after which the next batch rings again, should the worker have died with the bell in hand."""
PAUSE = timedelta(milliseconds=20)
"""In which `ring_soon` gathers: a request waits for no bell, and many requests ring one."""

_waiting: set[int] = set()
_somebody_waits = threading.Event()


def ring(tenant_id: int, *, task: str = "fold") -> None:
    """Call after commit. Never raises: with the broker down the event is as safe as before."""
    try:
        if client().set(_bell(tenant_id, task), 1, nx=True, ex=HANGS_FOR):
            current_app.send_task(
                f"billing.tasks.{task}", kwargs={"tenant_id": tenant_id}, retry=False
            )
    except (RedisError, OperationalError, OSError) as error:
        log.warning("doorbell_lost", tenant=tenant_id, error=type(error).__name__)


def ring_soon(tenant_id: int) -> None:
    """`ring` for a fold, by a thread of this process, within moments."""
    _waiting.add(tenant_id)
    if not _somebody_waits.is_set():
        _start_ringer()
        _somebody_waits.set()


def ring_for_all() -> None:
    """Ring for everybody who waits, now."""
    _somebody_waits.clear()  # first: who comes in between wakes the thread again
    for tenant_id in list(_waiting):
        _waiting.discard(tenant_id)
        ring(tenant_id)


@cache
def _start_ringer() -> None:
    threading.Thread(target=_keep_ringing, name="ringer", daemon=True).start()
    atexit.register(ring_for_all)


def _keep_ringing() -> None:
    while _somebody_waits.wait():
        time.sleep(PAUSE.total_seconds())
        try:
            ring_for_all()
        except Exception as error:  # a thread that ends would never ring again
            log.warning("doorbell_lost", error=type(error).__name__)


def take_down(tenant_id: int, *, task: str = "fold") -> None:
    """Before the work: what is stored from now on rings again."""
    try:
        client().delete(_bell(tenant_id, task))
    except (RedisError, OSError) as error:
        log.warning("doorbell_stuck", tenant=tenant_id, error=type(error).__name__)


def _bell(tenant_id: int, task: str) -> str:
    return f"costtrack:bell:{task}:{tenant_id}"
