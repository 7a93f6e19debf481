"""Reading: the ledger page by page, and one event with the reasons for its cost."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import quote

import pytest

from tests.api.conftest import EVENTS, Api, assert_problem
from tests.factories import COST, NOON, USAGE, event


def ids(answer):
    return [each["id"] for each in answer["events"]]


def all_pages(api, query=""):
    pages, cursor = [], ""
    while cursor is not None:
        page = api.get(f"{EVENTS}?cursor={quote(cursor)}&{query}").json()
        pages.append(ids(page))
        cursor = page["next_cursor"]
    return pages


@pytest.mark.smoke
def test_events_of_one_instant_are_paged_without_losing_or_repeating_one(api):
    posted = {f"e-{n}" for n in range(250)}
    api.verdicts(*[event(each) for each in posted])

    pages = all_pages(api)

    assert [len(page) for page in pages] == [100, 100, 50]
    assert {each for page in pages for each in page} == posted


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 200])
def test_the_last_page_has_no_cursor(api, count):
    if count:
        api.verdicts(*[event(f"e-{n}") for n in range(count)])

    pages = all_pages(api)

    assert sum(map(len, pages)) == count
    assert len(pages) == max(1, -(-count // 100))


def test_events_come_newest_first_whatever_order_they_were_posted_in(api):
    times = {f"e-{n}": NOON + timedelta(minutes=(n * 37) % 150) for n in range(150)}
    api.verdicts(*[event(each, occurred_at=at.isoformat()) for each, at in times.items()])

    pages = all_pages(api)

    assert [each for page in pages for each in page] == sorted(times, key=times.get, reverse=True)


def test_an_event_that_arrives_while_paging_moves_no_page(api):
    api.verdicts(*[event(f"e-{n}") for n in range(150)])
    first = api.get(EVENTS).json()
    api.verdicts(event("newer", occurred_at="2026-11-20T13:00:00Z"))

    second = api.get(f"{EVENTS}?cursor={first['next_cursor']}").json()

    assert len({*ids(first), *ids(second)}) == 150
    assert "newer" not in ids(second)


def test_a_filter_narrows_and_holds_on_every_page(api):
    for name in ("support-bot", "contract-agent"):
        api.verdicts(*[event(f"{name}-{n}", project=name) for n in range(120)])

    pages = all_pages(api, "project=contract-agent")

    assert [len(page) for page in pages] == [100, 20]
    assert all(each.startswith("contract-agent-") for page in pages for each in page)
    assert all_pages(api, "project=nothing") == [[]]


SPANS = [
    ("since=2026-11-20T12:00:00Z", ["c", "b"]),
    ("until=2026-11-20T12:00:00Z", ["a"]),
    ("since=2026-11-20T14:00:00%2B02:00&until=2026-11-20T12:00:00.000001Z", ["b"]),
    ("since=2026-11-20T12:00:01Z&until=2026-11-20T12:00:00Z", []),
    # days begin at midnight in Sofia, 22:00 in UTC
    ("since=2026-11-20", ["c", "b", "a"]),
    ("since=2026-11-21", ["c"]),
    ("since=2026-11-20&until=2026-11-21", ["b", "a"]),
    ("until=2026-11-20", []),
]


def test_since_is_inclusive_and_until_exclusive(api):
    times = {
        "a": "2026-11-19T22:00:00Z",
        "b": "2026-11-20T12:00:00Z",
        "c": "2026-11-20T22:00:00Z",
    }
    api.verdicts(*[event(each, occurred_at=at) for each, at in times.items()])

    for query, found in SPANS:
        assert ids(api.get(f"{EVENTS}?{query}").json()) == found, query


REFUSED = [
    *(
        (f"since={text}", "invalid_time", "since")
        for text in (
            "yesterday",
            "2026-11-20T12:00:00",
            "2026-11-20T12:00:00+02:00",
            "2026-13-01",
            "2026-02-30T00:00:00Z",
            "0001-01-01T00:00:00%2B23:59",
            "9999-12-31T23:59:59-23:59",
            "1795000000",
        )
    ),
    ("until=later", "invalid_time", "until"),
    *(
        (f"cursor={text}", "invalid_cursor", "cursor")
        for text in (
            "x",
            "20261120T120000.000000",
            "20261120T120000.000000-",
            "20261120T120000.000000-xyz",
            "99991399T000000.000000-" + "0" * 32,
            "%F0%9F%98%80",
            "-" * 5000,
        )
    ),
]


def test_what_cannot_be_read_is_named(api):
    for query, code, field in REFUSED:
        assert_problem(api.get(f"{EVENTS}?{query}"), 400, code, field=field)


def test_a_cursor_may_come_from_anywhere_in_time(api):
    api.verdicts(event())

    for at, found in (("00010101", []), ("99991231", ["e-1"])):
        cursor = f"{at}T000000.000000-{'f' * 32}"
        assert ids(api.get(f"{EVENTS}?cursor={cursor}").json()) == found


def test_the_list_says_of_an_event_what_its_own_page_says(api):
    api.verdicts(event(source="eu", feature="chat", environment="production"))

    (listed,) = api.get(EVENTS).json()["events"]
    alone = api.get(f"{EVENTS}/eu/e-1").json()

    assert {name: alone[name] for name in listed} == listed
    assert (listed["client"], listed["project"], listed["cost"]) == ("globex", "support-bot", COST)
    received = datetime.fromisoformat(listed["received_at"])
    assert timedelta(0) <= datetime.now(UTC) - received < timedelta(minutes=5)


def test_the_lines_of_an_event_say_why_it_costs_what_it_costs(api):
    usage = USAGE | {
        "service_tier": "batch",
        "inference_geo": "us",
        "iterations": [{"type": "compaction", "input_tokens": 50, "output_tokens": 70}],
        "server_tool_use": {"web_search_requests": 2},
    }
    (verdict,) = api.verdicts(event(model="claude-opus-5", usage=usage))

    told = api.get(f"{EVENTS}/-/e-1").json()

    assert told["cost"] == verdict["cost"] is not None
    assert sum(Decimal(line["cost"]) for line in told["lines"]) == Decimal(told["cost"])
    assert {tuple(line["multipliers"]) for line in told["lines"]} == {("batch", "us"), ()}
    for line in told["lines"]:
        cost = Decimal(line["tokens"]) * Decimal(line["rate_per_million"]) / 1_000_000
        for multiplier in line["multipliers"].values():
            cost *= Decimal(multiplier)
        assert cost == Decimal(line["cost"])
        assert line["price"]["model"] == line["model"] == "claude-opus-5"
        assert len(line["price"]["source"].split()) >= 2
        assert line["price"]["checked_on"]
    assert Decimal(told["cost_uncached"]) > Decimal(told["cost"])


def test_an_unpriced_event_says_why_and_has_no_lines(api):
    api.verdicts(event(model="claude-opus-9"))

    told = api.get(f"{EVENTS}/-/e-1").json()

    assert (told["cost"], told["cost_uncached"], told["lines"]) == (None, None, [])
    assert told["unpriced_reason"] == "unknown_model"
    assert told["tokens"]["cache_read"] == 20_000


def test_two_companies_with_the_same_ids_read_their_own(api, brix):
    api.verdicts(event("same", feature="acme"))
    Api(brix.company).verdicts(event("same", feature="brix"))

    for mine, feature in ((api, "acme"), (brix, "brix")):
        assert mine.get(f"{EVENTS}/-/same").json()["feature"] == feature
        assert [each["feature"] for each in mine.get(EVENTS).json()["events"]] == [feature]
