"""GET /api/v1/spend: every cut of the same events adds up to the same total, to the last digit."""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from itertools import combinations, product
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from billing.money import TOKEN_CLASSES, plain
from tenants.actions import create_key
from tests.api.conftest import EVENTS, assert_problem
from tests.factories import USAGE, event

SPEND = "/api/v1/spend"
NOVEMBER = "since=2026-11-01&until=2026-12-01"
AUTUMN = "since=2026-09-01&until=2026-12-01"
DIMENSIONS = (
    "client",
    "project",
    "api_key",
    "model",
    "provider",
    "variant",
    "feature",
    "environment",
)
GRANULARITIES = ("day", "hour", "month", "total")
MEASURES = {
    "events",
    "cost",
    "cost_list",
    "billed",
    "cost_uncached",
    "saving",
    "tokens",
    "unpriced_events",
}
PROMPT = [{"name": "system", "tokens": 3}, {"name": "user", "tokens": 4}]
SHAPES = [
    {"usage": USAGE, "components": PROMPT},
    {"usage": USAGE | {"service_tier": "batch"}, "feature": "chat"},
    {"project": "contract-agent", "model": "claude-opus-5", "environment": "staging"},
    {
        "project": "contract-agent",
        "model": "claude-opus-9",
        "feature": "chat",
        "components": PROMPT,
    },
    {
        "components": PROMPT[::-1],
        "model": "claude-haiku-4-5",
        "environment": "production",
        "usage": USAGE
        | {
            "cache_creation_input_tokens": 7,
            "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
            "server_tool_use": {"web_search_requests": 2},
        },
    },
    {"provider": "bedrock", "model": "us.anthropic.claude-x"},
]
# around midnight in Sofia (UTC+2, in October UTC+3), around UTC midnight, and far apart
TIMES = [
    "2026-11-20T12:10:00Z",
    "2026-11-20T12:50:00Z",
    "2026-11-20T21:59:59.999999Z",
    "2026-11-20T22:00:00Z",
    "2026-11-21T00:00:00Z",
    "2026-10-24T21:30:00Z",
    "2026-09-01T05:00:00Z",
]


@pytest.fixture
def spent(api):
    """Each shape at each time, from two keys, half of it folded; what is known of each event."""
    with api.company.scope():
        other = create_key(actor="test", name="other", scopes=["ingest"])[1]
    events = [
        event(f"e-{place}-{number}", occurred_at=at, **shape)
        for place, at in enumerate(TIMES)
        for number, shape in enumerate(SHAPES)
    ]
    api.post({"events": events[0::2]})
    api.company.fold()
    api.post({"events": events[1::2]}, key=other)
    zone = ZoneInfo(api.company.tenant.timezone)
    return [known(api, each, zone) for each in events]


def known(api, posted, zone) -> dict:
    """One event as its own page tells it, with the periods that it belongs to."""
    told = api.get(f"{EVENTS}/-/{posted['id']}").json()
    at = datetime.fromisoformat(posted["occurred_at"])
    priced = told["cost"] is not None
    return {
        **{name: told[name] for name in DIMENSIONS if name != "api_key"},
        "day": at.astimezone(zone).strftime("%Y-%m-%d"),
        "month": at.astimezone(zone).strftime("%Y-%m-01"),
        "hour": at.strftime("%Y-%m-%dT%H:00:00Z"),
        "total": None,
        "tokens": told["tokens"],
        "cost": Decimal(told["cost"] or 0),
        "cost_uncached": Decimal(told["cost_uncached"] or 0),
        "unpriced_events": int(not priced),
        "lines": told["lines"],
        "split": told["split"],
    }


def summed(events) -> dict:
    """The measures of some events, as an answer has them."""
    cost = sum((each["cost"] for each in events), Decimal(0))
    uncached = sum((each["cost_uncached"] for each in events), Decimal(0))
    return {
        "events": len(events),
        "cost": plain(cost),
        "cost_list": plain(cost),
        "billed": plain(cost),
        "cost_uncached": plain(uncached),
        "saving": plain(uncached - cost),
        "tokens": {name: sum(each["tokens"][name] for each in events) for name in TOKEN_CLASSES},
        "unpriced_events": sum(each["unpriced_events"] for each in events),
    }


def grouped(events, keys) -> dict:
    groups = defaultdict(list)
    for each in events:
        groups[tuple(each[key] for key in keys)].append(each)
    return {key: summed(group) for key, group in groups.items()}


