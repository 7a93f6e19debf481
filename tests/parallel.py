"""Two test processes side by side, each on a database and a Redis of its own.

Loaded by pytest before the settings are (pyproject.toml). Alone, or without xdist, nothing changes.
"""

import fcntl
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
REDIS_DATABASES = 16


def _own_redis(url: str) -> str:
    """The same server, as far from the neighbours' databases as its sixteen allow."""
    parts = urlsplit(url)
    given = parts.path.strip("/") if parts.netloc else parts.query.partition("db=")[2]
    step = REDIS_DATABASES // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    own = (int(given or 0) + int(WORKER.removeprefix("gw")) * step) % REDIS_DATABASES
    return (
        f"{parts.scheme}://{parts.netloc}/{own}"
        if parts.netloc
        else f"unix://{parts.path}?db={own}"
    )


if WORKER and "REDIS_URL" in os.environ:
    os.environ["REDIS_URL"] = _own_redis(os.environ["REDIS_URL"])


def own_name(database: str) -> str | None:
    """The name of this process's test database; None is Django's usual one."""
    return f"test_{database}_{WORKER}" if WORKER else None


@contextmanager
def one_at_a_time():
    """Roles belong to the whole server: two processes that migrate at once would both create them."""
    with (Path(tempfile.gettempdir()) / "costtrack-tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
