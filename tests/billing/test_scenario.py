"""Scenarios: nothing supposed is the forecast itself; what is supposed counts from its day on, and exactly."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.flow.scenario import ScenarioError, assumptions_of, data_of
from billing.flow.set_scenario import archive_scenario, change_scenario, set_scenario
from billing.flow.terms import add_terms
from billing.models import Discount, Scenario
from billing.money import total
from billing.periods import DayRange
from billing.reports.forecast import HISTORY, forecast
from billing.reports.scenario import month_after, outlook, suppose
from billing.reports.scenario_budgets import ahead
from billing.reports.spend import spend
from tenants.actions import ActionError, create_client, create_project
from tenants.models import AuditEntry
from tests.billing.pricing import tokens
from tests.factories import event

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HALF = {"since": "2027-02-01", "per_cent": "-50"}
BATCH = {"service_tier": "batch"}


def past(world, *, days=20):
    """Calls of both clients, two models, batches, refusals: each day differs."""
    made = []
    for number in range(days):
        at = (NOW - timedelta(days=days - 1 - number)).isoformat()
        sizes = {"read": 1_000 * number, "out": 500 + 37 * number}
        for name, fields in {
            "s": {"usage": tokens(900, **sizes)},
            "b": {"usage": tokens(700, **sizes) | BATCH, "project": "contract-agent"},
            "o": {"usage": tokens(90, **sizes), "model": "claude-opus-5"},
        }.items():
            made.append(event(f"{name}-{number}", occurred_at=at, **fields))
    world.acme.post(*made, now=NOW)
    world.acme.fold()


def heading(period):
    """The company's forecast, as the overview has it."""
    days = DayRange(TODAY - timedelta(days=HISTORY), TODAY + timedelta(days=1))
    costs = {row.period: row.measures.cost for row in spend(days, granularity="day").rows}
    spent = total(cost for day, cost in costs.items() if day >= period.since)
    found = forecast(costs, period=period, today=TODAY, spent=spent, amount=Decimal(100))
    return found, spent


def figures(**terms):
    return outlook(suppose(assumptions_of(terms), today=TODAY))


def test_nothing_supposed_is_the_forecast_to_the_last_decimal(world):
    past(world)
    with world.acme.scope():
        month, spent = heading(DayRange(date(2026, 11, 1), date(2026, 12, 1)))
        found = figures()
        same = suppose(assumptions_of({}), today=TODAY)
        zero = figures(
            prices=[{"since": "2026-01-01", "per_cent": "0"}], growth=[{"per_cent": "0"}]
        )

    assert found.month.expected == found.month.supposed == month.expected
    assert list(found.months) == [month_after(date(2026, 11, 1), each) for each in range(13)]
    for each in (found, zero):
        assert all(one.expected == one.supposed for one in each.months.values())
        assert total(one.month.expected for one in each.clients) == each.month.expected
        assert total(one.year.supposed for one in each.clients) == each.year.expected
    budget = ahead(month, spent=spent, amount=Decimal(100), share=same.share)
    assert (budget.path, budget.expected) == (month.path, month.expected)
    assert budget.exhausted_on == month.exhausted_on


def test_a_price_that_halves_changes_its_days_and_no_day_before(world):
    past(world)
    with world.acme.scope():
        plain, half = figures(), figures(prices=[HALF])
        period = DayRange(date(2026, 11, 1), date(2026, 12, 1))
        month, spent = heading(period)
        supposed = suppose(
            assumptions_of({"prices": [HALF | {"since": "2026-11-25"}]}), today=TODAY
        )
        budget = ahead(month, spent=spent, amount=Decimal(100), share=supposed.share)
        today = suppose(assumptions_of({"prices": [HALF | {"since": "2026-01-01"}]}), today=TODAY)
        at_once = ahead(month, spent=spent, amount=Decimal(100), share=today.share)

    for first, each in half.months.items():
        factor = Decimal("0.5") if first >= date(2027, 2, 1) else 1
        assert each.supposed == each.expected * factor
        assert each.expected == plain.months[first].expected
    by_day = dict(month.path)
    assert {day: by_day[day] for day, _ in budget.path[:3]} == dict(budget.path[:3])
    before = by_day[date(2026, 11, 24)]
    assert budget.expected == before + (month.expected - before) / 2
    assert at_once.expected == spent + (month.expected - spent) / 2  # what is spent is spent


