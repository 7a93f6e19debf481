"""Costs: beside every question of `spend`, and never for a client."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from billing.periods import DayRange
from billing.reports.buckets import DIMENSIONS
from billing.reports.costs import Ask, cost_of, costs
from billing.reports.measures import PriceHidden
from billing.reports.spend import spend
from tests.billing.test_void import take_back
from tests.factories import USAGE, event

pytestmark = pytest.mark.django_db

AUTUMN = DayRange(date(2026, 9, 1), date(2026, 12, 1))
ONE_DAY = DayRange(date(2026, 11, 20), date(2026, 11, 21))
CUTS = [
    (),
    *((name,) for name in (*DIMENSIONS, "token_class")),
    ("client", "project"),
    ("project", "client"),
    ("project", "api_key"),
    ("model", "component"),
    ("component", "token_class"),
    ("api_key", "token_class"),
]
NARROW = [
    {},
    {"client": "globex", "project": ""},
    {"feature": "(none)", "client": "globex"},
    {"component": "system"},
    {"component": "not_split", "token_class": "output"},
    {"token_class": "cache_read", "model": "claude-sonnet-4-6"},
    {"priced": "no"},
    {"client": "only-brix"},
]


@pytest.fixture
def company(world):
    """Events of every kind, half of them folded, one taken back; the same in another company."""
    prompt = [{"name": "system", "tokens": 3}, {"name": "user", "tokens": 4}]
    many = [
        event("a", components=prompt, feature="chat"),
        event("b", components=prompt[:1], model="claude-haiku-4-5"),
        event("c", project="contract-agent", model="claude-opus-5", environment="staging"),
        event("d", model="unheard-of", components=prompt),
        event("e", usage=USAGE | {"service_tier": "batch"}, occurred_at="2026-11-20T22:10:00Z"),
        event("f", occurred_at="2026-09-02T22:10:00Z"),
        event("gone", project="contract-agent", feature="gone"),
    ]
    for one in (world.acme, world.brix):
        one.post(*many[:4], many[-1])
        one.fold()
        one.post(*many[4:-1])
    take_back(world.acme, "gone")
    return world.acme


def shown(rows, *, ask):
    """In any order. Of a token class `spend` counts what has no price in the whole row: that is left out."""
    counts = "token_class" not in (*ask.group_by, *ask.narrow)
    found = [
        (str(row.period), row.keys, row.measures.cost, counts and row.measures.unpriced_events)
        for row in rows
    ]
    return sorted((each for each in found if each[2] or each[3]), key=str)


def test_every_question_costs_what_spend_says(company):
    asks = [
        Ask(days, granularity, cut, narrow)
        for days, granularity in ((AUTUMN, "total"), (AUTUMN, "month"), (ONE_DAY, "hour"))
        for cut in CUTS
        for narrow in NARROW
        if granularity != "hour" or "component" not in (*cut, *narrow)
    ]
    with company.scope():
        for start in range(0, len(asks), 20):
            some = asks[start : start + 20]
            for ask, rows in zip(some, costs(*some), strict=True):
                report = spend(
                    ask.days, granularity=ask.granularity, group_by=ask.group_by, narrow=ask.narrow
                )
                assert shown(rows, ask=ask) == shown(report.rows, ask=ask), ask


def test_events_and_caching_are_told_where_that_is_asked(company):
    asked = Ask(AUTUMN, "day", ("client",), in_full=True)
    with company.scope():
        counted, plain, parts = costs(
            asked, replace(asked, in_full=False), replace(asked, group_by=("component",))
        )
        days = spend(AUTUMN, group_by=("client",)).rows
        total = spend(AUTUMN).total

    for name in (
        "events",
        "cost_uncached",
        "prompt_tokens",
        "saving",
        "cache_hit_rate",
        "multiplier",
    ):
        in_full = [getattr(row.measures, name) for row in counted]
        assert in_full == [getattr(row.measures, name) for row in days], name
    assert cost_of(row.measures for row in counted).saving == total.saving
    assert {row.measures.events for row in (*plain, *parts)} == {None}
    assert [(row.period, row.keys) for row in plain] == [(row.period, row.keys) for row in days]


def test_a_client_is_told_no_costs(company):
    with company.viewer_scope(), pytest.raises(PriceHidden):
        costs(Ask(ONE_DAY))


def test_hours_are_instants_and_days_are_days(company):
    with company.scope():
        hours, days = costs(Ask(ONE_DAY, "hour"), Ask(ONE_DAY, "day"))

    assert {type(row.period) for row in hours} == {datetime}
    assert [row.period for row in days] == [ONE_DAY.until - timedelta(days=1)]
