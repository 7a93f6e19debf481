"""Accounts: which user the database servers run as, and what that user can reach.

In:   the user who starts us.   Out: an Account, and commands run as it.
Promise: root is given up for the server processes only; no user is added, no folder is opened.
"""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from costtrack.local.errors import LocalError

CLEAN_ENVIRONMENT = {
    "LC_ALL": "C",
    "PATH": os.defpath,
}  # a stray LC_ALL or PGPORT breaks PostgreSQL


@dataclass(frozen=True, slots=True)
class Account:
    """The user of the server processes."""

    name: str
    uid: int
    gid: int

    @property
    def is_dropped(self) -> bool:
        return self.uid != os.geteuid()

    def can_reach(self, path: Path) -> bool:
        """Whether the mode bits let this account enter or execute the path and what is above."""
        return all(self._may_execute(each) for each in (path, *path.parents))

    def _may_execute(self, path: Path) -> bool:
        facts = path.stat()
        if facts.st_uid == self.uid:
            return bool(facts.st_mode & 0o100)
        return bool(facts.st_mode & (0o010 if facts.st_gid == self.gid else 0o001))

    def run(self, command: Sequence[str | Path], *, folder: Path, text: str = "") -> str:
        """Run a short command to its end as this account and return what it printed."""
        done = subprocess.run(  # noqa: S603
            command,
            cwd=folder,
            env=CLEAN_ENVIRONMENT,
            input=text,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            user=self.uid if self.is_dropped else None,
            group=self.gid if self.is_dropped else None,
            extra_groups=[] if self.is_dropped else None,
        )
        if done.returncode:
            raise LocalError(f"{Path(command[0]).name} failed:\n{done.stdout.strip()}")
        return done.stdout


def server_account() -> Account:
    """Ourselves; for root postgres, else nobody, since PostgreSQL refuses to run as root."""
    uid = os.geteuid()
    if uid != 0:
        return _known_account(uid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise LocalError(
        "PostgreSQL does not run as root, and this machine has no user 'postgres' or 'nobody'. "
        "Run this as an ordinary user, or set DATABASE_URL and REDIS_URL."
    )


def owner_account(folder: Path) -> Account:
    """The account that a folder with data belongs to."""
    return _known_account(folder.stat().st_uid)


def _known_account(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError as error:
        raise LocalError(
            f"User id {uid} has no name here (no passwd entry), and PostgreSQL needs one. "
            "Run this as a user with a name, or set DATABASE_URL and REDIS_URL."
        ) from error
    return Account(entry.pw_name, uid, entry.pw_gid)
