"""The servers under `python -m costtrack.local exec`: data, roles, leftovers, users, paths."""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")

SQL = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
    for statement in {statements!r}:
        cursor = connection.execute(statement)
        if cursor.description:
            print(*cursor.fetchone())
"""


def sql(*statements):
    return SQL.format(statements=statements)


def test_data_outlives_a_restart(project):
    project.ask(sql("CREATE TABLE t (n int)", "INSERT INTO t VALUES (42)"))
    project.ask("import os, redis; redis.from_url(os.environ['REDIS_URL']).set('k', 'kept')")
    assert project.processes() == {}

    assert project.ask(sql("SELECT n FROM t")) == "42"
    assert "kept" in project.ask(
        "import os, redis; print(redis.from_url(os.environ['REDIS_URL']).get('k'))"
    )


def test_owner_is_bound_by_walls_and_may_serve_as_a_role_it_made(project):
    printed = project.ask(
        sql(
            "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = user",
            "CREATE ROLE serving NOLOGIN",
            "SET ROLE serving",
            "SELECT current_user, current_setting('fsync'), current_setting('synchronous_commit')",
            "SELECT current_setting('listen_addresses') = '', current_setting('TimeZone')",
        )
    )

    assert printed.splitlines() == ["False False True", "serving on on", "True UTC"]


def test_fresh_servers_end_with_the_command_and_leave_no_folder(bare):
    show = "import os, sys; print(os.environ['DATABASE_URL']); sys.exit(7)"

    printed = bare.finished("exec", "--fresh", "--", bare.python, "-c", show, code=7)

    folder = Path(printed.partition("?host=")[2].partition("/servers")[0])
    assert "throwaway" in folder.name
    assert not folder.exists()
    assert not bare.state.exists()


def test_the_folder_of_a_killed_one_is_cleared_by_the_next(bare):
    bare.variables["DATABASE_URL"] = "postgresql://elsewhere"  # Valkey alone shows it as well
    show = "import os, time; print(os.environ['REDIS_URL'], flush=True); time.sleep(0.5)"
    run = bare.start("exec", "--fresh", "--", bare.python, "-c", show)
    run.wait_for("?db=0")
    folder = Path(run.printed().removeprefix("unix://").partition("/servers")[0])
    run.kill()
    bare.wait_until_nothing_runs()
    assert folder.exists()

    bare.finished("exec", "--fresh", "--", "true")

    assert not folder.exists()


def test_urls_of_the_environment_win_and_nothing_is_started(bare):
    bare.variables |= {"DATABASE_URL": "postgresql://x@y/z", "REDIS_URL": "redis://y"}

    printed = bare.ask("import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])")

    assert printed == "postgresql://x@y/z redis://y"
    assert not bare.state.exists()


def test_a_pid_file_that_names_a_stranger_is_cleared_and_the_stranger_lives(project):
    data = project.state / "servers" / "postgres"
    user = data.stat().st_uid
    with subprocess.Popen(["sleep", "60"], user=user if os.geteuid() == 0 else None) as stranger:
        pid_file = data / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{data}\n1\n5432\n{data.parent}/run\n\n 1 1\nready\n")
        os.chown(pid_file, user, -1)

        assert project.ask(sql("SELECT 1")) == "1"

        assert stranger.poll() is None
        stranger.kill()


def test_servers_without_a_watcher_are_ended_before_new_ones_start(project):
    orphans = project.start_orphans()

    assert project.ask(sql("SELECT 1")) == "1"

    assert [orphan.wait(5) is not None for orphan in orphans] == [True, True]


def test_a_killed_server_recovers(project):
    project.ask(sql("CREATE TABLE t (n int)"))
    kill = "import os; from pathlib import Path; os.kill(int(Path({!r}).read_text().split()[0]), 9)"
    pid_file = str(project.state / "servers/postgres/postmaster.pid")
    project.ask(sql("INSERT INTO t VALUES (42)") + kill.format(pid_file))

    assert project.ask(sql("SELECT n FROM t")) == "42"


def test_a_long_path_with_spaces_has_its_sockets_in_a_short_private_folder(project):
    project.variables["STATE_DIR"] = str(project.root / "a long name" / ("x" * 90))

    url = project.ask("import os; print(os.environ['DATABASE_URL'])")
    assert project.ask(sql("SELECT 1")) == "1"

    sockets = Path(url.partition("?host=")[2].partition("&")[0])
    assert sockets.parent == Path("/tmp")  # noqa: S108
    assert sockets.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(sockets)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
class TestUsers:
    def test_root_runs_the_servers_as_another_user(self, project):
        listing = project.finished("exec", "--", "ps", "-ww", "-eo", "user:20,args")

        lines = [line for line in listing.splitlines() if str(project.state) in line]
        servers = [line.split()[0] for line in lines if "watch.py" not in line]
        assert len(servers) == 2
        assert set(servers) <= {"postgres", "nobody"}

    def test_root_is_told_when_that_user_cannot_enter_the_folder(self, bare):
        closed = bare.root / "closed"
        closed.mkdir(mode=0o700)
        bare.variables["STATE_DIR"] = str(closed / "state")

        refusal = bare.finished("exec", "--", "true", code=1)

        assert "cannot enter" in refusal
        assert "STATE_DIR" in refusal

    def test_an_ordinary_user_needs_no_root_and_root_keeps_off(self, ordinary):
        assert ordinary.ask(sql("SELECT 1")) == "1"
        assert (ordinary.state / "servers").stat().st_uid == ordinary.user
        assert ordinary.state.stat().st_mode & 0o777 == 0o700

        ordinary.user = None
        refusal = ordinary.finished("exec", "--", "true", code=1)

        assert "another user" in refusal

    def test_a_user_without_a_name_is_told_so(self, ordinary):
        ordinary.user = max(entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid < 65000) + 1
        os.chown(ordinary.root, ordinary.user, -1)

        refusal = ordinary.finished("exec", "--", "true", code=1)

        assert "has no name here" in refusal
