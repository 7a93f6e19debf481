"""A project's plan: a kept calculation beside what the calls cost, with the reasons for the difference."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing.insights.night import look
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

    assert "Planned per turn $0.0501 1 call" in text
    assert "Planned per month $1.00 20 calls" in text
    assert "Paid per turn $0.0401 no task is named: 1 call, as planned" in text
    assert "33% of the calls went to another model" in text
    assert "Less of the prompt is read from the cache than planned: 33% instead of 50%." in text
    assert "Answers are longer than planned: 1,000 tokens a call instead of 600." in text
    assert "Fewer calls than planned: 3 instead of 20." in text
    assert "Prompts are" not in text
    assert "Response and tool requests $0.0090 $0.0110 $0.18 $0.03" in text
    assert len(queries) <= MOST_QUERIES, queries


def test_a_turn_is_a_task_with_the_calls_of_its_tools(ana, world):
    """One task of three calls, one of a single one, one with a call that has no price, which says nothing."""
    keep(ana, "turns=10&tool_calls=1&conversations=10")
    at = (timezone.now() - timedelta(hours=1)).isoformat()
    tasks = {"a": "t-1", "b": "t-1", "c": "t-1", "d": "t-2", "e": "t-3", "f": "t-3"}
    world.acme.post(
        *(
            event(name, occurred_at=at, task=task, components=PARTS)
            | ({"model": "opus-9"} if name == "f" else {})
            for name, task in tasks.items()
        )
    )
    world.acme.fold()
    with world.acme.scope():
        look(now=timezone.now(), within=timedelta(minutes=1), again_after=timedelta())

    text = text_of(ana.get(PAGE))

    # four calls of $0.0156 in two tasks; planned are two calls of a turn
    assert "Paid per turn $0.0312 2 tasks in 4 calls" in text
    assert "A turn takes" not in text
    assert "Response and tool requests $0.0105 $0.0180 $1.05 $0.04" in text
    assert "The part “response” costs more than planned: $0.0180 a turn instead of $0.0105." in text
    keep(ana, "turns=10&conversations=10")
    assert "A turn takes more calls than planned: 2.0 instead of 1." in text_of(ana.get(PAGE))


def test_small_differences_days_before_and_what_has_no_price_are_no_reason(ana, world):
    """A prompt that is four per cent longer; a call of another month; one without a price."""
    keep(ana, "turns=2&conversations=1&gap=600&lifetime=1h&cached=nothing")
    now = timezone.now()
    usage = {"input_tokens": 21_000, "output_tokens": 610}
    world.acme.post(
        event("a", occurred_at=(now - timedelta(hours=1)).isoformat(), usage=usage),
        event("old", occurred_at=(now - timedelta(days=33)).isoformat()),
        event("b", occurred_at=(now - timedelta(hours=1)).isoformat(), usage=usage, model="opus-9"),
    )

    text = text_of(ana.get(PAGE))

    assert "Paid per turn $0.0722 no task is named" in text
    assert "≥ $0.07 2 calls" in text
    assert "Prompts are" not in text
    assert "Answers are" not in text
    assert "Fewer calls" not in text


def test_the_page_of_the_project_says_what_is_planned(ana, world, client):
    world.acme.post(event("a", occurred_at=(timezone.now() - timedelta(hours=1)).isoformat()))
    assert "Planned" not in text_of(ana.get(PAGE.removesuffix("plan/")))

    keep(ana, "turns=2&conversations=10")

    assert "Planned: $1.00 a month, version 1" in text_of(ana.get(PAGE.removesuffix("plan/")))
    assert len(queries_of(ana, PAGE.removesuffix("plan/"))) <= MOST_QUERIES
    client.force_login(world.vik)
    assert "Planned" not in text_of(client.get(PAGE.removesuffix("plan/")))


def test_without_calls_nothing_is_compared(ana, world):
    keep(ana, "model=claude-opus-9")

    text = text_of(ana.get(PAGE))

    assert "No calls in these days yet" in text
    assert "claude-opus-9 has no price today" in text
