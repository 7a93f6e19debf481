"""What worker and web server write besides our own lines is JSON too, and no request is quoted in it."""

import io
import json
import logging
import os
import subprocess
import sys
import time

from billing import tasks
from costtrack.local.run import CELERY_WORKER
from costtrack.serving import JsonLine
from tests.factories import event
from tests.operations.processes import ROOT, database_url, garbage, get, gunicorn, wait_until
from tests.operations.test_logs import ADDRESS, PAYLOAD, assert_clean


def test_a_worker_logs_each_task_and_every_line_is_json(committed):
    """Celery sets up logging of its own unless it is told not to."""
    committed.acme.post(event())
    log = io.StringIO()
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "--app", "costtrack", "worker", *CELERY_WORKER.split()],
        cwd=ROOT,
        env=os.environ
        | {"DATABASE_URL": database_url(), "SECRET_KEY": "set", "PYTHONWARNINGS": "ignore"},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    try:
        tasks.sweep.delay()
        deadline = time.monotonic() + 40
        while '"folded"' not in log.getvalue():
            assert time.monotonic() < deadline
            log.write(worker.stderr.readline())
    finally:
        worker.terminate()
        log.write(worker.communicate(timeout=30)[1])

    said = [json.loads(each) for each in log.getvalue().splitlines()]
    by_event = {each["event"]: each for each in said}
    assert by_event["swept"]["task"] == "sweep"
    assert by_event["folded"]["tenant"] == committed.acme.tenant.pk
    assert by_event["folded"]["task_id"]


def test_a_request_that_cannot_be_read_is_a_line_without_it(transactional_db, capfd):
    with gunicorn() as port:
        wait_until(lambda: get(port, "/livez")[0] == 200)
        garbage(port, f"GET /{PAYLOAD} {ADDRESS}\r\nX: y\r\n\r\n")
        garbage(port, f"GET / HTTP/1.1\r\n{ADDRESS}: {PAYLOAD}\r\n\r\n")

    text = capfd.readouterr().err
    said = [json.loads(each) for each in text.splitlines()]
    assert [each["text"] for each in said if each["level"] == "warning"] == ["Invalid request"] * 2
    assert_clean(text, [PAYLOAD, ADDRESS, "ip="])


def test_an_exception_of_the_web_server_is_told_in_full_unless_it_is_about_a_request():
    def line(text, *args):
        try:
            raise ValueError(PAYLOAD)
        except ValueError:
            record = logging.LogRecord("gunicorn", 40, "", 1, text, args, sys.exc_info())
        return json.loads(JsonLine().format(record))

    assert line("Error handling request %s", f"/{ADDRESS}") | {"timestamp": ""} == {
        "event": "gunicorn",
        "text": "Error handling",
        "level": "error",
        "timestamp": "",
        "exception": "ValueError",
    }
    assert PAYLOAD in line("Exception in worker process")["exception"]
