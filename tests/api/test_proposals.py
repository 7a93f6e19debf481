"""/api/v1/prices/proposals: other providers' prices are read by all, and accepted one by one."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.flow.accept_listed import accept_listed
from billing.flow.compare_prices import compare_prices
from billing.flow.other_lists import listed_models
from billing.models import AgreedPrice
from tenants.actions import ActionError
from tenants.models import AuditEntry
from tests.api.conftest import Api
from tests.factories import event

PROVIDERS = {"deepseek", "google", "openai"}
PATH = "/api/v1/prices/proposals"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
UNLISTED = {"cache_write_5m": "0", "cache_write_1h": "0"}
USAGE = {
    "input_tokens": 1_000_000,
    "cache_read_input_tokens": 1_000_000,
    "output_tokens": 1_000_000,
}


@pytest.fixture
def api(world, monkeypatch):
    """Four providers of the installed list are enough."""

    def few(day, *, providers=PROVIDERS):
        return listed_models(day, providers=providers)

    monkeypatch.setattr("billing.flow.compare_prices.listed_models", few)
    compare_prices(now=NOW)
    return Api(world.acme)


def accept(api, **body):
    body = {"provider": "openai", "model": "gpt-4o", "rates": UNLISTED} | body
    return api.manage("POST", PATH, {key: each for key, each in body.items() if each is not None})


def agreed(world):
    with world.acme.scope():
        return list(AgreedPrice.objects.order_by("over_prompt_tokens"))


def cost(api, **changes):
    (verdict,) = api.verdicts(event(provider="openai", usage=USAGE, **changes))
    return verdict.get("cost"), verdict.get("unpriced_reason")


def test_a_proposal_says_its_rates_its_source_and_what_is_left_out(api):
    (found,) = [
        each
        for each in api.get(f"{PATH}?search=gpt-4o&provider=openai").json()["proposals"]
        if each["model"] == "gpt-4o"
    ]

    assert found == {
        "provider": "openai",
        "model": "gpt-4o",
        "names": ["gpt-4o-2024-08-06", "gpt-4o-2024-11-20"],
        "since": None,
        "until": None,
        "prices": [
            {
                "speed": "standard",
                "over_prompt_tokens": 0,
                "input": "2.5",
                "cache_write_5m": None,
                "cache_write_1h": None,
                "cache_read": "1.25",
                "output": "10",
                "web_search": "10000",
            }
        ],
        "batch_multiplier": None,
        "source": "genai-prices 0.2.3, checked 2026-11-22",
        "checked_on": "2026-11-22",
        "not_mapped": [
            "No price of cache writes, one-hour cache writes.",
            "Priced apart there, not told apart here: storage searches.",
            "No batch price: the list's is not one factor on every rate.",
            "Not mapped: the prices of service tier fast, service tier priority.",
        ],
        "acceptable": True,
        "missing": ["cache_write_5m", "cache_write_1h"],
    }


def test_pages_lead_through_every_proposal_once(api):
    seen, cursor = [], ""
    while cursor is not None:
        answer = api.get(f"{PATH}?search=gpt&cursor={cursor}").json()
        seen += [(each["provider"], each["model"]) for each in answer["proposals"]]
        cursor = answer["next_cursor"]

    assert len(seen) > 50
    assert seen == sorted(set(seen))


@pytest.mark.parametrize(
    ("query", "models"),
    [
        ("search=GPT-4O+openai&provider=openai", {"gpt-4o"}),  # every word, in name or provider
        ("search=gpt-4o-2024-08-06", {"gpt-4o"}),  # another name
        ("search=claude&provider=anthropic", set()),  # in the book already
        ("search=no-such-model", set()),
        ("search=%25", set()),  # not a pattern
    ],
)
def test_search(api, query, models):
    answer = api.get(f"{PATH}?{query}")

    assert answer.status_code == 200
    found = {each["model"] for each in answer.json()["proposals"]}
    assert models <= found
    assert bool(found) == bool(models)


def test_a_mistyped_filter_is_refused(api):
    assert api.get(f"{PATH}?serach=x").json()["code"] == "unknown_parameter"


def test_what_is_accepted_prices_events_from_its_day_on(api, world):
    assert cost(api, event_id="a", model="gpt-4o") == (None, "unknown_provider")

    answer = accept(api, since="2026-11-10")

    assert answer.status_code == 201
    assert cost(api, event_id="b", model="gpt-4o")[0] == "13.75"
    early = "2026-11-09T12:00:00Z"
    assert cost(api, event_id="c", model="gpt-4o", occurred_at=early)[1] == "no_price_at_date"
    assert cost(api, event_id="d", model="gpt-4o-2024-08-06")[1] == "unknown_model"


def test_a_row_says_where_each_of_its_rates_is_from(api, world):
    accept(api)

    (price,) = agreed(world)
    assert (price.input, price.cache_read, price.output) == (
        Decimal("2.5"),
        Decimal("1.25"),
        Decimal(10),
    )
    assert (price.cache_write_5m, price.batch_multiplier, price.us_multiplier) == (0, None, None)
    source, own = price.source.split("; ")
    assert source == "genai-prices 0.2.3, checked 2026-11-22"
    assert own.startswith("cache_write_5m, cache_write_1h by key ct_")
    assert price.checked_on == date(2026, 11, 22)
    assert "Not mapped: the prices of service tier fast" in price.note
    with world.acme.scope():
        (entry,) = AuditEntry.objects.filter(action="price.added")
    assert (entry.subject, entry.after["input"]) == ("openai/gpt-4o", "2.5")
    assert entry.actor_label.startswith("key ct_")


def test_every_prompt_size_is_added_under_the_name_that_events_carry(api, world):
    answer = accept(api, provider="google", model="gemini-2.5-pro", name="gemini-prod")

    assert answer.status_code == 201
    assert [(each.model, each.over_prompt_tokens, each.input) for each in agreed(world)] == [
        ("gemini-prod", 0, Decimal("1.25")),
        ("gemini-prod", 200_000, Decimal("2.5")),
    ]


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"rates": {}}, 422, "missing_field", "cache_write_5m"),
        ({"rates": None}, 422, "missing_field", "cache_write_5m"),
        ({"rates": UNLISTED | {"input": "1"}}, 422, "invalid_field", "input"),
        (
            {"rates": UNLISTED | {"cache_write_5m": "1e-3"}},
            422,
            "invalid_field",
            "rates.cache_write_5m",
        ),
        ({"rates": UNLISTED | {"cache_write_5m": "-1"}}, 422, "invalid_field", ""),
        (
            {"rates": UNLISTED | {"cache_write_5m": "0.0000001"}},
            422,
            "invalid_field",
            "cache_write_5m",
        ),
        ({"model": "gpt-4o-2024-08-06"}, 404, "not_found", "model"),
        ({"provider": "anthropic", "model": "claude-opus-5"}, 404, "not_found", "model"),
        ({"provider": "deepseek", "model": "deepseek-chat"}, 422, "invalid_field", "model"),
        ({"provider": None}, 422, "missing_field", "provider"),
        ({"form": "2026-11-01"}, 400, "unknown_field", "form"),
    ],
)
def test_what_is_not_clear_is_refused_and_nothing_is_added(api, world, body, status, code, field):
    answer = accept(api, **body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json().get("field", "") == field
    assert agreed(world) == []


def test_a_price_is_not_accepted_for_days_on_which_the_list_had_another(api, world):
    """gpt-5.6-sol costs this since 2026-08-21."""
    body = {"model": "gpt-5.6-sol"}
    rates = {"cache_write_1h": "0"}

    for since in (None, "2026-08-20"):
        answer = accept(api, **body, rates=rates, since=since)
        assert (answer.status_code, answer.json()["field"]) == (422, "since")
    assert accept(api, **body, rates=rates, since="2026-08-21").status_code == 201


def test_accepting_twice_from_a_later_day_closes_the_first(api, world):
    accept(api, since="2026-11-01")

    again = accept(api, since="2026-11-01")
    later = accept(api, since="2026-11-20", rates={"cache_write_5m": "1", "cache_write_1h": "1"})

    assert (again.status_code, again.json()["code"]) == (409, "overlapping_terms")
    assert later.status_code == 201
    with world.acme.scope():
        spans = AgreedPrice.objects.order_by("since").values_list("since", "until")
        assert list(spans) == [(date(2026, 11, 1), date(2026, 11, 20)), (date(2026, 11, 20), None)]


def test_one_size_that_is_refused_leaves_none_behind(api, world):
    """The second row of two collides with a price that is there."""
    with world.acme.scope():
        rates = dict.fromkeys(
            ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output", "web_search"), 1
        )
        AgreedPrice.objects.create(
            provider="google",
            model="gemini-2.5-pro",
            over_prompt_tokens=200_000,
            source="x",
            checked_on=NOW,
            **rates,
        )

    answer = accept(api, provider="google", model="gemini-2.5-pro")
    with world.acme.scope(), pytest.raises(ActionError, match="covers some of these days"):
        accept_listed(
            "google",
            "gemini-2.5-pro",
            since=None,
            given=dict.fromkeys(UNLISTED, Decimal(0)),
            actor="test",
            now=NOW,
        )

    assert answer.status_code == 409
    assert len(agreed(world)) == 1
