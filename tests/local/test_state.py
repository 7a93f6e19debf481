"""Where the state is, what the environment overrides, binaries out of the servers' reach."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from costtrack.local import server_urls
from costtrack.local.account import Account, server_account
from costtrack.local.errors import LocalError
from costtrack.local.postgres import postgres_url, start_postgres
from costtrack.local.state import (
    THROWAWAY,
    TMP,
    State,
    hold,
    open_state,
    secret_key,
    state_dir,
    throwaway_state,
)
from costtrack.local.valkey import start_valkey
from costtrack.local.wheels import POSTGRES, VALKEY, find_binary

BOTH = {"DATABASE_URL": "postgresql://a@b/c", "REDIS_URL": "redis://b"}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "KEY_RING", "STATE_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def running(folder, monkeypatch):
    """A held state folder that tells the URLs of its servers."""
    monkeypatch.setenv("STATE_DIR", str(folder / "state"))
    open_state(folder / "state")
    with hold(folder / "state") as held:
        held.publish(
            {"address": "http://here", "urls": {"DATABASE_URL": "local", "REDIS_URL": "local"}}
        )
        yield


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    "names", [(), ("DATABASE_URL",), ("REDIS_URL",), ("DATABASE_URL", "REDIS_URL")]
)
def test_environment_wins_one_by_one(monkeypatch, names):
    for name in names:
        monkeypatch.setenv(name, BOTH[name])

    assert server_urls() == {name: BOTH[name] if name in names else "local" for name in BOTH}


def test_no_urls_when_nothing_runs(folder, monkeypatch):
    monkeypatch.setenv("STATE_DIR", str(folder))
    assert server_urls() == {}

    (folder / "running.json").write_text('{"urls": {"DATABASE_URL": "of a killed one"}}')
    assert server_urls() == {}


@pytest.mark.usefixtures("running")
def test_asking_for_urls_is_quick(monkeypatch):
    began = time.perf_counter()
    for _ in range(100):
        server_urls()

    assert time.perf_counter() - began < 0.5


def test_importing_the_package_reads_no_settings():
    code = "import sys, costtrack.local; sys.exit('costtrack.settings' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_second_holder_is_told_the_address(folder):
    with hold(folder) as held:
        held.publish({"address": "http://127.0.0.1:8000"})
        with (
            pytest.raises(LocalError, match=r"already runs here: http://127\.0\.0\.1:8000"),
            hold(folder, patience=0),
        ):
            pass
    with hold(folder):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_another_users_trap_in_tmp_is_left_alone(folder):
    victim = folder / "victim"
    victim.write_text("precious")
    trap = Path(tempfile.mkdtemp(prefix=THROWAWAY, dir=TMP))
    (trap / "running.json").symlink_to(victim)
    os.chown(trap, 65534, 65534)

    with throwaway_state():
        pass

    assert victim.read_text() == "precious"
    assert trap.exists()
    shutil.rmtree(trap)


def test_secret_key_is_made_once_and_private(folder):
    key = secret_key(folder)

    assert secret_key(folder) == key
    assert len(key) >= 60
    assert (folder / "secret_key").stat().st_mode & 0o777 == 0o600


def test_database_url_names_the_socket_folder(folder):
    state = State(folder, server_account())

    assert (
        postgres_url(state)
        == f"postgresql://costtrack@/costtrack?host={folder}/servers/run&port=5432"
    )


def test_root_keeps_its_state_where_the_servers_can_enter(folder, monkeypatch):
    closed = folder / "home" / "work"
    closed.mkdir(parents=True)
    closed.parent.chmod(0o700)
    monkeypatch.setattr("costtrack.local.state.PROJECT", closed)
    monkeypatch.setattr("costtrack.local.state.SYSTEM_STATE", Path("/var/lib/costtrack"))
    name = str(closed).strip("/").replace("/", "-")
    below = Path("/var/lib/costtrack") / name if os.geteuid() == 0 else closed / ".state"

    assert state_dir() == below


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as another user")
def test_servers_out_of_reach_are_copied_and_run(folder, monkeypatch):
    site = folder / "venv"
    site.mkdir(mode=0o700)
    for pattern in (POSTGRES, VALKEY):
        package = pattern.partition("/")[0]
        origin = Path(importlib.util.find_spec(package).origin).parent
        for name in (package, f"{package}.libs"):
            (site / name).symlink_to(origin.with_name(name))
    monkeypatch.setattr(sys, "path", [str(site)])
    with throwaway_state() as state:
        children = [start_postgres(state), start_valkey(state)]
        with psycopg.connect(postgres_url(state)) as connection:
            connection.execute("DO $$ BEGIN PERFORM 1; END $$")  # loads a library of the copy
        for child in children:
            child.stop()

        binaries = [find_binary(pattern, state=state) for pattern in (POSTGRES, VALKEY)]
        assert all(state.root in binary.parents and binary.exists() for binary in binaries)
    assert site.stat().st_mode & 0o777 == 0o700


def test_a_missing_wheel_names_the_way_out(folder):
    state = State(folder, Account("x", os.geteuid(), os.getegid()))

    with pytest.raises(LocalError, match="Set DATABASE_URL and REDIS_URL"):
        find_binary("no_such_wheel/bin/postgres", state=state)
