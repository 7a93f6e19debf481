"""POST /api/v1/price: the price of events that are not stored, line by line."""

from collections import defaultdict
from decimal import Decimal

import pytest

from billing.money import TOKEN_CLASSES, plain
from tests.api.conftest import NDJSON, assert_problem
from tests.api.items import BAD
from tests.billing.pricing import vectors
from tests.factories import COST, USAGE, event

PRICE = "/api/v1/price"
FILES = ("list_price.json", "reported_sessions.json", "iterations.json", "boundaries.json")
WITHOUT_IDENTITY = {"id", "project"}


def bare(**changes):
    """An event without what pricing does not need."""
    return {name: value for name, value in event(**changes).items() if name not in WITHOUT_IDENTITY}


def prices(api, *events, **how):
    answer = api.post({"events": events}, path=PRICE, **how)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


@pytest.mark.smoke
@pytest.mark.parametrize("file", FILES)
def test_every_public_vector_is_priced_to_the_last_digit_over_http(api, file):
    known = vectors(file)

    results = prices(api, *[each["event"] for each in known])

    for vector, result in zip(known, results, strict=True):
        expect, name = vector["expect"], vector["name"]
        if expect.get("status") == "unpriced":
            assert (result["status"], result["cost"], result["lines"]) == ("unpriced", None, []), (
                name
            )
            assert result["unpriced_reason"] == expect.get("reason", result["unpriced_reason"])
            continue
        assert (result["status"], result["cost"]) == ("priced", expect["cost"]), name
        by_class = defaultdict(Decimal)
        for line in result["lines"]:
            by_class[line["token_class"]] += Decimal(line["cost"])
        assert plain(sum(by_class.values(), Decimal(0))) == expect["cost"], name
        if "lines" in expect:
            shown = {each: plain(by_class[each]) for each in TOKEN_CLASSES}
            assert shown == expect["lines"], name
    assert api.stored() == 0


def test_a_line_says_how_its_cost_comes_about(api):
    usage = USAGE | {"service_tier": "batch", "server_tool_use": {"web_search_requests": 3}}

    (result,) = prices(api, bare(usage=usage))

    read = next(line for line in result["lines"] if line["token_class"] == "cache_read")
    assert read.pop("price_id").isdigit()
    assert read == {
        "token_class": "cache_read",
        "tokens": 20_000,
        "rate_per_million": "0.3",
        "multipliers": {"batch": "0.5"},
        "cost": "0.003",
        "model": "claude-sonnet-4-6",
    }
    for line in result["lines"]:
        cost = Decimal(line["tokens"]) * Decimal(line["rate_per_million"]) / 1_000_000
        for multiplier in line["multipliers"].values():
            cost *= Decimal(multiplier)
        assert plain(cost.normalize()) == line["cost"], line


@pytest.mark.parametrize("scope", ["ingest", "read"])
def test_keys_that_post_and_keys_that_read_may_ask_prices(api, scope):
    (result,) = prices(api, bare(), scope=scope)

    assert (result["status"], result["cost"]) == ("priced", COST)
    assert_problem(api.post(bare(), path=PRICE, scope="manage"), 403, "missing_scope")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"id": None},
        {"project": None},
        {"id": "e-1", "project": "no such project", "source": "x"},
    ],
    ids=str,
)
def test_id_and_project_are_optional_and_make_no_difference(api, changes):
    (result,) = prices(api, bare() | changes)

    assert result["cost"] == COST


def test_answers_stand_in_the_order_of_the_events_for_every_format(api):
    events = [bare(usage=USAGE | {"output_tokens": n}) for n in range(200)]
    results = prices(api, *events)
    lines = "\n".join(str(each).replace("'", '"') for each in events)
    again = api.post(lines, path=PRICE, type=NDJSON).json()["results"]

    costs = [Decimal(each["cost"]) for each in results]
    assert costs == sorted(costs)
    assert len(set(costs)) == 200
    assert again == results


def test_a_bad_item_gets_its_code_and_the_good_ones_their_price(api):
    needed = [each for each in BAD if each[0] not in {"no id", "no project", "null id"}]
    texts = [text for _, text, code, _ in needed if code != "unknown_project"]
    codes = [code for *_, code, _ in needed if code != "unknown_project"]
    codes[texts.index("{}")] = "missing_field"

    answer = api.post("\n".join(texts), path=PRICE, type=NDJSON).json()["results"]

    assert [(each["status"], each["code"]) for each in answer] == [
        ("rejected", code) for code in codes
    ]
    assert all(each["detail"] for each in answer)
    assert api.stored() == 0
