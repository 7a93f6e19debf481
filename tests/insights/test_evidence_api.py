"""What stands behind an insight, over the API: the same figures as on the pages, and answers from a program."""

import re
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from billing.flow.void import void
from billing.insights.night import look
from billing.models import InsightSum
from billing.models.insights import SumKind
from billing.money import total
from tenants.actions import create_key
from tenants.models import AuditEntry
from tests.api.conftest import Api
from tests.factories import event
from tests.insights.test_ranked import PAGE, URL, post_broken_talk
from tests.look.test_pages import text_of

SPAN = "range=30d"


@pytest.fixture
def acme(world):
    post_broken_talk(world.acme)
    return Api(world.acme)


def told(api, kind):
    return next(each for each in api.get(URL).json()["insights"] if each["kind"] == kind)


def test_the_breaks_behind_an_insight_add_up_to_it_by_cause_by_day_and_call_by_call(acme):
    insight = told(acme, "break")

    behind = acme.get(insight["evidence"]).json()

    (row,) = behind["rows"]
    assert (row["project"], row["label"]) == ("support-bot", "system_changed")
    assert row["saving"] == insight["monthly"]
    assert total(Decimal(each["wasted"]) for each in behind["by_day"]) == Decimal(
        insight["monthly"]
    )
    assert total(Decimal(each["wasted"]) for each in behind["calls"]) == Decimal(insight["monthly"])
    assert {each["id"] for each in behind["calls"]} == {f"b-{n}" for n in range(1, 6)}
    one = behind["calls"][0]
    assert acme.get(f"/api/v1/events/-/{one['id']}").status_code == 200


def test_every_insight_leads_to_what_stands_behind_it(acme):
    found = acme.get(URL).json()["insights"]

    assert len(found) > 1
    for each in found:
        behind = acme.get(each["evidence"])
        assert behind.status_code == 200, each
        assert "support-bot" in behind.content.decode(), each


def test_the_events_behind_a_long_prompt_are_those_and_no_others(acme, client, world):
    insight, page = told(acme, "trim"), "/t/acme/projects/support-bot/events/"
    client.force_login(world.ana)

    behind = acme.get(insight["evidence"]).json()["events"]

    assert "/api/v1/events?" in insight["evidence"]
    assert len(behind) == insight["events"]
    assert all(sum(list(each["tokens"].values())[:4]) > 50_000 for each in behind)
    for above, count in (("90100", 5), ("90099", 6), ("900000", 0)):
        shown = acme.get(f"/api/v1/events?project=support-bot&prompt_above={above}").json()[
            "events"
        ]
        text = text_of(client.get(f"{page}?prompt_above={above}"))
        assert len(shown) == count
        assert ("No event like that" in text) is (count == 0)
        assert f"Prompt tokens, more than: {above}" in text


WEEK = {  # (weekday, hour, minute) in Sofia: whether nobody is at work
    "mon-06-59": ((0, 6, 59), True),
    "mon-07-00": ((0, 7, 0), False),
    "fri-20-59": ((4, 20, 59), False),
    "fri-21-00": ((4, 21, 0), True),
    "sat-12-00": ((5, 12, 0), True),
    "sun-23-59": ((6, 23, 59), True),
}


def post_a_week(company):
    """Last week in three environments; one event of a Sunday has no price, one is taken back."""
    zone = ZoneInfo("Europe/Sofia")
    today = timezone.now().astimezone(zone).date()
    monday = datetime.combine(today - timedelta(days=today.weekday() + 7), time(), tzinfo=zone)
    usage = {"input_tokens": 150_000, "output_tokens": 100}

    def at(weekday, hour, minute):
        return (monday + timedelta(days=weekday)).replace(hour=hour, minute=minute).isoformat()

    def post(name, when, **more):
        company.post(event(name, occurred_at=at(*when), usage=usage, session="", **more))

    for name, (when, _) in WEEK.items():
        post(f"try-{name}", when, environment="Try & see")
        post(f"live-{name}", when, environment="Production")
        post(f"none-{name}", when)
    post("try-unpriced", (6, 1, 0), environment="Try & see", model="claude-opus-99")
    post("try-void", (6, 2, 0), environment="Try & see")
    company.fold()
    with company.scope():
        void("", "try-void", reason="twice", actor="test", now=timezone.now())
    company.fold()
    with company.scope():
        look(now=timezone.now(), within=timedelta(seconds=30))


def test_the_events_behind_idle_spend_are_those_of_idle_hours_and_no_others(client, world):
    post_a_week(world.acme)
    api, page = Api(world.acme), "/t/acme/projects/support-bot/events/"
    client.force_login(world.ana)

    insight = told(api, "idle")
    behind = api.get(insight["evidence"]).json()["events"]

    idle = {f"try-{name}" for name, (_, is_idle) in WEEK.items() if is_idle} | {"try-unpriced"}
    assert {each["id"] for each in behind} == idle
    assert len(behind) == insight["events"]
    costs = [Decimal(each["cost"]) for each in behind if each["cost"] is not None]
    assert total(costs) == Decimal(insight["monthly"]) == 4 * Decimal("0.4515")
    query = "?environment=Try%20%26%20see&amp;idle=yes"
    assert page + query in client.get(PAGE).content.decode()
    shown = client.get(page + query.replace("&amp;", "&")).content.decode()
    assert set(re.findall(r"(?:try|live|none)-[a-z0-9-]+", shown)) == idle
    assert (
        "try-sat-12-00"
        not in client.get(page + "?environment=production&idle=yes").content.decode()
    )


