"""A database of its own beside the one that DATABASE_URL names, dropped afterwards.

In:   the URL of a server where our role may create databases.   Out: the URL of an empty, migrated one.
Never: touches what is in the named database.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.sql import SQL, Identifier

PROJECT = Path(__file__).resolve().parents[2]
SUFFIX = "_benchmarks"


@contextmanager
def own_database(url: str, *, keep: bool) -> Iterator[str]:
    """Make it, migrate it, drop it in the end unless it is to be kept for a closer look."""
    parts = urlsplit(url)
    name = parts.path.strip("/") + SUFFIX
    ours = urlunsplit(parts._replace(path=f"/{name}"))
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(SQL("DROP DATABASE IF EXISTS {}").format(Identifier(name)))
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            _migrate(ours)
            yield ours
        finally:
            if not keep:
                server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def _migrate(url: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity", "0"],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url},
        check=True,
    )
