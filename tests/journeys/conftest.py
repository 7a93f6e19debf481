"""A journey runs the product as people do: gunicorn, a Celery worker and Chromium as processes of their own."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import sync_playwright

from tests.keyring import KEY_RING

# Playwright keeps an event loop in this thread; Django would refuse the ORM beside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


def environment() -> dict[str, str]:
    """What a process needs to speak to the test database."""
    database = connection.settings_dict
    user = (
        f"{database['USER']}:{database['PASSWORD']}" if database["PASSWORD"] else database["USER"]
    )
    url = f"postgresql://{user}@/{database['NAME']}?host={database['HOST']}"
    if database["PORT"]:
        url += f"&port={database['PORT']}"
    return os.environ | {
        "DATABASE_URL": url,
        "REDIS_URL": settings.REDIS_URL,
        "SECRET_KEY": "a key for journeys",
        "KEY_RING": KEY_RING,
        "DATABASE_ROLE": "costtrack_app",
    }


@contextmanager
def process(*arguments: str):
    started = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(15)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


@pytest.fixture
def address(committed):
    """The address of a web server of two processes on the test database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    arguments = (
        "--workers",
        "2",
        "--threads",
        "4",
        "--worker-class",
        "gthread",
        "--no-control-socket",
    )
    with process("gunicorn", "costtrack.wsgi", "--bind", f"127.0.0.1:{port}", *arguments) as server:
        wait_for(lambda: answers(f"{base}/readyz"), process=server)
        yield base


@contextmanager
def worker():
    arguments = ("--pool", "prefork", "--concurrency", "1", "--loglevel", "warning")
    with process("celery", "-A", "costtrack", "worker", *arguments) as started:
        yield started


@pytest.fixture(scope="session")
def chromium():
    if not CHROMIUM:
        if os.environ.get("CHROMIUM_REQUIRED"):
            pytest.fail("Chromium is required here and not installed")
        pytest.skip("browser journeys want Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def browser(chromium, monkeypatch):
    """Chromium; whatever a journey does, nothing on its pages may be refused by the content security policy."""
    refused, open_one = [], chromium.new_context

    def note(message):
        if "Content Security Policy" in message.text:
            refused.append(message.text)

    def watched(**options):
        context = open_one(**options)
        context.on("console", note)
        return context

    monkeypatch.setattr(chromium, "new_context", watched)
    yield chromium
    assert refused == []


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def wait_for(condition, *, process=None, seconds=40):
    """Ask until it holds; fail when it does not in time, or when the process has ended."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        assert process is None or process.poll() is None, "the process has ended"
        time.sleep(0.1)