def test_a_model_a_provider_a_client_and_a_project_can_be_meant_alone(world):
    past(world)
    with world.acme.scope():
        days = DayRange(TODAY - timedelta(days=HISTORY), TODAY + timedelta(days=1))
        by_model = {
            row.keys["model"]: row.measures.cost
            for row in spend(days, granularity="total", group_by=("model",)).rows
        }
        model = suppose(
            assumptions_of({"prices": [HALF | {"model": "claude-opus-5"}]}), today=TODAY
        )
        other = suppose(assumptions_of({"prices": [HALF | {"provider": "openai"}]}), today=TODAY)
        grows = {"growth": [{"per_cent": "10"}, {"per_cent": "100", "project": "contract-agent"}]}
        grown = suppose(assumptions_of(grows), today=TODAY)
        clients = {each: found.pk for each, found in world.acme.clients.items()}

    later = date(2027, 3, 5)
    whole = total(by_model.values())
    expected = (whole - by_model["claude-opus-5"] / 2) / whole
    assert abs(model.share(later) - expected) < Decimal("1e-17")
    assert model.share(later, model="claude-opus-5") == Decimal("0.5")
    assert model.share(later, model="claude-sonnet-4-6") == 1
    assert model.share(date(2027, 1, 31)) == 1
    assert other.share(later) == 1
    assert grown.share(date(2026, 11, 30), client_id=clients["globex"]) == 1
    assert grown.share(date(2026, 12, 1), client_id=clients["globex"]) == Decimal("1.1")
    assert grown.share(date(2027, 1, 1), client_id=clients["globex"]) == Decimal("1.21")
    assert grown.share(date(2027, 1, 1), client_id=clients["initech"]) == 4


def test_own_rates_are_what_the_engine_asks_of_the_same_calls(world):
    with world.acme.scope():
        add_terms(Discount(provider="anthropic", percent=Decimal(10)), actor="ana", now=NOW)
    past(world)
    own = {"input": "1", "cache_read": "0.05", "output": "4.5"}
    change = {"since": "2027-02-01", "model": "claude-sonnet-4-6", "rates": own}
    terms = {"prices": [change, {"since": "2027-03-01", "per_cent": "20"}]}
    with world.acme.scope():
        supposed = suppose(assumptions_of(terms), today=TODAY)
        bot = world.acme.projects["contract-agent"].pk
        share = supposed.share(date(2027, 2, 1), project_id=bot)
        after = supposed.share(date(2027, 3, 1), project_id=bot)
        days = DayRange(TODAY - timedelta(days=HISTORY), TODAY + timedelta(days=1))
        old = spend(days, granularity="total", project="contract-agent").total.cost

    costs = [  # batches: half the rates; no discount on them
        (700 * 1 + 1_000 * n * Decimal("0.05") + (500 + 37 * n) * Decimal("4.5")) / 2_000_000
        for n in range(20)
    ]
    assert share == (total(costs) / old).quantize(Decimal("1e-18"))
    assert after == (total(costs) * Decimal("1.2") / old).quantize(Decimal("1e-18"))
    assert supposed.kept == 0


def test_what_the_sums_do_not_tell_keeps_its_cost_and_is_counted(world):
    """A refusal has tokens that nobody paid for: the sums of its day do not tell by what they were booked."""
    past(world)
    model, at = "claude-opus-5-5", NOW.isoformat()
    refused = {"usage": tokens(900, out=0), "stop_reason": "refusal"}
    world.acme.post(
        event("n", occurred_at=at, model=model),
        event("r", occurred_at=at, model=model, **refused),
        now=NOW,
    )
    change = {"since": "2026-11-23", "model": model, "rates": {"input": "100", "output": "0"}}
    with world.acme.scope():
        supposed = suppose(assumptions_of({"prices": [change]}), today=TODAY)
        day = DayRange(TODAY, TODAY + timedelta(days=1))
        cost = spend(day, granularity="total", model=model).total.cost

    assert supposed.kept == cost > 0
    assert supposed.share(date(2026, 12, 1), model=model) == 1


