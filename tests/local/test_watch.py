"""The watcher: the pipe closes, the command ends, whatever it thinks of it."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

WATCH = Path(__file__).resolve().parents[2] / "costtrack" / "local" / "watch.py"
UP = """
import signal, sys, time
signal.signal(signal.SIGTERM, {handler})
print("up", flush=True)
time.sleep(60)
"""


def watched(code, *, grace="5"):
    command = [sys.executable, "-ISc", code]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", WATCH, "SIGTERM", grace, "-", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("code", "ends_with"), [("raise SystemExit(3)", 3), ("import os; os.abort()", 134)]
)
def test_exit_code_is_passed_on(code, ends_with):
    with watched(code) as watcher:
        assert watcher.wait(5) == ends_with


@pytest.mark.parametrize("wish", ["close the pipe", "terminate the watcher"])
def test_command_gets_its_stop_signal(wish):
    watcher = watched(UP.format(handler="lambda *_: sys.exit(5)"))
    assert watcher.stdout.readline() == "up\n"

    watcher.stdin.close() if wish == "close the pipe" else watcher.terminate()

    assert watcher.wait(5) == 5
    watcher.stdout.close()


def test_command_that_ignores_its_stop_signal_is_ended_after_the_grace():
    watcher = watched(UP.format(handler="signal.SIG_IGN"), grace="0.2")
    assert watcher.stdout.readline() == "up\n"
    began = time.monotonic()

    watcher.stdin.close()

    # on a busy machine the second signal may come before the first has ended it
    assert watcher.wait(5) in (128 + signal.SIGQUIT, 128 + signal.SIGKILL)
    assert time.monotonic() - began < 5
    watcher.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_grandchildren_do_not_stay():
    code = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, flush=True)"
    with watched(code) as watcher:
        grandchild = int(watcher.stdout.readline())
        watcher.wait(5)

    status = Path(f"/proc/{grandchild}/stat")
    assert (
        not status.exists() or status.read_text().split()[2] in "ZX"
    )  # gone, or dead and not yet reaped
