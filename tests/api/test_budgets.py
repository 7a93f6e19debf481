"""Budgets over HTTP: set with somebody who answers for it, read where it stands, asked before spending."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.flow.channels import archive_channel, create_channel
from billing.flow.terms import add_terms
from billing.models import Budget, Markup
from billing.periods import today_in
from billing.reports.allow import allowed
from billing.reports.budgets import standings
from tenants.actions import create_key
from tenants.models import AuditEntry
from tests.api.conftest import assert_problem
from tests.billing.budgets import MODEL, budget, spend
from tests.factories import event

BUDGETS, ALLOW = "/api/v1/budgets", "/api/v1/allow"
GLOBEX = {
    "name": "Globex",
    "scope": {"client": "globex"},
    "amount": "1000",
    "period": "month",
    "owner": "ana@acme.test",
    "thresholds": [50, 80, 100],
    "forecast_thresholds": [100],
    "hard": False,
}


def made(api, **changes):
    answer = api.manage("POST", BUDGETS, GLOBEX | changes)
    assert answer.status_code == 201, answer.content
    return answer.json()


def without(field):
    return {name: value for name, value in GLOBEX.items() if name != field}


def test_a_budget_is_set_read_changed_and_archived(api):
    first = made(api)
    assert {name: first[name] for name in GLOBEX} == GLOBEX
    assert (first["version"], first["spent"], first["percent"]) == (1, "0", 0)
    assert first["remaining"] == "1000"
    address = f"{BUDGETS}/{first['id']}"
    same = api.get(address).json()
    assert same | {"as_of": first["as_of"]} == first

    changed = api.manage("PATCH", address, {"amount": "10.5", "hard": True})
    assert changed.status_code == 200
    assert (changed.json()["amount"], changed.json()["hard"], changed.json()["version"]) == (
        "10.5",
        True,
        2,
    )
    assert changed.json()["thresholds"] == [50, 80, 100]

    assert [each["name"] for each in api.get(BUDGETS).json()["budgets"]] == ["Globex"]
    for _ in range(2):
        assert api.manage("DELETE", address).status_code == 204
    assert api.get(BUDGETS).json()["budgets"] == []
    assert api.get(address).json()["archived"] is True
    assert_problem(api.manage("PATCH", address, {"amount": "1"}), 404, "not_found")
    with api.company.scope():
        entry = AuditEntry.objects.filter(action="budget.set").get()
        assert entry.actor_label.startswith("key ct_")


def test_it_says_where_the_budget_stands(api):
    now = timezone.now()
    spend(api.company, "812.40", name="a", at=now)
    api.verdicts(
        {
            "id": "u",
            "project": "support-bot",
            "occurred_at": now.isoformat(),
            "model": "claude-opus-9",
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
    )

    found = made(api)

    assert (found["spent"], found["remaining"], found["percent"]) == ("812.4", "187.6", 81)
    assert (found["unpriced_events"], found["next_threshold"]) == (1, 100)
    assert found["next_reset"] == found["period_until"]
    assert found["period_since"].endswith("-01")


@pytest.mark.parametrize(
    ("scope", "amount"),
    [
        ({}, "3"),
        ({"client": "initech"}, "2"),
        ({"project": "support-bot"}, "1"),
        ({"client": "globex", "model": "unheard-of"}, "0"),
    ],
)
def test_the_scope_is_what_is_counted_and_comes_back(api, scope, amount):
    now = timezone.now()
    spend(api.company, 1, name="a", at=now)
    spend(api.company, 2, name="b", at=now, project="contract-agent")

    found = made(api, scope=scope)

    assert (found["scope"], found["spent"]) == (scope, amount)


def test_everything_that_can_be_said_comes_back(api):
    said = {
        "period": "week",
        "starts_on": 7,
        "basis": "cost",
        "deputy": None,
        "thresholds": [100, 120],
        "escalate_after_hours": None,
        "shared_with_client": True,
    }

    found = made(api, **said)

    assert {name: found[name] for name in said} == said
    fixed = made(api, name="sprint", period="fixed", since="2026-11-02", until="2026-11-16")
    assert (fixed["since"], fixed["until"], fixed["next_reset"]) == (
        "2026-11-02",
        "2026-11-16",
        None,
    )


def test_channels_are_chosen_read_changed_and_given_up(api, brix):
    with api.company.scope():
        slack, pager = (
            create_channel(
                actor="test", kind="email", name=name, target=f"{name}@acme.test"
            ).channel
            for name in ("slack", "pager")
        )
        project = api.company.projects["support-bot"]
        bound = create_key(actor="test", name="bot", scopes=["read"], project=project)[1]
    with brix.company.scope():
        foreign = create_channel(
            actor="test", kind="email", name="theirs", target="bo@brix.test"
        ).channel
    plain = made(api, name="plain", scope={"project": "support-bot"})
    first = made(api, channels=[pager.pk, slack.pk, slack.pk])
    address = f"{BUDGETS}/{first['id']}"

    assert (plain["channels"], first["channels"]) == ([], [slack.pk, pager.pk])
    assert api.manage("PATCH", address, {"amount": "5"}).json()["channels"] == [slack.pk, pager.pk]
    assert api.manage("PATCH", address, {"channels": [pager.pk]}).json()["version"] == 2
    for wrong in (foreign.pk, 2**63 - 1):
        answer = api.manage("PATCH", address, {"channels": [slack.pk, wrong], "amount": "6"})
        assert_problem(answer, 422, "unknown_channel", field="channels")
    for wrong in (0, 2**63, "x", None):
        answer = api.manage("PATCH", address, {"channels": [wrong]})
        assert answer.status_code == 422, answer.content
    with api.company.scope():
        archive_channel(slack, actor="test", now=timezone.now())
    answer = api.manage("POST", BUDGETS, GLOBEX | {"name": "new", "channels": [slack.pk]})
    assert_problem(answer, 422, "unknown_channel", field="channels")
    listed = {each["name"]: each for each in api.get(BUDGETS).json()["budgets"]}
    assert {name: each["channels"] for name, each in listed.items()} == {
        "Globex": [pager.pk],
        "plain": [],
    }
    assert listed["Globex"]["amount"] == "5"
    assert api.manage("PATCH", address, {"channels": []}).json()["channels"] == []

    (seen,) = api.get(BUDGETS, key=bound).json()["budgets"]
    assert (seen["name"], seen["channels"]) == ("plain", None)
    with api.company.scope():
        entry = AuditEntry.objects.filter(action="budget.channels").first()
        assert (entry.subject, entry.before) == ("Globex", {"channels": [pager.pk]})


def test_without_an_owner_there_is_no_budget(api):
    for body in (without("owner"), GLOBEX | {"owner": ""}, GLOBEX | {"owner": None}):
        assert_problem(api.manage("POST", BUDGETS, body), 422, "missing_field", field="owner")
    for person in ("sam@nowhere.test", "bo@brix.test", "nobody@acme.test", "vik@globex.test"):
        answer = api.manage("POST", BUDGETS, GLOBEX | {"owner": person})
        assert_problem(answer, 422, "unknown_member", field="owner")

    with api.company.scope():
        assert not Budget.objects.exists()


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"amount": "0"}, "invalid_field", "amount"),
        ({"amount": "-5"}, "invalid_field", "amount"),
        ({"amount": "NaN"}, "invalid_field", "amount"),
        ({"amount": "1e3"}, "invalid_field", "amount"),
        ({"amount": "1" * 21}, "invalid_field", "amount"),
        ({"amount": ""}, "missing_field", "amount"),
        ({"period": "year"}, "invalid_choice", "period"),
        ({"period": "fixed"}, "invalid_field", "since"),
        ({"thresholds": []}, "invalid_field", "thresholds"),
        ({"thresholds": [10**30]}, "invalid_field", "thresholds"),
        ({"starts_on": 2**40}, "invalid_field", "starts_on"),
        ({"scope": {"client": "nope"}}, "unknown_client", "scope.client"),
        ({"scope": {"project": "nope"}}, "unknown_project", "scope.project"),
        ({"scope": {"client": "globex", "project": "support-bot"}}, "invalid_field", "scope"),
        ({"scope": {}, "shared_with_client": True}, "invalid_field", "shared_with_client"),
        ({"name": " "}, "missing_field", "name"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_name(api, change, code, field):
    answer = api.manage("POST", BUDGETS, GLOBEX | change)

    assert answer.status_code == 422, answer.content
    assert (answer.json()["code"], answer.json()["field"]) == (code, field)


def test_a_name_is_taken_once(api):
    made(api)

    assert_problem(api.manage("POST", BUDGETS, GLOBEX), 409, "already_exists", field="name")


# --- may I spend?


def ask(api, query="project=support-bot&estimate=0.25", **how):
    answer = api.get(f"{ALLOW}?{query}", **how)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_without_a_hard_budget_everything_is_allowed(api):
    budget(api.company, amount="0.01")
    spend(api.company, 5, at=timezone.now())

    found = ask(api)

    assert (found["allow"], found["budget"], found["remaining"]) == (True, None, None)
    assert found["as_of"]


def test_the_strictest_hard_budget_around_the_project_decides(api):
    for name, changes in {
        "everything": {"client": None, "amount": 100},
        "the client": {"amount": 10},
        "the project": {"project": "support-bot", "amount": 50},
        "the other client": {"client": "initech", "amount": 1},
        "soft": {"amount": "0.01", "hard": False},
    }.items():
        budget(api.company, name=name, **({"hard": True} | changes))
    spend(api.company, "9.70", at=timezone.now())

    found = ask(api)
    assert (found["allow"], found["budget"], found["remaining"]) == (True, "the client", "0.3")
    assert ask(api, "project=support-bot&estimate=0.3")["allow"] is True
    assert ask(api, "project=support-bot&estimate=0.300000001")["allow"] is False
    assert ask(api, "project=contract-agent")["budget"] == "the other client"


def test_every_kind_of_hard_budget_has_the_same_left_as_on_its_page(api):
    """The answer reads days of projects where it can; the list of budgets adds up in another way."""
    named = {"model": MODEL, "feature": "chat", "environment": "production"}
    with api.company.scope():
        globex = api.company.clients["globex"]
        add_terms(
            Markup(client_id=globex.pk, percent=Decimal(25)), actor="test", now=timezone.now()
        )
    kinds = [
        *({"client": None, "period": each} for each in ("day", "week", "month", "quarter")),
        {"period": "month", "starts_on": 31},
        {"basis": "billed"},
        {"project": "support-bot", "period": "week", "starts_on": 4},
        *({"project": "support-bot", name: value} for name, value in named.items()),
        named | {"client": None, "basis": "billed"},
    ]
    for number, kind in enumerate(kinds):
        budget(api.company, name=f"b-{number}", hard=True, amount=1000, **kind)
    now, called = timezone.now(), {"feature": "chat", "environment": "production"}
    for days in (0, 1, 2, 5, 6, 20, 40):
        spend(api.company, "0.07", at=now - timedelta(days=days), name=f"{days}", now=now, **called)
        spend(api.company, "0.02", at=now - timedelta(days=days), name=f"other-{days}", now=now)
        if days % 2:
            api.company.fold()
    api.company.post(event("unpriced", model="claude-opus-9", occurred_at=now.isoformat()))

    with api.company.scope():
        found, queries = {}, []
        for each in Budget.objects.all():
            Budget.objects.update(hard=False)
            Budget.objects.filter(pk=each.pk).update(hard=True)
            with CaptureQueriesContext(connection) as captured:
                answer = allowed("support-bot", estimate=Decimal(1), now=now, **named)
            queries.append(len(captured))
            assert answer and answer.decides
            found[each.pk] = answer.decides.used
        budgets = Budget.objects.all()
        today = today_in(api.company.tenant.timezone, now=now)
        expected = {each.budget.pk: each.used for each in standings(budgets, today=today)}
        Budget.objects.update(hard=True)
        with CaptureQueriesContext(connection) as captured:
            allowed("support-bot", estimate=Decimal(1), now=now, **named)

    assert found == expected
    assert len({each.spent for each in found.values()}) > 4
    assert {*queries, len(captured)} == {2}


@pytest.mark.parametrize("folded", [False, True])
def test_it_is_answered_from_rollup_and_journal(api, folded):
    budget(api.company, amount=1, hard=True)
    assert ask(api)["allow"] is True

    spend(api.company, 1, at=timezone.now())
    if folded:
        api.company.fold()

    found = ask(api, "project=support-bot")
    assert (found["allow"], found["remaining"]) == (False, "0")


def test_a_budget_of_one_model_is_for_calls_that_name_it(api):
    budget(api.company, amount=1, hard=True, model="claude-haiku-4-5")
    spend(api.company, 2, at=timezone.now())

    assert ask(api, "project=support-bot&model=claude-haiku-4-5")["allow"] is False
    assert ask(api, "project=support-bot&model=claude-opus-5")["allow"] is True
    assert ask(api, "project=support-bot")["allow"] is True


def test_a_fixed_budget_counts_between_its_dates_only(api):
    today = timezone.now().date()
    past = {"since": today - timedelta(days=20), "until": today - timedelta(days=10)}
    budget(api.company, amount=1, hard=True, period="fixed", **past)
    spend(api.company, 2, at=timezone.now() - timedelta(days=15))

    assert ask(api)["allow"] is True


def test_a_key_of_a_project_learns_the_answer_and_no_figures_of_what_is_around_it(api):
    budget(api.company, name="the client", amount=10, hard=True)
    with api.company.scope():
        project = api.company.projects["support-bot"]
        key = create_key(actor="test", name="bot", scopes=["read"], project=project)[1]
    assert ask(api, "", key=key)["budget"] is None
    spend(api.company, 10, at=timezone.now())

    found = ask(api, "", key=key)

    assert (found["allow"], found["budget"], found["remaining"]) == (False, None, None)
    assert api.get(BUDGETS, key=key).json() == {"budgets": []}
    assert api.get(f"{ALLOW}?project=contract-agent", key=key).status_code == 404


def test_questions_that_make_no_sense_are_refused(api):
    for query, status, code, field in [
        ("", 422, "missing_field", "project"),
        ("project=nope", 404, "not_found", None),
        ("project=support-bot&estimate=abc", 422, "invalid_field", "estimate"),
        ("project=support-bot&estimate=-1", 422, "invalid_field", "estimate"),
        ("project=support-bot&estimat=1", 400, "unknown_parameter", "estimat"),
    ]:
        assert_problem(api.get(f"{ALLOW}?{query}"), status, code, field=field)


def test_what_remains_is_exact(api):
    budget(api.company, amount=Decimal("0.123456789012345678"), hard=True)

    assert ask(api, "project=support-bot")["remaining"] == "0.123456789012345678"
