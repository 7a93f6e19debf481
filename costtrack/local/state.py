"""The state folder of a local installation: where it is, whose it is, who holds it.

In:   STATE_DIR, the user who asks.   Out: folders, the secret key, the lock, servers' addresses.
Promise: one supervisor per folder; its lock is freed by the kernel, even after kill -9.
Never: starts or signals a process, imports Django.
"""

import base64
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from costtrack.local.account import Account, owner_account, server_account
from costtrack.local.errors import LocalError

PROJECT = Path(__file__).resolve().parents[2]
SYSTEM_STATE = Path("/var/lib/costtrack")
URLS = ("DATABASE_URL", "REDIS_URL")
KEYS = ("SECRET_KEY", "KEY_RING")
# A unix socket's path may have 104 characters (macOS); a plain one needs no quoting in a URL.
PLAIN_SHORT_PATH = re.compile(r"[A-Za-z0-9/._-]{1,79}")
TMP = Path("/tmp")  # noqa: S108  short everywhere, unlike TMPDIR; the folders made in it are private
THROWAWAY = "costtrack-throwaway-"


@dataclass(frozen=True, slots=True)
class State:
    """The folders of one installation; `servers` and what is below belong to the account."""

    root: Path
    account: Account

    @property
    def servers(self) -> Path:
        return self.root / "servers"

    @property
    def postgres(self) -> Path:
        return self.servers / "postgres"

    @property
    def valkey(self) -> Path:
        return self.servers / "valkey"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def sockets(self) -> Path:
        """A private folder with a short path: below the state folder, else in /tmp."""
        folder = self.servers / "run"
        if PLAIN_SHORT_PATH.fullmatch(str(folder)):
            return folder
        digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
        return TMP / f"costtrack-{self.account.uid}-{digest}"


def state_dir() -> Path:
    """STATE_DIR, else `.state` in the project; below /var/lib if root's servers could not enter."""
    if chosen := os.environ.get("STATE_DIR"):
        return Path(chosen).expanduser().resolve()
    if os.geteuid() == 0 and not server_account().can_reach(PROJECT):
        return SYSTEM_STATE / str(PROJECT).strip("/").replace("/", "-")
    return (PROJECT / ".state").resolve()


def open_state(root: Path) -> State:
    """Make the folders, or find them, and return them with the account that they belong to."""
    servers = root / "servers"
    try:
        account = owner_account(servers) if servers.exists() else server_account()
        state = State(root, account)
        if SYSTEM_STATE in root.parents:
            _own_folder(SYSTEM_STATE, mode=0o711)
        _own_folder(root, mode=0o711 if account.is_dropped else 0o700)
        _own_folder(state.logs, mode=0o700)
        _own_folder(servers, mode=0o700, account=account)
        _own_folder(state.valkey, mode=0o700, account=account)
        _own_folder(state.sockets, mode=0o700, account=account)
    except PermissionError as error:
        raise LocalError(
            f"No permission for {error.filename}: another user started costtrack here before. "
            "Start it as that user, or choose another folder with STATE_DIR."
        ) from error
    if not account.can_reach(root):
        raise LocalError(
            f"The servers run as user '{account.name}', who cannot enter {root}. "
            "Choose a folder that every user may enter with STATE_DIR."
        )
    return state


def _own_folder(path: Path, *, mode: int, account: Account | None = None) -> None:
    """Works on the opened folder: in /tmp a name may be made to point elsewhere in between."""
    path.mkdir(parents=True, exist_ok=True, mode=mode)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        found = os.fstat(folder).st_uid
        owner = account.uid if account else os.geteuid()
        if found not in {owner, os.geteuid()}:
            raise LocalError(
                f"{path} belongs to another user. Start costtrack as that user, "
                "or choose another folder with STATE_DIR."
            )
        if account and found != owner:
            os.fchown(folder, account.uid, account.gid)
        os.fchmod(folder, mode)
    finally:
        os.close(folder)


@contextmanager
def throwaway_state() -> Iterator[State]:
    """A state folder for one command, deleted afterwards, with what killed commands left."""
    for leftover in TMP.glob(f"{THROWAWAY}*"):
        with suppress(LocalError, OSError):
            if leftover.lstat().st_uid == os.geteuid() and (leftover / "running.json").exists():
                with hold(leftover, patience=0):
                    shutil.rmtree(leftover, ignore_errors=True)
    root = Path(tempfile.mkdtemp(prefix=THROWAWAY, dir=TMP))
    try:
        yield open_state(root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def secret_key(root: Path) -> str:
    """The installation's own SECRET_KEY, made once."""
    return _made_once(root / "secret_key", new=secrets.token_urlsafe(48))


def key_ring(root: Path) -> str:
    """The installation's own KEY_RING, made once: a Fernet key, 32 bytes."""
    new = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return _made_once(root / "key_ring", new=new)


def _made_once(path: Path, *, new: str) -> str:
    if not path.exists():
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(new)
        draft.replace(path)
    return path.read_text()


class Hold:
    """The lock on a state folder and, inside the locked file, what its holder tells others."""

    def __init__(self, file: TextIOWrapper) -> None:
        self._file = file

    def publish(self, facts: Mapping[str, object]) -> None:
        self._file.seek(0)
        self._file.truncate()
        json.dump({"pid": os.getpid(), **facts}, self._file)
        self._file.flush()


@contextmanager
def hold(root: Path, *, patience: float = 1.0) -> Iterator[Hold]:
    """Hold the folder until the end of the block; a second holder is told where the first listens.

    The patience covers a reader of the file, who locks it for a moment.
    """
    descriptor = os.open(root / "running.json", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "r+") as file:
        deadline = time.monotonic() + patience
        while not _locked(file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise LocalError(_already_running(root, file))
            time.sleep(0.05)
        file.truncate()
        yield Hold(file)
        file.seek(0)
        file.truncate()


def _locked(file: TextIOWrapper, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _already_running(root: Path, file: TextIOWrapper) -> str:
    facts = _parse(file)
    what = facts.get("address", "it is starting")
    return f"costtrack already runs here: {what} (process {facts.get('pid', '?')}, data in {root})."


def _parse(file: TextIOWrapper) -> dict[str, object]:
    with suppress(ValueError):
        facts = json.load(file)
        if isinstance(facts, dict):
            return facts
    return {}


def server_urls() -> dict[str, str]:
    """DATABASE_URL, REDIS_URL, SECRET_KEY and KEY_RING of this folder's running servers, or {}.

    What the environment sets wins, one by one. Read at every start of Django, so it starts nothing.
    """
    given = {name: os.environ[name] for name in (*URLS, *KEYS) if os.environ.get(name)}
    if all(name in given for name in URLS):
        return given
    return {**_published_urls(), **given}


def _published_urls() -> dict[str, str]:
    try:
        with (state_dir() / "running.json").open() as file:
            if _locked(file, fcntl.LOCK_SH):
                return {}  # nobody holds it: what it says is of a supervisor that was killed
            urls = _parse(file).get("urls")
    except (OSError, LocalError):
        return {}
    return {str(name): str(url) for name, url in urls.items()} if isinstance(urls, dict) else {}
