"""PostgreSQL's own tools, pg_dump and pg_restore: found, and told where the database is.

In:   a database URL.   Out: exit codes; what a tool complains of, as ToolError.
Never: a password among the arguments, where every process of the machine could read it.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from costtrack.local.wheels import POSTGRES


class ToolError(RuntimeError):
    """A tool is missing, or could not do what it was asked for."""


def run_tool(name: str, *words: str, url: str) -> None:
    """Run one of PostgreSQL's tools on this database; `{database}` in a word stands for its name."""
    target = conninfo_to_dict(url)
    database = str(target["dbname"])
    names = {key: "PGDATABASE" if key == "dbname" else f"PG{key.upper()}" for key in target}
    variables = {names[key]: str(value) for key, value in target.items() if value is not None}
    done = subprocess.run(  # noqa: S603  the tool is found by us, the words are ours
        [_tool(name, url=url), *(word.format(database=database) for word in words)],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ToolError(f"{name} failed: {done.stderr.strip() or done.returncode}")


def sibling(url: str, *, database: str) -> str:
    """The URL of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def _tool(name: str, *, url: str) -> str:
    """That of the server's own major version: another one's dumps may not be read back by this server."""
    with psycopg.connect(url) as link:
        major = link.info.server_version // 10_000
    folders = [found.parent / name for site in sys.path for found in Path(site).glob(POSTGRES)]
    on_path = shutil.which(name)
    for tool in [*folders, *([Path(on_path)] if on_path else [])]:
        if tool.exists() and _major(tool) == major:
            return str(tool)
    raise ToolError(f"There is no {name} of PostgreSQL {major} on this machine's PATH.")


def _major(tool: Path) -> int:
    said = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    found = re.search(r"\d+", said.stdout)
    return int(found[0]) if found else 0