def test_three_equal_clients_share_to_the_last_decimal_and_a_trend_ends_after_a_month(world):
    """A third of a cent is none; spend that has doubled in four weeks does not grow for a year."""
    with world.acme.scope():
        client = create_client(actor="test", slug="third", name="Third")
        create_project(actor="test", slug="third", name="Third", client=client)
    for age in range(30):
        at = (NOW - timedelta(days=age)).isoformat()
        usage = tokens(1_000 * (60 - age), out=10)
        projects = ("support-bot", "contract-agent", "third")
        calls = [
            event(f"{each}-{age}", occurred_at=at, project=each, usage=usage) for each in projects
        ]
        world.acme.post(*calls, now=NOW)
    with world.acme.scope():
        found = figures()
        month, _ = heading(DayRange(date(2026, 11, 1), date(2026, 12, 1)))

    assert found.month.expected == month.expected
    assert total(each.month.expected for each in found.clients) == month.expected
    march, august = (found.months[date(2027, each, 1)].expected for each in (3, 8))
    assert abs(august - march) < march / 20


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "since": st.dates(date(2020, 1, 1), date(2035, 1, 1)).map(date.isoformat),
                "per_cent": st.integers(-10_000, 100_000).map(
                    lambda each: str(Decimal(each) / 100)
                ),
            },
            optional={"provider": st.just("anthropic"), "model": st.sampled_from(["a", "b"])},
        ),
        max_size=10,
    )
)
def test_what_is_kept_is_read_as_it_was_meant(prices):
    read = assumptions_of({"prices": prices})

    assert assumptions_of(data_of(read)) == read
    assert [each.since for each in read.prices] == sorted(each.since for each in read.prices)


REFUSED = [
    ({"prices": [{"since": "soon", "per_cent": "1"}]}, "prices.0.since"),
    ({"prices": [HALF, {"since": "2027-01-01"}]}, "prices.1.per_cent"),
    ({"prices": [HALF | {"rates": {"input": "1"}}]}, "prices.0.per_cent"),
    ({"prices": [HALF | {"per_cent": "-100.01"}]}, "prices.0.per_cent"),
    ({"prices": [HALF | {"per_cent": "1.005"}]}, "prices.0.per_cent"),
    ({"prices": [HALF | {"per_cent": "NaN"}]}, "prices.0.per_cent"),
    ({"prices": [HALF | {"model": "x" * 201}]}, "prices.0.model"),
    ({"prices": [HALF | {"modell": "x"}]}, "prices.0.modell"),
    ({"prices": [{"since": "2027-01-01", "rates": {"input": "1"}}]}, "prices.0.model"),
    (
        {"prices": [{"since": "2027-01-01", "model": "m", "rates": {"inputs": "1"}}]},
        "prices.0.rates.inputs",
    ),
    (
        {"prices": [{"since": "2027-01-01", "model": "m", "rates": {"input": "-1"}}]},
        "prices.0.rates.input",
    ),
    ({"prices": [HALF] * 11}, "prices"),
    ({"prices": "all"}, "prices"),
    ({"growth": [{"per_cent": "101"}]}, "growth.0.per_cent"),
    ({"growth": [{"per_cent": "1", "client": "a", "project": "b"}]}, "growth.0.client"),
    ({"growth": [{"per_cent": "1"}, {"per_cent": "2"}]}, "growth.1"),
    ({"grow": []}, "grow"),
]


@pytest.mark.parametrize(("terms", "field"), REFUSED, ids=[field for _, field in REFUSED])
def test_what_makes_no_sense_is_refused_by_its_place(terms, field):
    with pytest.raises(ScenarioError) as caught:
        assumptions_of(terms)

    assert caught.value.field == field


def test_a_scenario_is_made_changed_and_archived_and_each_is_told(world):
    with world.acme.scope():
        made = set_scenario(" Half ", {"prices": [HALF]}, actor=world.ana, now=NOW)
        with pytest.raises(ActionError) as taken:
            set_scenario("Half", {}, actor=world.ana, now=NOW)
        change_scenario(made, name="Less", terms={}, actor="key x", now=NOW)
        change_scenario(made, name="Less", terms={}, actor="key x", now=NOW)
        archive_scenario(made, actor=world.ana, now=NOW)
        archive_scenario(made, actor=world.ana, now=NOW)
        again = set_scenario("Less", {}, actor=world.ana, now=NOW)
        told = list(AuditEntry.objects.filter(action__startswith="scenario.").order_by("pk"))

    assert (taken.value.code, taken.value.field) == ("already_exists", "name")
    assert [each.action.split(".")[1] for each in told] == ["made", "changed", "archived", "made"]
    assert told[1].before == {"name": "Half", "prices": [HALF], "growth": []}
    assert (told[1].after["name"], told[1].actor_label) == ("Less", "key x")
    assert (again.name, made.changed_by) == ("Less", "key x")
    with world.brix.scope():
        assert not Scenario.objects.exists()


def test_before_there_is_a_forecast_there_is_no_outlook(world):
    past(world, days=2)
    with world.acme.scope():
        assert figures(prices=[HALF]) is None
