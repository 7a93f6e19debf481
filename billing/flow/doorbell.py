"""The doorbell: tell the workers that a tenant has something to fold or to send. It may be lost.

One bell per tenant and task hangs in Redis until a worker takes it down, so a thousand batches ring once.
A sweep finds what it lost.
"""

import structlog
from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from tenants.redis import client

log = structlog.get_logger("costtrack.doorbell")

HANGS_FOR = 5
"""Seconds after which the next batch rings again, should the worker have died with the bell in hand."""


def ring(tenant_id: int, *, task: str = "fold") -> None:
    """Call after commit. Never raises: with the broker down the event is as safe as before."""
    try:
        if client().set(_bell(tenant_id, task), 1, nx=True, ex=HANGS_FOR):
            current_app.send_task(
                f"billing.tasks.{task}", kwargs={"tenant_id": tenant_id}, retry=False
            )
    except (RedisError, OperationalError, OSError) as error:
        log.warning("doorbell_lost", tenant=tenant_id, error=type(error).__name__)


def take_down(tenant_id: int, *, task: str = "fold") -> None:
    """Before the work: what is stored from now on rings again."""
    try:
        client().delete(_bell(tenant_id, task))
    except (RedisError, OSError) as error:
        log.warning("doorbell_stuck", tenant=tenant_id, error=type(error).__name__)


def _bell(tenant_id: int, task: str) -> str:
    return f"costtrack:bell:{task}:{tenant_id}"
