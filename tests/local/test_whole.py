"""The real project under the launcher: what `make run` promises a person who has just cloned it."""

import json
import re
import sys
import urllib.request
from datetime import UTC, datetime

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")


def post(project, event, *, key):
    request = urllib.request.Request(
        f"{project.address}/api/v1/events",
        data=json.dumps(event).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["results"][0]["status"]


def test_first_start_takes_an_event_with_the_shown_key_and_kill_9_loses_nothing(whole):
    run = whole.started()
    key = re.search(r"ingest key +(\S+)", run.printed())[1]
    with urllib.request.urlopen(f"{whole.address}/readyz") as answer:
        assert json.load(answer)["ready"] is True
    event = {
        "id": "msg_first",
        "project": "support-bot",
        "occurred_at": datetime.now(UTC).isoformat(),
        "model": "claude-sonnet-4-6",
        "usage": {"input_tokens": 200, "output_tokens": 600},
    }
    assert post(whole, event, key=key) == "accepted"

    run.kill()
    whole.wait_until_nothing_runs()
    whole.started()

    assert post(whole, event, key=key) == "duplicate"
    verify = whole.launch(whole.python, "manage.py", "verify_spend")
    assert verify.end()[0] == 0, verify.printed()