def test_a_filter_of_events_that_makes_no_sense_is_said(acme, client, world):
    client.force_login(world.ana)

    for name, value in (("prompt_above", "many"), ("idle", "perhaps")):
        answer = acme.get(f"/api/v1/events?{name}={value}")

        assert (answer.status_code, answer.json()["field"]) == (400, name)
        page = f"/t/acme/projects/support-bot/events/?{name}={value}"
        assert client.get(page).status_code == 404
    assert acme.get("/api/v1/events?environment=production").json()["events"] == []
    assert len(acme.get("/api/v1/events?environment=staging&task=t-1").json()["events"]) == 6


def test_tasks_bands_and_turns_are_those_of_the_page(acme, client, world):
    client.force_login(world.ana)
    page = text_of(client.get("/t/acme/insights/tasks/"))

    (tasks,) = acme.get(f"/api/v1/insights/tasks?{SPAN}").json()["projects"]
    bands = acme.get(f"/api/v1/insights/sums?{SPAN}&kind=band").json()["rows"]
    turns = acme.get(f"/api/v1/insights/sums?{SPAN}&kind=turn").json()["rows"]

    assert (tasks["tasks"], tasks["turns"], tasks["tool_calls"]) == (1, 6, 6)
    assert tasks["p50"] == tasks["p95"] == tasks["cost"] == tasks["dearest"][0]["cost"]
    assert tasks["dearest"][0]["task"] == "t-1"
    spent = acme.get("/api/v1/spend?range=7d").json()["total"]["cost"]
    for rows in (bands, turns):
        assert total(Decimal(each["cost"]) for each in rows) == Decimal(spent)
    assert "t-1" in page


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("breaks?cause=bad_luck", "cause"),
        ("sums", "kind"),
        ("sums?kind=everything", "kind"),
        ("tasks?projet=x", "projet"),
        ("breaks?range=fortnight", "range"),
    ],
)
def test_what_makes_no_sense_is_said(acme, path, field):
    answer = acme.get(f"/api/v1/insights/{path}")

    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_another_project_or_cause_shows_nothing_of_this_one(acme):
    for query in ("project=contract-agent", "project=nobody", "cause=tools_changed"):
        behind = acme.get(f"/api/v1/insights/breaks?{SPAN}&{query}").json()
        assert (behind["rows"], behind["by_day"], behind["calls"]) == ([], [], [])


def test_a_program_answers_an_insight_and_opens_it_again(acme, client, world):
    key = told(acme, "break")["key"]
    client.force_login(world.ana)

    said = acme.manage("POST", f"{URL}/answer", {"insight": key, "state": "done"})

    assert (said.status_code, said.json()["state"]) == (200, "done")
    assert told(acme, "break")["state"] == "done"
    assert "Done by key ct_" in text_of(client.get(PAGE))
    assert acme.manage("POST", f"{URL}/answer", {"insight": key, "state": ""}).status_code == 200
    assert told(acme, "break")["state"] == ""
    with world.acme.scope():
        assert AuditEntry.objects.filter(action="insight.answered").count() == 2


@pytest.mark.parametrize("insight", ["break:1:nothing", "", "x" * 400])
def test_what_is_no_insight_is_not_answered(acme, insight, world):
    answer = acme.manage("POST", f"{URL}/answer", {"insight": insight, "state": "done"})

    assert answer.status_code in {404, 422}
    with world.acme.scope():
        assert not AuditEntry.objects.filter(action="insight.answered").exists()


def test_a_key_of_one_project_reads_of_no_other(acme, world):
    with world.acme.scope():
        project = world.acme.projects["contract-agent"]
        _, secret = create_key(actor="test", name="bound", scopes=["read"], project=project)

    for path in (f"breaks?{SPAN}", f"tasks?{SPAN}", f"sums?{SPAN}&kind=band"):
        behind = acme.get(f"/api/v1/insights/{path}", key=secret)
        assert behind.status_code == 200
        assert "support-bot" not in behind.content.decode()
    assert acme.get(URL, key=secret).json()["insights"] == []


def test_the_page_of_breaks_draws_what_was_wasted_day_by_day(acme, client, world):
    client.force_login(world.ana)

    page = text_of(client.get("/t/acme/insights/breaks/"))

    assert "Wasted by day" in page
    assert "$1.66 in all; most on" in page


def test_pages_say_what_each_cut_and_the_other_lifetime_would_have_saved(acme, client, world):
    today = timezone.now().date()
    with world.acme.scope():
        project = world.acme.projects["support-bot"].pk
        for kind, label, detail, saving in (
            (SumKind.TRIM, "300000", "m", "3"),
            (SumKind.LIFETIME, "1h", "claude-x", "7.5"),
            (SumKind.LIFETIME, "5m", "claude-y", "-2"),
        ):
            InsightSum.objects.create(
                tenant_id=world.acme.tenant.pk,
                day=today,
                project_id=project,
                kind=kind,
                label=label,
                detail=detail,
                events=4,
                tokens=9,
                cost=Decimal(20),
                saving=Decimal(saving),
            )
    client.force_login(world.ana)

    tasks = text_of(client.get("/t/acme/insights/tasks/"))
    caching = text_of(client.get("/t/acme/insights/caching/?range=90d"))

    assert "300,000 4 $20.00 $3.00" in tasks.partition("Had prompts been cut")[2]
    lifetimes = caching.partition("With the other lifetime")[2]
    assert "claude-x an hour 4 $7.50" in lifetimes
    assert "claude-y five minutes 4 −$2.00" in lifetimes
