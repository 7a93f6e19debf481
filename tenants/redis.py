"""One connection pool to Redis per process, for what wants a single round trip.

Promise: a Redis that hangs costs a process one second now and then, not a second or two of every request.
"""

from functools import cache
from time import monotonic
from typing import Any

import redis
from django.conf import settings
from redis.exceptions import TimeoutError as HungUp

PATIENCE = 1  # seconds
LEFT_ALONE = 5.0  # seconds after it let somebody wait in vain


class Impatient(redis.Redis):
    """After a timeout nobody asks for a while: whoever would is told so at once."""

    _not_before = 0.0

    def execute_command(self, *args: Any, **options: Any) -> Any:
        if monotonic() < self._not_before:
            raise HungUp("Redis let somebody wait in vain a moment ago")
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except HungUp:
            self._not_before = monotonic() + LEFT_ALONE
            raise


@cache
def client() -> redis.Redis:
    """Raises RedisError or OSError in use, never here; callers go on without it."""
    return Impatient.from_url(
        settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
    )
