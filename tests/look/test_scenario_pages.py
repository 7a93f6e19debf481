"""Scenarios on their pages and beside the budgets: what would happen, told apart from what is expected."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client as Browser
from django.utils import timezone

from billing.flow.scenario import assumptions_of
from billing.flow.set_budget import archive_budget
from billing.flow.set_scenario import archive_scenario, set_scenario
from billing.models import Alert, Scenario
from billing.periods import today_in
from billing.reports.scenario import outlook, suppose
from billing.watch.words import estimate
from tests.billing.budgets import MODEL, budget, spend
from tests.billing.test_alerts import check
from tests.look.test_pages import MOST_QUERIES, queries_of, text_of

LIST = "/t/acme/scenarios/"
FORM = {
    "name": "Sonnet halves",
    "prices-TOTAL_FORMS": "2",
    "prices-INITIAL_FORMS": "0",
    "prices-0-since": "2020-01-01",
    "prices-0-of": "model:anthropic:claude-sonnet-4-6",
    "prices-0-per_cent": "-50",
    "prices-1-of": "everything",
    "growth-TOTAL_FORMS": "1",
    "growth-INITIAL_FORMS": "0",
    "growth-0-per_cent": "5",
    "growth-0-of": "client:globex",
}


@pytest.fixture
def ana(client, world):
    client.force_login(world.ana)
    return client


@pytest.fixture
def busy(world):
    """Two weeks of $2 a day, and a budget of Globex that the client may see."""
    now = timezone.now()
    for age in range(14):
        spend(world.acme, "2", at=now - timedelta(days=age), name=f"e-{age}")
    world.acme.fold()
    days = {"since": now.date() - timedelta(days=13), "until": now.date() + timedelta(days=10)}
    return budget(world.acme, amount=100, period="fixed", shared=True, **days)


def halves(world):
    with world.acme.scope():
        terms = {"prices": [{"since": "2020-01-01", "per_cent": "-50"}]}
        return set_scenario("Half", terms, actor=world.ana, now=timezone.now())


def test_a_scenario_is_made_read_changed_and_put_out_of_use(ana, world, busy):
    assert "No scenarios yet" in text_of(ana.get(LIST))

    made = ana.post(LIST + "new/", FORM)
    page = text_of(ana.get(made.url))
    queries = queries_of(ana, made.url)
    with world.acme.scope():
        scenario = Scenario.objects.get()
    filled = ana.get(made.url + "edit/").content.decode()
    lines = {"prices-INITIAL_FORMS": "1", "growth-INITIAL_FORMS": "1", "name": "Renamed"}
    more = ana.post(made.url + "edit/", FORM | lines | {"more": "1", "growth-0-per_cent": ""})
    archived = ana.post(made.url + "archive/")

    assert scenario.terms == {
        "prices": [
            {
                "since": "2020-01-01",
                "provider": "anthropic",
                "model": "claude-sonnet-4-6",
                "per_cent": "-50",
            }
        ],
        "growth": [{"per_cent": "5", "client": "globex"}],
    }
    assert "From 1 Jan 2020 claude-sonnet-4-6 costs 50 % less." in page
    assert "Each month the client globex is 5 % more than the month before." in page
    assert "nothing of it is booked, told as an alert or shown to a client" in page
    assert "Months ahead" in page
    assert "Globex" in page
    assert len(queries) <= MOST_QUERIES, queries
    assert 'value="model:anthropic:claude-sonnet-4-6" selected' in filled
    assert more.url == made.url + "edit/"
    assert archived.url == LIST
    with world.acme.scope():
        scenario.refresh_from_db()
        assert (scenario.name, scenario.terms["growth"]) == ("Renamed", [])
        assert scenario.archived_at
    assert "No scenarios yet" in text_of(ana.get(LIST))
    assert "out of use" in text_of(ana.get(made.url))
    assert ana.get(made.url + "edit/").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"prices-0-since": ""}, "A day, as 2027-11-01."),
        ({"prices-0-per_cent": "-101"}, "A number from -100 to 1000"),
        ({"prices-1-since": "2027-01-01"}, "Either per cent, or rates."),
        ({"prices-0-per_cent": "", "prices-0-input": "x"}, "Enter a number."),
        ({"prices-1-since": "2027-01-01", "prices-1-input": "1"}, "Own rates are those of a model"),
        ({"growth-0-per_cent": "500"}, "A number from -100 to 100"),
        ({"growth-0-of": "client:nobody"}, "nobody is not one of the available choices"),
        ({"prices-TOTAL_FORMS": "99"}, "Please submit at most 10 forms."),
        ({"name": " "}, "This field is required."),
    ],
)
def test_what_makes_no_scenario_is_said_beside_its_field(ana, world, wrong, words):
    answer = ana.post(LIST + "new/", FORM | wrong)

    assert answer.status_code == 422
    assert words in text_of(answer)
    with world.acme.scope():
        assert not Scenario.objects.exists()


def test_budgets_show_what_would_happen_beside_what_is_expected(ana, world, busy):
    scenario = halves(world)
    plain = text_of(ana.get("/t/acme/budgets/"))
    chosen = f"?scenario={scenario.pk}"

    page = ana.get("/t/acme/budgets/" + chosen)
    one = ana.get(f"/t/acme/budgets/{busy.pk}/{chosen}")

    assert "What would happen" in plain
    assert "if “Half”" not in plain
    expected = Decimal(re.search(r"forecast \$(\d+) by", text_of(page))[1])
    supposed = Decimal(re.search(r"if “Half”: \$(\d+), \d+ % of", text_of(page))[1])
    assert (supposed - 28) * 2 == expected - 28 > 10  # what is spent stays, the rest is half
    assert "Nobody is told of it" in text_of(page)
    assert '<path class="supposed"' in one.content.decode()
    assert f"In the scenario it would be ${supposed}." in text_of(one)
    assert len(queries_of(ana, "/t/acme/budgets/" + chosen)) <= MOST_QUERIES
    assert len(queries_of(ana, f"/t/acme/budgets/{busy.pk}/{chosen}")) <= MOST_QUERIES
    assert "if “" not in text_of(ana.get("/t/acme/budgets/?scenario=0"))
    vik = Browser()
    vik.force_login(world.vik)
    for address in ("/t/acme/budgets/", f"/t/acme/budgets/{busy.pk}/"):
        seen = vik.get(address + chosen)
        assert seen.status_code == 200
        assert "Half" not in seen.content.decode()


def test_no_scenario_makes_an_alert_or_moves_a_figure(ana, world, busy):
    """Eleven times the price, and still nobody is told of a budget that holds."""
    with world.acme.scope():
        terms = {"prices": [{"since": "2020-01-01", "per_cent": "1000"}]}
        scenario = set_scenario("Ruin", terms, actor=world.ana, now=timezone.now())
    key = {"Authorization": f"Bearer {world.acme.keys['read']}"}
    before = ana.get("/api/v1/spend?range=month", headers=key).json()["total"]

    assert "used up on" in text_of(ana.get(f"/t/acme/budgets/?scenario={scenario.pk}"))
    check(world.acme, now=timezone.now(), forecasts=True)

    assert ana.get("/api/v1/spend?range=month", headers=key).json()["total"] == before
    with world.acme.scope():
        assert not Alert.objects.exists()
    assert Decimal(before["cost"]) > 0


@pytest.mark.parametrize("price", [{"per_cent": "200"}, {"model": MODEL, "rates": {"input": "3"}}])
def test_the_overview_says_what_its_forecast_would_be_and_that_it_is_supposed(
    ana, world, busy, price
):
    before = text_of(ana.get("/t/acme/"))
    older = halves(world)
    terms = {"prices": [{"since": "2020-01-01"} | price]}
    with world.acme.scope():
        made = set_scenario("Prices treble", terms, actor=world.ana, now=timezone.now())
        today = today_in("Europe/Sofia", now=timezone.now())
        month = outlook(suppose(assumptions_of(terms), today=today)).month

    page = ana.get("/t/acme/")
    queries = [queries_of(ana, "/t/acme/")]
    with world.acme.scope():
        archive_budget(busy, actor=world.ana, now=timezone.now())
    assert f"/t/acme/scenarios/{made.pk}/" in ana.get("/t/acme/").content.decode()
    queries.append(queries_of(ana, "/t/acme/"))
    with world.acme.scope():
        archive_scenario(made, actor=world.ana, now=timezone.now())
    left = text_of(ana.get("/t/acme/"))
    viewer = Browser()
    viewer.force_login(world.vik)

    assert "supposition" not in before and "Expected by" in before
    assert month.supposed >= month.expected > 0
    same = estimate(month.supposed) == estimate(month.expected)  # on the last evening of a month
    figure = "the same" if same else estimate(month.supposed)
    said = f"With “Prices treble”: {figure}, as a supposition"
    if "rates" in price:  # reckoned on its own page only
        said = "What “Prices treble” would make of it"
    assert said in text_of(page)
    assert f'<a href="/t/acme/scenarios/{made.pk}/">{said[:20]}' in page.content.decode()
    assert max(map(len, queries)) <= MOST_QUERIES, queries
    assert f"With “{older.name}”: " in left and "treble" not in left
    assert "supposition" not in text_of(viewer.get("/t/acme/", follow=True))
