"""What is told of a month: sentences with dollars, ranked, answered; and silence where there is nothing."""

from datetime import timedelta
from decimal import Decimal

from django.db.models import Sum
from django.utils import timezone

from billing.insights.night import look
from billing.models import CacheBreak, InsightNote
from tenants.models import AuditEntry
from tests.factories import event
from tests.look.test_pages import text_of

PAGE, URL = "/t/acme/insights/", "/api/v1/insights"
SOON = timedelta(seconds=30)


def post_broken_talk(company):
    """A system prompt that changes each time, and a task of six calls; a staging call that can wait."""
    start = timezone.now() - timedelta(hours=5)
    events = []
    for turn in range(6):
        history = {"name": "history", "tokens": 1 + 3_000 * turn}
        system = {"name": "system", "tokens": 90_000, "fingerprint": f"at-{turn}"}
        events.append(
            event(
                f"b-{turn}",
                occurred_at=(start + timedelta(minutes=turn)).isoformat(),
                usage={
                    "input_tokens": 100,
                    "output_tokens": 500,
                    "cache_creation_input_tokens": 90_000 + 3_000 * turn,
                },
                session="s-1",
                task="t-1",
                tool_calls=1,
                environment="staging",
                components=[system, history],
            )
        )
    company.post(*events)
    company.fold()
    with company.scope():
        return look(now=timezone.now(), within=SOON)


def test_a_changing_system_prompt_is_told_with_its_dollars_answered_and_shown(client, world):
    post_broken_talk(world.acme)
    client.force_login(world.ana)
    read = {"Authorization": f"Bearer {world.acme.keys['read']}"}

    told = {each["kind"]: each for each in client.get(URL, headers=read).json()["insights"]}

    with world.acme.scope():
        wasted = CacheBreak.objects.aggregate(Sum("wasted"))["wasted__sum"]
    found = told["break"]
    assert Decimal(found["monthly"]) == wasted
    assert wasted == Decimal("0.00000345") * sum(90_000 + 3_000 * n for n in range(5))
    assert "5 calls of support-bot wrote to the cache again" in found["says"]
    assert "is there a timestamp" in found["fix"]
    assert "batch" not in told  # nobody has said that staging can wait
    said = text_of(client.get(PAGE))
    assert "since the system prompt had changed" in said and "$1.66" in said
    assert "the system prompt had changed" in text_of(client.get(PAGE + "breaks/"))
    assert "$1.66" in text_of(client.get(PAGE + "breaks/?project=support-bot"))
    tasks = text_of(client.get(PAGE + "tasks/"))
    assert "Tasks and prompts" in tasks and "6.0" in tasks and "50,000" in tasks

    waits = {"dimension": "environment", "value": "staging", "wait": "1"}
    assert client.post(PAGE + "patience/", waits).status_code == 302
    assert (
        client.post(PAGE + "answer/", {"insight": found["key"], "state": "done"}).status_code == 302
    )

    told = client.get(URL, headers=read).json()["insights"]
    batch = next(each for each in told if each["kind"] == "batch")
    assert told[-1]["key"] == found["key"] and told[-1]["state"] == "done"
    assert told[-1]["noted_by"] == "ana@acme.test"
    assert "6 calls of support-bot can wait" in batch["says"]
    assert "Done by ana@acme.test" in text_of(client.get(PAGE))
    with world.acme.scope():
        actions = set(AuditEntry.objects.values_list("action", flat=True))
        assert {"insight.answered", "insight.can_wait"} <= actions
    client.post(PAGE + "answer/", {"insight": found["key"], "state": ""})
    with world.acme.scope():
        assert not InsightNote.objects.exists()
    client.post(PAGE + "answer/", {"insight": found["key"], "state": "burnt"})
    with world.acme.scope():
        assert not InsightNote.objects.exists()


def test_cheap_and_unpriced_calls_make_no_insight(client, world):
    at = (timezone.now() - timedelta(hours=2)).isoformat()
    large = {"input_tokens": 900_000, "output_tokens": 1}
    world.acme.post(
        event("a", occurred_at=at, environment="staging", session="s"),
        event("b", occurred_at=at, model="claude-opus-99", usage=large, session="s"),
    )
    world.acme.fold()
    with world.acme.scope():
        look(now=timezone.now(), within=SOON)
    client.force_login(world.ana)

    client.force_login(world.bo)
    assert "Not looked at yet" in text_of(client.get("/t/brix/insights/"))
    client.force_login(world.ana)
    assert "Nothing would save a dollar" in text_of(client.get(PAGE))
    assert "No break was found" in text_of(client.get(PAGE + "breaks/"))
