"""Scenarios over HTTP: made, changed, asked and archived; their figures add up and are nobody's fact."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from tenants.actions import create_key
from tests.billing.budgets import budget, spend

URL = "/api/v1/scenarios"
HALF = {"since": "2020-01-01", "per_cent": "-50"}


@pytest.fixture
def call(client, world):
    def ask(method, path="", data=None, key="manage"):
        headers = {"Authorization": f"Bearer {world.acme.keys[key]}"}
        body = (
            {} if data is None else {"data": json.dumps(data), "content_type": "application/json"}
        )
        return getattr(client, method)(URL + path, headers=headers, **body)

    return ask


def test_a_scenario_lives_over_http(call, client, world):
    made = call("post", data={"name": "Half", "prices": [HALF]})
    one = f"/{made.json()['id']}"
    again = call("post", data={"name": "Half"})
    wrong = call("post", data={"name": "x", "prices": [HALF, HALF | {"since": "soon"}]})
    changed = call("patch", one, {"growth": [{"per_cent": "5", "client": "globex"}]})
    read = call("get", one, key="read").json()
    listed = call("get", key="read").json()["scenarios"]
    gone = call("delete", one)

    assert (made.status_code, made.json()["prices"]) == (201, [HALF])
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    assert (wrong.status_code, wrong.json()["field"]) == (422, "prices.1.since")
    assert changed.json() == read
    assert (read["prices"], read["growth"]) == ([HALF], [{"per_cent": "5", "client": "globex"}])
    assert [each["name"] for each in listed] == ["Half"]
    assert (gone.status_code, call("get", one, key="read").json()["archived"]) == (204, True)
    assert call("get", key="read").json()["scenarios"] == []
    assert call("patch", one, {"name": "y"}).status_code == 404
    with world.acme.scope():
        bound = create_key(
            actor="t", name="b", scopes=["read"], project=world.acme.projects["support-bot"]
        )[1]
    headers = {"Authorization": f"Bearer {bound}"}
    assert client.get(URL + one, headers=headers).status_code == 404


def test_the_result_adds_up_and_is_half_of_what_is_to_come(call, world):
    made = call("post", data={"name": "Half", "prices": [HALF]}).json()
    result = f"/{made['id']}/result"
    assert call("get", result, key="read").json()["result"] is None

    for age in range(1, 15):
        at, project = (
            timezone.now() - timedelta(days=age),
            ("support-bot", "contract-agent")[age % 2],
        )
        spend(world.acme, "2", at=at, name=f"e-{age}", project=project)
    found = call("get", result, key="read").json()["result"]

    def sum_of(name, rows):
        return sum(Decimal(each[name]) for each in rows)

    assert len(found["months"]) == 13
    for part in ("month", "next_twelve_months"):
        for name in ("expected", "supposed"):
            parts = [each[part] for each in found["clients"]]
            assert sum_of(name, parts) == Decimal(found[part][name])
    for name in ("expected", "supposed"):
        assert sum_of(name, found["months"][1:]) == Decimal(found["next_twelve_months"][name])
    year, month = found["next_twelve_months"], found["month"]
    assert Decimal(year["supposed"]) * 2 == Decimal(year["expected"]) > 500
    spent = Decimal(month["spent"])
    assert (Decimal(month["supposed"]) - spent) * 2 == Decimal(month["expected"]) - spent


def test_budgets_tell_what_would_happen_where_it_is_asked_for(call, client, world):
    made = call("post", data={"name": "Half", "prices": [HALF]}).json()["id"]
    now = timezone.now()
    for age in range(10):
        spend(world.acme, "2", at=now - timedelta(days=age), name=f"e-{age}")
    days = {"since": now.date() - timedelta(days=9), "until": now.date() + timedelta(days=10)}
    one = budget(world.acme, amount=30, period="fixed", **days).pk
    headers = {"Authorization": f"Bearer {world.acme.keys['read']}"}

    plain = client.get("/api/v1/budgets", headers=headers).json()["budgets"][0]
    asked = client.get(f"/api/v1/budgets?scenario={made}", headers=headers).json()["budgets"][0]
    alone = client.get(f"/api/v1/budgets/{one}?scenario={made}", headers=headers).json()
    wrong = client.get("/api/v1/budgets?scenario=x", headers=headers)

    assert plain["supposed"] is None
    assert asked["supposed"] == alone["supposed"]
    expected, supposed = (Decimal(asked[each]["expected"]) for each in ("forecast", "supposed"))
    assert (supposed - 20) * 2 == expected - 20 > 10  # what is spent stays
    assert asked["forecast"]["exhausted_on"] < (asked["supposed"]["exhausted_on"] or "9999")
    assert {**asked, "supposed": None, "as_of": ""} == {**plain, "as_of": ""}
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unknown_scenario")
