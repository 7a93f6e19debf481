"""The price book over HTTP: read it, agree on prices, discounts, mark-ups, end them; what has no price."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.api.terms import utc_today
from billing.models import AgreedPrice, Discount, Markup, PriceRow
from billing.money import TOKEN_CLASSES, amount
from tenants.actions import create_key
from tenants.models import AuditEntry
from tests.api.conftest import assert_problem
from tests.factories import MODEL, event

PRICES, DISCOUNTS, UNPRICED = "/api/v1/prices", "/api/v1/discounts", "/api/v1/unpriced"
MARKUPS = "/api/v1/clients/globex/markups"
RATES = dict(zip(TOKEN_CLASSES, ("2", "2.5", "4", "0.2", "10", "9000"), strict=True))
AGREED = {"model": MODEL, "source": "contract of May"} | RATES


def made(api, path=PRICES, body=AGREED, **changes):
    answer = api.manage("POST", path, body | changes)
    assert answer.status_code == 201, answer.content
    return answer.json()


def listed(api, query=""):
    answer = api.get(f"{PRICES}?{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()["prices"]


def test_the_book_of_today_has_every_row_of_the_list_that_is_valid(api):
    today = utc_today()

    found = listed(api)

    valid = [
        row
        for row in PriceRow.objects.all()
        if (not row.since or row.since <= today) and (not row.until or today < row.until)
    ]
    assert {each["id"] for each in found} == {str(row.pk) for row in valid}
    assert {(each["kind"], each["counts"]) for each in found} == {("list", True)}
    (sonnet,) = listed(api, f"provider=anthropic&model={MODEL}")
    assert (sonnet["input"], sonnet["output"], sonnet["web_search"]) == ("3", "15", "10000")
    assert (sonnet["batch_multiplier"], sonnet["added_by"], sonnet["closed_at"]) == (
        "0.5",
        "",
        None,
    )


def test_a_model_is_found_by_its_name_or_an_alias_and_never_by_a_beginning(api):
    alias = "claude-opus-4-5-20251101"

    assert {each["model"] for each in listed(api, f"model={alias}")} == {"claude-opus-4-5"}
    assert alias in listed(api, "model=claude-opus-4-5")[0]["aliases"]
    assert listed(api, "model=claude-opus") == []
    assert listed(api, "provider=nobody") == []


def test_an_agreed_price_stands_before_the_list_and_says_who_agreed(api):
    row = made(api, note="two years")

    assert {name: row[name] for name in RATES} == RATES
    assert (row["kind"], row["counts"], row["source"]) == ("agreed", True, "contract of May")
    assert row["added_by"].startswith("key ct_")
    assert row["checked_on"] == utc_today().isoformat()
    assert {each["kind"]: each["counts"] for each in listed(api, f"model={MODEL}")} == {
        "list": False,
        "agreed": True,
    }
    assert api.get(f"{PRICES}/{row['id']}").json() == row
    verdict = api.verdicts(event())[0]
    assert verdict["cost"] == "0.0104"
    with api.company.scope():
        assert AuditEntry.objects.filter(action="price.added").exists()


def test_a_row_ends_once_and_a_new_one_ends_the_open_one(api):
    first = made(api, since="2026-01-01")
    second = made(api, since="2026-06-01", input="1.5")
    closed = api.get(f"{PRICES}/{first['id']}").json()
    assert (closed["until"], closed["closed_by"]) == ("2026-06-01", first["added_by"])
    assert closed["closed_at"]

    answer = api.manage("POST", f"{PRICES}/{second['id']}/close", {"until": "2026-07-01"})

    assert (answer.status_code, answer.json()["until"]) == (200, "2026-07-01")
    again = api.manage("POST", f"{PRICES}/{second['id']}/close", {"until": "2026-08-01"})
    assert_problem(again, 409, "already_closed", field="until")
    history = listed(api, f"model={MODEL}&on=all")
    assert [each["kind"] for each in history] == ["agreed", "agreed", "list", "list"]
    assert [each["kind"] for each in listed(api, f"model={MODEL}&on=2026-06-30")] == [
        "agreed",
        "list",
    ]
    assert [each["counts"] for each in listed(api, f"model={MODEL}")] == [True]


def test_rows_of_the_list_are_nobodys_to_close(api):
    row = PriceRow.objects.first()

    answer = api.manage("POST", f"{PRICES}/{row.pk}/close", {"until": "2026-07-01"})

    assert_problem(answer, 409, "list_price")
    nobody = api.manage("POST", f"{PRICES}/999999/close", {"until": "2026-07-01"})
    assert_problem(nobody, 404, "not_found")


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "field"),
    [
        (PRICES, AGREED | {"untill": "2026-01-01"}, 400, "unknown_field", "untill"),
        (DISCOUNTS, {"percent": "5", "modell": MODEL}, 400, "unknown_field", "modell"),
        (MARKUPS, {"percent": "5", "client": "globex"}, 400, "unknown_field", "client"),
        (PRICES, {"model": MODEL, "source": "x"}, 422, "missing_field", "input"),
        (PRICES, AGREED | {"source": ""}, 422, "missing_field", "source"),
        (PRICES, AGREED | {"input": "1e3"}, 422, "invalid_field", "input"),
        (PRICES, AGREED | {"input": "-1"}, 422, "invalid_field", None),
        (PRICES, AGREED | {"output": "0.0000001"}, 422, "invalid_field", "output"),
        (PRICES, AGREED | {"speed": "slow"}, 422, "invalid_choice", "speed"),
        (PRICES, AGREED | {"since": "2026-02-30"}, 422, "invalid_field", "since"),
        (PRICES, AGREED | {"since": "2026-02-02", "until": "2026-02-02"}, 422, "invalid_field", "until"),
        (DISCOUNTS, {"percent": "0"}, 422, "invalid_field", None),
        (DISCOUNTS, {"percent": "NaN"}, 422, "invalid_field", "percent"),
        (MARKUPS, {"percent": "1001"}, 422, "invalid_field", None),
        (PRICES, [], 422, "invalid_field", None),
    ],
)  # fmt: skip
def test_what_makes_no_price_is_refused_with_its_name(api, path, body, status, code, field):
    answer = api.manage("POST", path, body)

    assert answer.status_code == status, answer.content
    assert (answer.json()["code"], answer.json().get("field")) == (code, field)
    with api.company.scope():
        for model in (AgreedPrice, Discount, Markup):
            assert not model.objects.exists()


def test_days_that_are_taken_are_a_conflict(api):
    made(api, since="2026-01-01", until="2026-03-01")

    answer = api.manage("POST", PRICES, AGREED | {"since": "2026-02-01"})

    assert_problem(answer, 409, "overlapping_terms", field="since")


def test_discounts_are_added_read_and_closed(api):
    row = made(api, DISCOUNTS, {"percent": "12.5", "model": MODEL})

    assert (row["provider"], row["percent"], row["until"]) == ("anthropic", "12.5", None)
    assert api.verdicts(event())[0]["cost"] == "0.01365"
    address = f"{DISCOUNTS}/{row['id']}"
    assert api.get(address).json() == row
    closed = api.manage("POST", f"{address}/close", {"until": "2027-01-01"}).json()
    assert closed["until"] == "2027-01-01"
    assert api.get(DISCOUNTS).json()["discounts"] == [closed]


def test_mark_ups_are_a_clients_and_dated(api):
    row = made(api, MARKUPS, {"percent": "15"})
    api.verdicts(event(occurred_at=timezone.now().isoformat()))

    total = api.get("/api/v1/spend?range=7d&client=globex").json()["total"]

    assert (row["client"], row["percent"]) == ("globex", "15")
    assert Decimal(total["billed"]) == Decimal("1.15") * amount(total["cost"])
    assert api.get(f"{MARKUPS}/{row['id']}").json() == row
    closed = api.manage("POST", f"{MARKUPS}/{row['id']}/close", {"until": "2027-01-01"}).json()
    assert api.get(MARKUPS).json()["markups"] == [closed]
    other = f"/api/v1/clients/initech/markups/{row['id']}"
    assert_problem(api.get(other), 404, "not_found")


def test_the_price_view_of_a_client_is_changed_and_told(api):
    assert api.get("/api/v1/clients/globex").json()["price_view"] == "cost"

    answer = api.manage("PATCH", "/api/v1/clients/globex", {"price_view": "billed"})

    assert (answer.json()["price_view"], answer.json()["name"]) == ("billed", "Globex of Acme")
    wrong = api.manage("PATCH", "/api/v1/clients/globex", {"price_view": "all"})
    assert_problem(wrong, 422, "invalid_choice", field="price_view")
    nothing = api.manage("PATCH", "/api/v1/clients/globex", {})
    assert_problem(nothing, 422, "missing_field", field="name")
    with api.company.scope():
        entry = AuditEntry.objects.get(action="client.price_view")
        assert (entry.before, entry.after) == ({"price_view": "cost"}, {"price_view": "billed"})


def test_a_key_of_a_project_reads_the_mark_ups_of_its_own_client_only(api):
    made(api, MARKUPS, {"percent": "15"})
    made(api, MARKUPS.replace("globex", "initech"), {"percent": "20"})
    api.verdicts(event("a", model="new"), event("b", model="other", project="contract-agent"))
    with api.company.scope():
        project = api.company.projects["support-bot"]
        key = create_key(actor="test", name="bot", scopes=["read"], project=project)[1]

    assert len(api.get(MARKUPS, key=key).json()["markups"]) == 1
    assert api.get(MARKUPS.replace("globex", "initech"), key=key).status_code == 404
    assert [each["model"] for each in api.get(UNPRICED, key=key).json()["models"]] == ["new"]


def test_what_has_no_price_is_listed_with_its_reason(api):
    at = timezone.now() - timedelta(days=3)
    api.verdicts(
        event("a", model="claude-opus-9", occurred_at=at.isoformat()),
        event("b", model="claude-opus-9", project="contract-agent"),
        event("c"),
    )

    found = api.get(UNPRICED).json()

    (model,) = found["models"]
    assert (found["events"], found["model_count"], model["events"]) == (2, 1, 2)
    assert (model["model"], model["clients"]) == ("claude-opus-9", ["globex", "initech"])
    assert model["reasons"][0]["code"] == "unknown_model"
    assert (model["tokens"]["output"], model["priced_now"]) == (1200, 0)
    assert_problem(api.get(f"{UNPRICED}?model=x"), 400, "unknown_parameter", field="model")

    made(api, model="claude-opus-9")

    assert api.get(UNPRICED).json()["models"][0]["priced_now"] == 2


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("on=yesterday", "invalid_time", "on"),
        ("on=2026-W47-1", "invalid_time", "on"),
        ("modell=x", "unknown_parameter", "modell"),
    ],
)
def test_questions_that_make_no_sense_are_refused(api, query, code, field):
    assert_problem(api.get(f"{PRICES}?{query}"), 400, code, field=field)
