"""Throttle: how fast one key, or one address on the Internet, may call. One round trip to Redis at most;
without Redis nobody is turned away.

The generic cell rate algorithm keeps one number per key, the time at which its bucket will be empty: a key may
call `burst` times at once and `rate` times a second for ever. The clock is Redis's own, so that all web
processes share it. A process that is called again and again by one key takes several calls' room in one trip:
at most what the key may use up in the short time for which that room is kept.
"""

from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address, ip_network
from time import monotonic

import structlog
from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest
from redis.commands.core import Script
from redis.exceptions import RedisError

from tenants.redis import client

log = structlog.get_logger("costtrack.throttle")

KEPT = 0.05  # seconds
LEASES = 1_000

# Times are in microseconds. `unused` is what is given back of what was taken before.
# Returns for how many of the calls asked for there is room, or minus how long to wait.
_SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local asked, unused = tonumber(ARGV[3]), tonumber(ARGV[4])
local empty_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now) - unused * interval, now)
local room = math.floor((now + burst * interval - empty_at) / interval)
if room < 1 then return now + (burst - 1) * interval - empty_at end
local taken = math.min(room, asked)
redis.call('SET', KEYS[1], empty_at + taken * interval, 'PX', math.ceil(burst * interval / 1000) + 1000)
return taken
"""


@dataclass(slots=True)
class Lease:
    """Room that was taken for one key and is not used up yet."""

    calls: list[None]
    """One for each call that may still go on; `pop` is safe among threads."""
    taken: int
    until: float


_leases: dict[str, Lease] = {}


def seconds_to_wait(key_id: int) -> int:
    """0 when the key may call now; otherwise whole seconds, at least 1."""
    return _wait(str(key_id), rate=settings.THROTTLE_PER_SECOND, burst=settings.THROTTLE_BURST)


def seconds_for_address(request: HttpRequest) -> int:
    """The same of whoever is not signed in, by address; of IPv6 by 64 bits, which are one line."""
    rate, burst = settings.PUBLIC_PER_SECOND, settings.PUBLIC_BURST
    address = _network_of(request) if rate else ""
    return _wait(f"address:{address}", rate=rate, burst=burst) if address else 0


def _network_of(request: HttpRequest) -> str:
    """Behind `PROXIES` what they say, else who is connected; '' where neither is an address."""
    try:
        text = get_adapter().get_client_ip(request)
    except (ImproperlyConfigured, PermissionDenied):  # a request that came past the proxy
        text = request.META.get("REMOTE_ADDR", "")
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    return str(ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


def _wait(name: str, *, rate: int, burst: int) -> int:
    if not rate:
        return 0
    now, lease = monotonic(), _leases.get(name)
    if lease and now < lease.until:
        with suppress(IndexError):
            lease.calls.pop()
            return 0
    asked, unused = 1, 0
    if lease and now < lease.until + KEPT:
        unused = len(lease.calls)
        asked = max(1, min(2 * (lease.taken - unused), int(rate * KEPT)))
    arguments = [1_000_000 // rate, burst, asked, unused]
    try:
        room = int(_script()(keys=[f"costtrack:rate:{name}"], args=arguments))
    except (RedisError, OSError) as error:
        log.warning("throttle_lost", error=type(error).__name__)
        return 0
    if room < 1:
        _leases.pop(name, None)
        return -(room // 1_000_000)
    if len(_leases) >= LEASES:
        _leases.clear()
    _leases[name] = Lease([None] * (room - 1), room, now + KEPT)
    return 0


@cache
def _script() -> Script:
    return client().register_script(_SCRIPT)
