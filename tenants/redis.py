"""One connection pool to Redis per process, for what wants a single round trip."""

from functools import cache

import redis
from django.conf import settings


@cache
def client() -> redis.Redis:
    """Raises RedisError or OSError in use, never here; callers go on without it."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
