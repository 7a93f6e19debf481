"""The bell of the invitations: a worker shall send what waits. It may be lost; a sweep each minute finds it."""

import structlog
from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from tenants.redis import client

log = structlog.get_logger("costtrack.bell")


def ring_for_invitations(tenant_id: int) -> None:
    """Call after commit. Never raises: the invitation is a row, and its link is on the page."""
    try:
        client().ping()  # a Redis that is away is known here within a second, by Celery later
        current_app.send_task(
            "tenants.tasks.mail_invitations", kwargs={"tenant_id": tenant_id}, retry=False
        )
    except (RedisError, OperationalError, OSError) as error:
        log.warning("bell_lost", tenant=tenant_id, error=type(error).__name__)
