"""The two servers of local mode, each only if the environment does not name one.

In:   a State, DATABASE_URL and REDIS_URL.   Out: the environment for processes that use them.
"""

import os
from functools import partial

from costtrack.local.postgres import postgres_url, start_postgres
from costtrack.local.state import URLS, State, key_ring, secret_key
from costtrack.local.supervisor import Supervisor
from costtrack.local.valkey import start_valkey, valkey_url


def given_urls() -> dict[str, str]:
    return {name: os.environ[name] for name in URLS if os.environ.get(name)}


def start_servers(supervisor: Supervisor, *, state: State) -> dict[str, str]:
    """Start what is missing; return the URLs of the servers that were started."""
    given = given_urls()
    urls = {}
    if "DATABASE_URL" not in given:
        supervisor.start("PostgreSQL", partial(start_postgres, state))
        urls["DATABASE_URL"] = postgres_url(state)
    if "REDIS_URL" not in given:
        supervisor.start("Valkey", partial(start_valkey, state))
        urls["REDIS_URL"] = valkey_url(state)
    return urls


def environment(urls: dict[str, str], *, state: State) -> dict[str, str]:
    """Our environment, the URLs, and this installation's own keys unless they are given."""
    keys = {
        "SECRET_KEY": os.environ.get("SECRET_KEY") or secret_key(state.root),
        "KEY_RING": os.environ.get("KEY_RING") or key_ring(state.root),
    }
    return {**os.environ, **urls, **keys}
