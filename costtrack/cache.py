"""The cache may be gone: then everything is a miss, and nobody is turned away for it.

Redis holds nothing that cannot be lost. A lost `add` answers False ("somebody else has it"), so whoever wanted
to be the only one stands back. Counts of failed sign-ins and used codes go on in the memory of each
process (docs/decisions/0009): a limit that answers False lets nobody sign in, none lets anybody guess.
After a Redis that hung, nobody asks it for a while (tenants/redis.py).
"""

from collections.abc import Callable
from functools import wraps
from time import monotonic
from typing import Any

import structlog
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as HungUp

from tenants.redis import LEFT_ALONE

log = structlog.get_logger("costtrack.cache")

COUNTED = ("allauth:rl:", "allauth.mfa.totp.used")
"""How the keys of allauth's limits begin, and of the codes that were used."""
_memory = LocMemCache("sign-in-limits", {"OPTIONS": {"MAX_ENTRIES": 10_000}})
_not_before = 0.0


def _forgiving(method: Callable[..., Any], *, lost: Any) -> Callable[..., Any]:
    @wraps(method)
    def guarded(self: RedisCache, *args: Any, **kwargs: Any) -> Any:
        global _not_before
        name = method.__name__
        counted = bool(args) and str(args[0]).startswith(COUNTED)
        if counted and name in {"set", "delete"}:  # so that one lost answer does not begin anew
            getattr(_memory, name)(*args, **kwargs)
        try:
            if monotonic() < _not_before:
                raise HungUp("Redis let somebody wait in vain a moment ago")
            return method(self, *args, **kwargs)
        except (RedisError, OSError) as error:
            if isinstance(error, HungUp) and monotonic() >= _not_before:
                _not_before = monotonic() + LEFT_ALONE
            log.warning("cache_lost", operation=name, error=type(error).__name__)
        if counted:
            return getattr(_memory, name)(*args, **kwargs)
        return args[1] if name == "get" and len(args) > 1 else kwargs.get("default", lost)

    return guarded


class ForgivingCache(RedisCache):
    add = _forgiving(RedisCache.add, lost=False)
    get = _forgiving(RedisCache.get, lost=None)
    set = _forgiving(RedisCache.set, lost=None)
    touch = _forgiving(RedisCache.touch, lost=False)
    delete = _forgiving(RedisCache.delete, lost=False)
    has_key = _forgiving(RedisCache.has_key, lost=False)
    get_many = _forgiving(RedisCache.get_many, lost={})
    set_many = _forgiving(RedisCache.set_many, lost=[])
    delete_many = _forgiving(RedisCache.delete_many, lost=None)
