"""Throttle: how fast one key may call. One round trip to Redis; without Redis nobody is turned away.

The generic cell rate algorithm keeps one number per key, the time at which its bucket will be empty: a key may
call `burst` times at once and `rate` times a second for ever. The clock is Redis's own, so that all web
processes share it.
"""

from functools import cache

import structlog
from django.conf import settings
from redis.commands.core import Script
from redis.exceptions import RedisError

from tenants.redis import client

log = structlog.get_logger("costtrack.throttle")

# Times are in microseconds. Returns 0 when the call may go on, else how long to wait.
_SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local empty_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local wait = empty_at + interval - burst * interval - now
if wait > 0 then return wait end
redis.call('SET', KEYS[1], empty_at + interval, 'PX', math.ceil(burst * interval / 1000) + 1000)
return 0
"""


def seconds_to_wait(key_id: int) -> int:
    """0 when the key may call now; otherwise whole seconds, at least 1."""
    rate = settings.THROTTLE_PER_SECOND
    if not rate:
        return 0
    try:
        wait = int(
            _script()(
                keys=[f"costtrack:rate:{key_id}"], args=[1_000_000 // rate, settings.THROTTLE_BURST]
            )
        )
    except (RedisError, OSError) as error:
        log.warning("throttle_lost", error=type(error).__name__)
        return 0
    return -(-wait // 1_000_000)


@cache
def _script() -> Script:
    return client().register_script(_SCRIPT)
