"""The cache may be gone: then everything is a miss, and nobody is turned away for it.

Redis holds nothing that cannot be lost. A lost `add` answers False ("somebody else has it"), so whoever wanted
to be the only one stands back; failed-login limits are off for as long as Redis is down, and the log says so.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = structlog.get_logger("costtrack.cache")


def _forgiving(method: Callable[..., Any], *, lost: Any) -> Callable[..., Any]:
    @wraps(method)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except (RedisError, OSError) as error:
            log.warning("cache_lost", operation=method.__name__, error=type(error).__name__)
            return lost

    return guarded


class ForgivingCache(RedisCache):
    add = _forgiving(RedisCache.add, lost=False)
    set = _forgiving(RedisCache.set, lost=None)
    touch = _forgiving(RedisCache.touch, lost=False)
    delete = _forgiving(RedisCache.delete, lost=False)
    has_key = _forgiving(RedisCache.has_key, lost=False)
    get_many = _forgiving(RedisCache.get_many, lost={})
    set_many = _forgiving(RedisCache.set_many, lost=[])
    delete_many = _forgiving(RedisCache.delete_many, lost=None)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return _forgiving(super().get, lost=default)(key, default, version)
