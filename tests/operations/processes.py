"""The real web server on the database of the tests, and plain ways to talk to it."""

import http.client
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

from costtrack.local.run import GUNICORN
from tests.local.conftest import free_port

ROOT = Path(__file__).resolve().parents[2]


def database_url():
    url = urlsplit(settings.DATABASE_URL)
    return urlunsplit(url._replace(path="/" + connection.settings_dict["NAME"]))


@contextmanager
def gunicorn(application="costtrack.wsgi", **variables):
    """The real web server on the database of the tests; yields its port."""
    port = free_port()
    command = ["-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", *GUNICORN.split()]
    server = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database_url(), "SECRET_KEY": "set"} | variables,
    )
    try:
        yield port
    finally:
        server.terminate()
        server.wait(20)


def get(port, path, headers=None):
    """On a connection of its own, so that any worker may take it."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        link.request("GET", path, headers=headers or {})
        answer = link.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        link.close()


def wait_until(is_true, *, seconds=40):
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def garbage(port, text):
    """Send what is no request and read whatever comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        link.sendall(text.encode())
        while link.recv(4096):
            pass
