"""The public price vectors (tests/vectors/README.md), each to the last digit."""

from decimal import Decimal

import pytest

from billing.flow.price import REASONS, Priced, Unpriced
from billing.money import TOKEN_CLASSES, plain, total
from tests.billing.pricing import lines, price, vectors

FILES = ("list_price.json", "reported_sessions.json", "iterations.json", "boundaries.json")
ALL = [pytest.param(each, id=f"{file}-{each['name']}") for file in FILES for each in vectors(file)]


@pytest.mark.parametrize("vector", ALL)
def test_vector_is_priced_to_the_last_digit(vector):
    event, expect = vector["event"], vector["expect"]
    call = {
        "model": event["model"],
        "at": event["occurred_at"],
        "stop_reason": event.get("stop_reason", "end_turn"),
    }

    priced = price(event["usage"], **call)

    if expect.get("status") == "unpriced":
        assert isinstance(priced, Unpriced)
        assert priced.reason == expect.get("reason", priced.reason)
        assert priced.reason in REASONS
        return
    assert isinstance(priced, Priced)
    assert plain(priced.cost) == expect["cost"]
    if "lines" in expect:
        shown = dict(zip(TOKEN_CLASSES, map(plain, priced.costs), strict=True))
        assert shown == expect["lines"]
    if "cost_uncached" in expect:
        assert plain(priced.cost_uncached) == expect["cost_uncached"]
    assert total(line.cost for line in lines(event["usage"], **call)) == Decimal(expect["cost"])


def test_the_vectors_are_all_there():
    counts = {file: len(vectors(file)) for file in FILES}

    assert counts["list_price.json"] == 30
    assert counts["reported_sessions.json"] == 6
    assert counts["iterations.json"] == 19
    assert counts["boundaries.json"] == 318


def test_old_clients_reported_too_little_where_the_vector_says_so():
    short = [each for each in vectors("reported_sessions.json") if is_short(each)]

    assert [each["name"] for each in short] == [
        "sonnet-4-6 from an old client that priced 1h writes as 5m"
    ]


def is_short(vector):
    return Decimal(vector["reported_cost"]) < Decimal(vector["expect"]["cost"])
