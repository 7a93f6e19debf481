"""`python -m costtrack.local run`: starts, refuses, stops, survives kill -9."""

import os
import signal
import socket
import sys
import time
import urllib.request

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")

SHOW_URLS = "from costtrack.local import server_urls; print(*sorted(server_urls()))"


def test_first_run_tells_address_and_demo(served):
    project, run = served

    with urllib.request.urlopen(f"{project.address}/livez") as answer:
        assert answer.read() == b"alive"
    assert f"costtrack is ready: {project.address}\n" in run.printed()
    assert "Sign in as ana@example.com" in run.printed()
    assert (project.state / "demo.txt").stat().st_mode & 0o777 == 0o600


def test_second_start_is_refused_with_the_address_of_the_first(served):
    project, _ = served

    refusal = project.finished("run", code=1)

    assert f"already runs here: {project.address}" in refusal
    assert str(project.state) in refusal


def test_commands_beside_it_find_its_servers(served):
    project, _ = served

    assert project.outside(SHOW_URLS) == "DATABASE_URL KEY_RING REDIS_URL SECRET_KEY"
    assert "servers/run" in project.ask("import os; print(os.environ['DATABASE_URL'])")


def test_ctrl_c_leaves_nothing_and_a_later_run_does_not_seed_again(project):
    run = project.started()

    seconds = run.interrupt()

    assert project.processes() == {}
    assert seconds < 6
    assert run.process.returncode == 0
    assert project.outside(SHOW_URLS) == ""
    second = project.started()
    assert "Sign in as" not in second.printed()
    assert str(project.state / "demo.txt") in second.printed()


def test_kill_9_leaves_nothing_and_the_next_start_recovers(project):
    run = project.started()
    assert len(project.processes()) > 8

    run.kill()

    assert project.outside(SHOW_URLS) == ""
    project.wait_until_nothing_runs()
    assert project.started().interrupt() < 6


def test_kill_9_at_any_moment_of_the_first_start_leaves_nothing(bare):
    for moment in (0, 0.2, 0.8):
        run = bare.start("run")
        run.wait_for("Starting costtrack")
        time.sleep(moment)
        run.kill()
        bare.wait_until_nothing_runs()

    assert bare.ask("print('served')") == "served"


def test_kill_9_of_supervisor_and_watchers_leaves_nothing(project):
    run = project.started()
    watchers = [pid for pid, words in project.processes().items() if "watch.py" in words]
    assert len(watchers) == 5

    for pid in (run.process.pid, *watchers):
        os.kill(pid, signal.SIGKILL)

    project.wait_until_nothing_runs()
    project.started()


def test_a_crashed_program_is_started_again_and_the_terminal_says_so(project):
    run = project.started()
    is_web = "-m gunicorn"
    web = min(
        p for p, words in project.processes().items() if is_web in words and "watch.py" not in words
    )

    os.kill(web, signal.SIGKILL)

    run.wait_for("web is started again.")
    assert "web ended by itself (code 137)" in run.printed()


def test_a_taken_port_is_said_before_anything_starts(bare):
    with socket.socket() as other:
        other.bind(("127.0.0.1", bare.port))
        other.listen()

        refusal = bare.finished("run", code=1)

    assert f"PORT={bare.port + 1} make run" in refusal
    assert not (bare.state / "servers" / "postgres").exists()


def test_it_ends_when_make_was_killed(project):
    rule = f"run:\n\t@{project.python} -m costtrack.local run --with-parent\n"
    (project.root / "Makefile").write_text(rule)
    make = project.launch("make", "run")
    make.wait_for("Ctrl-C stops everything.")

    make.kill()

    project.wait_until_nothing_runs()
