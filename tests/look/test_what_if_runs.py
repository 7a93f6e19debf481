"""A question too long for a page: handed to a worker, watched, stopped, read on a page and over HTTP."""

import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from billing.insights.what_if_run import answer_a_day
from billing.web import what_if as page
from tests.factories import event
from tests.look.test_pages import MOST_QUERIES, queries_of, text_of

ASK = "?model=claude-haiku-5-5&range=7d"
URL = "/api/v1/what-if/runs"


@pytest.fixture
def ana(client, world):
    at = timezone.now() - timedelta(days=1)
    calls = [event(f"e-{n}", occurred_at=(at - timedelta(days=n)).isoformat()) for n in range(3)]
    world.acme.post(*calls)
    client.force_login(world.ana)
    return client


def work(company):
    more = True
    while more:
        with company.scope():
            more = answer_a_day(now=timezone.now())


def test_what_a_page_cannot_price_a_worker_does(ana, world, monkeypatch):
    monkeypatch.setattr(page, "PAGE_EVENTS", 1)
    short = ana.get("/t/acme/what-if/" + ASK)
    fields = dict(
        re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', short.content.decode())
    )

    asked = ana.post("/t/acme/what-if/ask/", fields)
    begun = ana.get(asked.url)
    ana.post(asked.url + "stop/")
    stopped = text_of(ana.get(asked.url))
    ana.post(asked.url + "resume/")
    work(world.acme)
    done = ana.get(asked.url)

    assert "Let a worker price every event" in text_of(short)
    assert asked.url.startswith("/t/acme/what-if/")
    assert "claude-haiku-5-5 instead" in text_of(begun)
    assert 'data-refresh="2"' in begun.content.decode()
    assert "Stopped" in stopped
    assert "3 events were priced one by one" in text_of(done)
    assert "Paid $0.05 3 events It would have been $0.00" in text_of(done)
    assert '<path class="s4"' in done.content.decode()
    assert "data-refresh" not in done.content.decode()
    assert len(queries_of(ana, asked.url)) <= MOST_QUERIES
    assert "claude-haiku-5-5 instead" in text_of(ana.get("/t/acme/what-if/"))
    assert len(queries_of(ana, "/t/acme/what-if/")) <= MOST_QUERIES
    nothing = ana.post("/t/acme/what-if/ask/", {"range": "7d"}, follow=True)
    assert "Ask for a change of something." in text_of(nothing)


def test_the_same_over_http(ana, world, client):
    headers = {"Authorization": f"Bearer {world.acme.keys['manage']}"}
    today = timezone.now().date()
    question = {
        "settings": {"model": "claude-haiku-5-5"},
        "since": (today - timedelta(days=7)).isoformat(),
        "until": (today + timedelta(days=1)).isoformat(),
    }

    def send(path="", data=None):
        body = json.dumps(data or {})
        return client.post(URL + path, body, content_type="application/json", headers=headers)

    made = send(data=question)
    one = f"/{made.json()['id']}"
    stopped, again = send(one + "/stop").json(), send(one + "/stop")
    resumed = send(one + "/resume").json()
    work(world.acme)
    read = {"Authorization": f"Bearer {world.acme.keys['read']}"}
    done = client.get(URL + one, headers=read).json()
    wrong = send(data=question | {"settings": {"per_cent": "x"}})
    backwards = send(data=question | {"until": "2020-01-01"})

    assert (made.status_code, made.json()["state"], made.json()["percent"]) == (201, "running", 0)
    assert (stopped["state"], again.status_code, again.json()["code"]) == (
        "stopped",
        409,
        "not_ready",
    )
    assert resumed["state"] == "running"
    assert (done["state"], done["answer"]["total"]["old"]) == ("done", "0.0468")
    assert done["answer"]["priced_one_by_one"] == 3
    assert [each["id"] for each in client.get(URL, headers=read).json()["runs"]] == [done["id"]]
    assert (wrong.status_code, wrong.json()["field"]) == (422, "per_cent")
    assert backwards.json()["code"] == "invalid_range"