def ask(api, query):
    answer = api.get(f"{SPEND}?{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_every_pair_of_dimensions_has_exactly_the_rows_of_the_events(api, spent):
    names = [name for name in DIMENSIONS if name != "api_key"]
    cuts = [(), *((name,) for name in names), *combinations(names, 2)]

    for granularity, cut in product(GRANULARITIES, cuts):
        answer = ask(api, f"{AUTUMN}&granularity={granularity}&group_by={','.join(cut)}")
        rows = {
            (row.pop("period"), *(row.pop(name) for name in cut)): row for row in answer["rows"]
        }
        assert rows == grouped(spent, [granularity, *cut]), cut
        assert answer["total"] == {"period": None} | summed(spent)


@pytest.mark.smoke
def test_the_rows_of_every_cut_add_up_to_the_total_exactly(api, spent):
    names = [*DIMENSIONS, "token_class"]
    cuts = [*((name,) for name in names), *combinations(names, 2)]

    for granularity, cut in product(GRANULARITIES, cuts):
        answer = ask(api, f"{AUTUMN}&granularity={granularity}&group_by={','.join(cut)}")
        rows, total = answer["rows"], answer["total"]
        assert sum(Decimal(row["cost"]) for row in rows) == Decimal(total["cost"]), cut
        for name in TOKEN_CLASSES:
            assert sum(row["tokens"][name] for row in rows) == total["tokens"][name], cut
        if "token_class" not in cut:
            assert sum(row["events"] for row in rows) == total["events"] == len(spent)
            assert sum(Decimal(row["saving"]) for row in rows) == Decimal(total["saving"])
            assert sum(row["unpriced_events"] for row in rows) == total["unpriced_events"]


def test_a_token_class_costs_what_the_lines_of_the_events_say(api, spent):
    answer = ask(api, f"{AUTUMN}&granularity=total&group_by=token_class")

    by_class = defaultdict(Decimal)
    for each in spent:
        for line in each["lines"]:
            by_class[line["token_class"]] += Decimal(line["cost"])
    assert {row["token_class"]: Decimal(row["cost"]) for row in answer["rows"]} == by_class
    assert set(by_class) == set(TOKEN_CLASSES)


def test_a_component_costs_what_the_events_say_and_the_rest_is_not_split(api, spent):
    answer = ask(api, f"{AUTUMN}&granularity=total&group_by=component")

    by_component = defaultdict(Decimal)
    for each in spent:
        for share in each["split"] or [{"component": "not_split", "cost": each["cost"]}]:
            by_component[share["component"]] += Decimal(share["cost"])
    rows = {row["component"]: row for row in answer["rows"]}
    assert {name: Decimal(row["cost"]) for name, row in rows.items()} == by_component
    assert set(rows) == {"system", "user", "response", "web_search", "not_split"}
    assert {row["cost_list"] for row in rows.values()} == {None}
    assert (rows["response"]["events"], rows["not_split"]["events"]) == (21, 21)
    assert answer["total"] == {"period": None} | summed(spent) | {"cost_list": None}

    for cut in ("component,project", "feature,component", "component,token_class"):
        for granularity in ("day", "month"):
            answer = ask(api, f"{AUTUMN}&granularity={granularity}&group_by={cut}")
            costs = [Decimal(row["cost"]) for row in answer["rows"]]
            assert sum(costs) == Decimal(answer["total"]["cost"]), cut
            assert answer["total"] == {"period": None} | summed(spent) | {"cost_list": None}


def test_a_key_is_named_by_name_and_prefix_and_keeps_them_when_revoked(api, spent):
    keys = {row["name"]: row for row in api.manage("GET", "/api/v1/keys").json()["keys"]}
    api.manage("DELETE", f"/api/v1/keys/{keys['other']['id']}")

    rows = ask(api, f"{AUTUMN}&granularity=total&group_by=api_key")["rows"]

    assert {row["api_key"]: row["events"] for row in rows} == {
        f"{name} {keys[name]['prefix']}": len(spent) // 2 for name in ("first ingest key", "other")
    }


def test_folding_changes_no_answer(api, spent):
    query = f"{AUTUMN}&granularity=hour&group_by=project,model"
    before = ask(api, query)

    api.company.fold()

    assert ask(api, query) | {"as_of": ""} == before | {"as_of": ""}


def test_the_answer_has_the_shape_of_the_contract(api, spent):
    answer = ask(api, f"{NOVEMBER}&group_by=client,project")

    assert {"currency", "timezone", "as_of", "rows", "total"} <= answer.keys()
    assert (answer["currency"], answer["timezone"]) == ("USD", "Europe/Sofia")
    assert datetime.fromisoformat(answer["as_of"]).tzinfo is not None
    assert all(row.keys() == MEASURES | {"period", "client", "project"} for row in answer["rows"])
    assert answer["total"].keys() == MEASURES | {"period"}
    assert answer["rows"][0]["period"] == "2026-11-20"
    assert [row["period"] for row in answer["rows"]] == sorted(
        row["period"] for row in answer["rows"]
    )
    for row in (*answer["rows"], answer["total"]):
        for name in ("cost", "cost_list", "billed", "cost_uncached", "saving"):
            assert row[name] == plain(Decimal(row[name]))


FILTERS = [
    {"client": "globex"},
    {"client": "initech"},
    {"project": "support-bot"},
    {"model": "claude-opus-5"},
    {"environment": "staging"},
    {"client": "globex", "environment": "production"},
    {"project": "contract-agent", "model": "claude-opus-9"},
    {"client": "initech", "project": "support-bot"},
    {"client": "nobody"},
    {"project": "nothing"},
    {"model": "claude"},
    {"environment": "'; --"},
]


def test_a_filter_leaves_exactly_the_events_that_match(api, spent):
    for filters in FILTERS:
        answer = ask(api, f"{AUTUMN}&group_by=project&{urlencode(filters)}")

        matching = [each for each in spent if filters.items() <= each.items()]
        assert answer["total"] == {"period": None} | summed(matching), filters
        rows = {(row["period"], row["project"]): row["events"] for row in answer["rows"]}
        by_day = grouped(matching, ["day", "project"])
        assert rows == {key: measures["events"] for key, measures in by_day.items()}


SPANS = [
    ("2026-11-20", "2026-11-21"),
    ("2026-11-21", "2026-11-22"),
    ("2026-10-25", "2026-10-26"),
    ("2026-09-01", "2026-11-21"),
    ("2026-11-22", "2026-11-23"),
]


def test_days_are_the_tenants_and_until_is_exclusive(api, spent):
    for (since, until), granularity in product(SPANS, GRANULARITIES):
        inside = [each for each in spent if since <= each["day"] < until]
        answer = ask(api, f"since={since}&until={until}&granularity={granularity}")
        assert answer["total"] == {"period": None} | summed(inside)


def test_a_utc_hour_that_a_midnight_in_kolkata_cuts_counts_on_both_days(brix):
    at = {"a": "2026-11-20T18:10:00Z", "b": "2026-11-20T18:29:59Z", "c": "2026-11-20T18:30:00Z"}
    brix.verdicts(*[event(name, occurred_at=time) for name, time in at.items()])

    def hours(since, until):
        answer = ask(brix, f"since={since}&until={until}&granularity=hour")
        return [(row["period"], row["events"]) for row in answer["rows"]]

    assert hours("2026-11-20", "2026-11-21") == [("2026-11-20T18:00:00Z", 2)]
    assert hours("2026-11-21", "2026-11-22") == [("2026-11-20T18:00:00Z", 1)]
    assert hours("2026-11-20", "2026-11-22") == [("2026-11-20T18:00:00Z", 3)]


def test_nothing_spent_is_no_rows_and_zeros(api):
    answer = ask(api, NOVEMBER)

    nothing = {"period": None} | summed([])
    assert (answer["rows"], answer["total"]) == ([], nothing)
    assert answer["total"]["cost"] == "0"


REFUSED = [
    ("since=2026-11-02&until=2026-11-02", "invalid_range", "until"),
    ("since=2026-11-02&until=2026-11-01", "invalid_range", "until"),
    ("until=2026-11-01", "invalid_range", "since"),
    ("since=2020-01-01&until=2026-01-01", "invalid_range", "since"),
    *(
        (f"since={text}", "invalid_range", "since")
        for text in ("2026-13-01", "2026-11-1", "20261101", "tomorrow", "1999-12-31")
    ),
    ("since=0001-01-01", "invalid_range", "since"),
    ("since=2026-11-01T00:00:00Z", "invalid_range", "since"),
    ("since=2026-11-01&until=9999-12-31", "invalid_range", "until"),
    ("since=２０２６-11-01", "invalid_range", "since"),
    ("range=year", "invalid_range", "range"),
    ("granularity=week", "unknown_granularity", "granularity"),
    ("granularity=", "unknown_granularity", "granularity"),
    ("granularity=hour&group_by=component", "unknown_granularity", "granularity"),
    ("group_by=colour", "unknown_group", "group_by"),
    ("group_by=client_id", "unknown_group", "group_by"),
    ("group_by=client,project,model", "too_many_groups", "group_by"),
    ("group_by=client,client", "too_many_groups", "group_by"),
]


def test_a_report_that_does_not_exist_says_why(api):
    for query, code, field in REFUSED:
        assert_problem(api.get(f"{SPEND}?{query}"), 400, code, field=field)


def test_a_range_may_be_named_or_left_out(api):
    for query in ("", "range=today", "range=7d", "range=month", "range=90d"):
        answer = ask(api, query)
        assert answer["since"] < answer["until"], query
