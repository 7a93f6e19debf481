"""The start page: steps tick by what the database holds, its lines work as they stand, its key shows once."""

import html
import json
import re
import sys
from types import SimpleNamespace

import pytest
from django.utils import timezone

from tenants.actions import archive
from tenants.models import ApiKey
from tests.billing.budgets import budget
from tests.factories import COST, USAGE, event
from tests.look.test_pages import ana, queries_of, text_of  # noqa: F401

START = "/t/acme/start/"


def snippets(page):
    found = re.findall(r"<pre[^>]*><code>(.*?)</code>", page.content.decode(), re.S)
    return [html.unescape(each) for each in found]


def done(page):
    """The headings that are ticked."""
    return re.findall(r'class="stack done">\s*<h[23]>([^<]+)<', page.content.decode())


def test_steps_tick_by_what_there_is_and_nothing_is_remembered(ana, world):  # noqa: F811
    acme = world.acme
    assert done(ana.get(START)) == ["There is a project", "A key may send events"]

    with acme.scope():
        for project in acme.projects.values():
            archive(project, actor="test", now=timezone.now())
        ApiKey.objects.update(revoked_at=timezone.now())
    waiting = ana.get(START)
    acme.keys["ingest"] = re.search(r"ct_[\w-]{51}", ana.post(START).content.decode()).group()
    acme.post(event())
    budget(acme)
    arrived = ana.get(START)

    assert done(waiting) == []
    assert "Waiting for the first event" in text_of(waiting)
    assert 'id="arrived" data-refresh="3"' in waiting.content.decode()
    assert "data-refresh" not in arrived.content.decode()
    assert f"claude-sonnet-4-6 in support-bot, ${COST}" in text_of(arrived)
    assert done(arrived) == [
        "A key may send events",
        "Post what the model answered",
        "There is a budget",
        "A client is invited",
    ]


def test_lines_to_paste_are_accepted_as_they_stand(ana, world, monkeypatch, client):  # noqa: F811
    """curl and Python; the journey of the first event runs the third in a browser."""
    curl, python, _ = snippets(ana.post(START))
    secret = re.match(r"export COSTTRACK_KEY=(ct_\S+)\n", curl).group(1)
    sent = []

    def post(url, *, json, headers):
        answer = client.post(url, json, content_type="application/json", headers=headers)
        sent.append(answer.json())
        return SimpleNamespace(raise_for_status=lambda: None)

    body = re.search(r"-d '(.*)'$", curl, re.S).group(1)
    bearer = {"Authorization": f"Bearer {secret}"}
    post("http://testserver/api/v1/events", json=json.loads(body), headers=bearer)
    usage = SimpleNamespace(model_dump=lambda: USAGE | {"server_tool_use": None})
    answered = {"id": "msg_1", "model": "claude-sonnet-4-6", "stop_reason": "end_turn"}
    monkeypatch.setenv("COSTTRACK_KEY", secret)
    monkeypatch.setitem(sys.modules, "httpx", SimpleNamespace(post=post))
    exec(python, {"response": SimpleNamespace(**answered, usage=usage)})  # noqa: S102  what people run

    assert [each["results"][0]["cost"] for each in sent] == [COST, COST]


def test_secret_is_in_the_answer_that_made_it_and_a_reload_makes_no_second_key(ana, world):  # noqa: F811
    form = {"csrfmiddlewaretoken": "as drawn"}
    made, again = ana.post(START, form), ana.post(START, form)

    secret = re.search(r"ct_[\w-]{51}", made.content.decode()).group()
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.content.decode().count(secret) == 4  # shown, and in three languages
    assert secret not in again.content.decode() + ana.get(START).content.decode()
    with world.acme.scope():
        key = ApiKey.objects.get(name="first application")
    assert (key.scopes, key.project) == (["ingest"], None)


@pytest.mark.parametrize(
    "path", ["/t/acme/", "/t/acme/clients/globex/", "/t/acme/projects/support-bot/"]
)
def test_an_empty_page_leads_to_the_start_page(ana, path):  # noqa: F811
    assert f'href="{START}"' in ana.get(path).content.decode()
