"""A project's plan: a kept calculation beside what the calls cost, with the reasons for the difference."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing.models import ProjectPlan
from tenants.models import AuditEntry
from tests.factories import event
from tests.look.test_pages import MOST_QUERIES, queries_of, text_of

PAGE = "/t/acme/projects/support-bot/plan/"
SAVE = "/t/acme/calculator/save/"
PARTS = [
    {"name": "system", "tokens": 8_000},
    {"name": "context", "tokens": 12_000},
    {"name": "user", "tokens": 200},
]


@pytest.fixture
def ana(client, world):
    client.force_login(world.ana)
    return client


def keep(ana, plan="turns=2&conversations=10"):
    return ana.post(SAVE, {"project": "support-bot", "plan": plan})


def test_a_calculation_is_kept_as_the_next_version(ana, world):
    assert "No plan yet" in text_of(ana.get(PAGE))
    assert 'value="support-bot"' in ana.get("/t/acme/calculator/").content.decode()

    first = keep(ana)
    keep(ana, "turns=3&model=claude-haiku-4-5")
    refused = keep(ana, "turns=0")

    assert (first.status_code, first.url) == (302, PAGE)
    assert refused.url == "/t/acme/calculator/"
    with world.acme.scope():
        newest, oldest = ProjectPlan.objects.all()
        told = AuditEntry.objects.filter(action="plan.set").count()
    assert (newest.number, newest.model_names, newest.settings["turns"]) == (
        2,
        ["claude-haiku-4-5"],
        "3",
    )
    assert (oldest.settings["conversations"], oldest.made_by) == ("10", "ana@acme.test")
    assert told == 2
    assert "Version 2 by ana@acme.test" in text_of(ana.get(PAGE))
    assert ana.post(SAVE, {"project": "secret-brix", "plan": ""}).status_code == 404


def test_the_plan_stands_beside_what_the_calls_cost(ana, world):
    keep(ana)
    at = (timezone.now() - timedelta(hours=1)).isoformat()
    cold = {"input_tokens": 20_200, "output_tokens": 1_200}
    world.acme.post(
        event("a", occurred_at=at, components=PARTS),
        event("b", occurred_at=at, usage=cold, components=PARTS),
        event("c", occurred_at=at, model="claude-haiku-4-5", usage=cold, components=PARTS),
    )
    world.acme.fold()

    text, queries = text_of(ana.get(PAGE)), queries_of(ana, PAGE)

    assert "Planned per call $0.0501" in text
    assert "Planned per month $1.00 20 calls" in text
    assert "Paid per call $0.0401" in text
    assert "33% of the calls went to another model" in text
    assert "Less of the prompt is read from the cache than planned: 33% instead of 50%." in text
    assert "Answers are longer than planned: 1,000 tokens a call instead of 600." in text
    assert "Fewer calls than planned: 3 instead of 20." in text
    assert "Prompts are" not in text
    assert "Response and tool requests $0.0090 $0.0110" in text
    assert len(queries) <= MOST_QUERIES, queries


def test_without_calls_nothing_is_compared(ana, world):
    keep(ana, "model=claude-opus-9")

    text = text_of(ana.get(PAGE))

    assert "No calls in these days yet" in text
    assert "claude-opus-9 has no price today" in text
