"""Pages of budgets and alerts, as an owner, a finance person, a member and a client viewer see them."""

import re
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from billing.models import Alert, Budget, BudgetChannel, Channel
from tenants.actions import add_member
from tenants.models import Client, Role, User
from tenants.sealed import seal
from tests.billing.budgets import budget, changed, spend
from tests.billing.test_alerts import check
from tests.look.test_pages import INLINE, MOST_QUERIES, queries_of, text_of
from tests.walls.routes import BUDGET_FORM

LIST = "/t/acme/budgets/"


@pytest.fixture
def ana(client, world):
    client.force_login(world.ana)
    return client


def browser_of(person):
    browser = Browser()
    browser.force_login(person)
    return browser


def member(world, name, role):
    with world.acme.scope():
        add_member(actor="test", email=f"{name}@acme.test", role=role)
    return User.objects.get(email=f"{name}@acme.test")


def now():
    return timezone.now()


@pytest.fixture
def used(world):
    """A budget of $10 a day of Globex at $8.12, with its alerts."""
    found = budget(world.acme, amount=10, period="day", shared=True)
    spend(world.acme, "8.12", at=now())
    check(world.acme, now=now())
    return found


def test_an_empty_list_leads_to_the_first_budget(ana):
    page = ana.get(LIST).content.decode()

    assert "No budgets yet" in page
    assert 'href="/t/acme/budgets/new/"' in page


def test_the_list_says_how_much_is_used_who_answers_what_is_next_and_when_it_resets(ana, used):
    text = text_of(ana.get(LIST))

    for said in ("$8.12", "81 % of $10.00", "100 % at $10.00", "ana@acme.test", "resets on"):
        assert said in text, said
    assert "this is its last day" in text


def test_budgets_stand_in_groups_and_what_promises_too_much_is_pointed_out(ana, world):
    budget(world.acme, name="all", client=None, amount=100)
    budget(world.acme, name="Globex", amount=80)
    budget(world.acme, name="Initech", client="initech", amount=50)
    budget(world.acme, name="bot", project="support-bot", amount=10)
    budget(world.acme, name="weekly", client="initech", amount=900, period="week")

    page = ana.get(LIST)

    assert re.findall(r"<h2>([^<]+)</h2>", page.content.decode().partition("<main")[2]) == [
        "Everything",
        "Globex of Acme",
        "Initech of Acme",
    ]
    text = text_of(page)
    assert text.count("Budgets inside it") == 1
    assert "Budgets inside it add up to $130.00: $30.00 more than it has." in text


def test_the_page_of_a_budget_has_picture_table_versions_and_alerts(ana, world, used):
    changed(world.acme, used, amount=20)

    response = ana.get(f"{LIST}{used.pk}/")

    text = text_of(response)
    page = response.content.decode()
    assert "$8.12 of $20.00 used." in text
    assert 'class="used"' in page and "Show as table" in page
    assert "50 %: $10.00" in text and "100 %: $20.00" in text
    assert "50 % and 80 % used: $8.12 of $10.00" in text
    assert "$20.00 per day" in text and "$10.00 per day" in text
    assert not INLINE.search(page.replace("http://www.w3.org", ""))
    assert len(response.content) < 60_000


def test_the_forecast_says_how_far_such_forecasts_were_off(ana, world):
    found = budget(world.acme, amount=1000)
    for age in range(95):
        spend(world.acme, 1, name=f"e{age}", at=now() - timedelta(days=age, minutes=1))

    text = text_of(ana.get(f"{LIST}{found.pk}/"))

    assert re.search(r"made in the middle of the last periods, were off by \d", text)
    assert "likely between" in text


def test_a_forecast_that_nothing_can_check_yet_says_so(ana, world):
    """As with the three days of the sample import: enough to begin with, no closed period before them."""
    found = budget(world.acme, amount=1000, period="quarter")
    for age in range(4):
        spend(world.acme, 1, name=f"e{age}", at=now() - timedelta(days=age, minutes=1))

    text = text_of(ana.get(f"{LIST}{found.pk}/"))

    assert "likely between" in text
    assert "There is no closed period to check it against yet." in text


@pytest.mark.parametrize("path", [LIST, f"{LIST}new/", "/t/acme/alerts/"])
def test_queries_stay_few(ana, world, path):
    for number in range(12):
        budget(world.acme, name=f"b{number}", amount=number + 1)
    spend(world.acme, 5, at=now())
    check(world.acme, now=now())

    assert len(queries_of(ana, path)) <= MOST_QUERIES, queries_of(ana, path)


def test_queries_of_one_budget_and_one_alert_stay_few(ana, world, used):
    with world.acme.scope():
        alert = Alert.objects.first()
    for path in (f"{LIST}{used.pk}/", f"/t/acme/alerts/{alert.pk}/"):
        assert len(queries_of(ana, path)) <= MOST_QUERIES, queries_of(ana, path)


# --- the form


def test_a_budget_is_set_by_the_form(ana, world):
    with world.acme.scope():
        ops = Channel.objects.create(
            kind="email", name="ops", shown="o@acme.test", target=seal("ops@acme.test")
        )
    more = {"channels": [ops.pk], "week_day": "7", "forecast_thresholds": "100 %", "hard": "on"}

    answer = ana.post(f"{LIST}new/", BUDGET_FORM | {"thresholds": "50 80;120 %"} | more)

    with world.acme.scope():
        found = Budget.objects.get()
        assert answer.headers["Location"] == f"{LIST}{found.pk}/"
        assert (found.period, found.starts_on, found.hard) == ("week", 7, True)
        assert (found.thresholds, found.forecast_thresholds) == ([50, 80, 120], [100])
        assert (found.owner, found.client.slug) == (world.ana, "globex")
        assert BudgetChannel.objects.get().channel == ops


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"amount": "0"}, "more than nothing"),
        ({"amount": "NaN"}, "Enter a number"),
        ({"owner": "sam@nowhere.test"}, "not one of the available choices"),
        ({"owner": ""}, "required"),
        ({"thresholds": "half"}, "Whole per cent"),
        ({"thresholds": "0"}, "from 1 to 1000"),
        ({"period": "fixed"}, "needed there"),
        ({"counts": "everything", "shared": "on"}, "can be shared"),
        ({"name": ""}, "required"),
    ],
)
def test_a_form_with_an_error_is_shown_again_and_says_it(ana, world, change, said):
    answer = ana.post(f"{LIST}new/", BUDGET_FORM | change)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    with world.acme.scope():
        assert not Budget.objects.exists()


def test_a_budget_is_changed_by_its_form_as_it_is(ana, world, used):
    page = ana.get(f"{LIST}{used.pk}/edit/")
    filled = {
        name: value
        for name, value in page.context["form"].initial.items()
        if value not in (None, False, [])
    }

    ana.post(f"{LIST}{used.pk}/edit/", filled)
    with world.acme.scope():
        used.refresh_from_db()
        assert used.version == 1
    ana.post(f"{LIST}{used.pk}/edit/", filled | {"amount": "12.5"})

    with world.acme.scope():
        used.refresh_from_db()
        assert (used.version, str(used.amount.normalize())) == (2, "12.5")


def test_taking_out_of_use_leaves_the_list_and_keeps_the_history(ana, world, used):
    ana.post(f"{LIST}{used.pk}/archive/")

    assert "No budgets yet" in ana.get(LIST).content.decode()
    assert "50 % and 80 % used" in ana.get("/t/acme/alerts/").content.decode()


# --- who sees what


def test_a_member_sees_the_own_budgets_and_alerts_only(world, used):
    max_ = member(world, "max", Role.MEMBER)
    budget(world.acme, name="of Max", owner=max_, amount=1, period="day")
    check(world.acme, now=now())
    browser = browser_of(max_)

    listed, told = browser.get(LIST), browser.get("/t/acme/alerts/")

    assert "of Max" in text_of(listed) and f"{LIST}{used.pk}/" not in listed.content.decode()
    assert "New budget" not in text_of(listed)
    assert "of Max:" in text_of(told) and "Globex:" not in text_of(told)


def test_a_client_viewer_sees_shared_budgets_and_nobody_behind_them(world, used):
    hidden = budget(world.acme, name="not shared", amount=5)
    browser = browser_of(world.vik)

    assert "Your budgets" in text_of(browser.get("/t/acme/clients/globex/"))
    text = text_of(browser.get(LIST)) + text_of(browser.get(f"{LIST}{used.pk}/"))
    assert "$8.12" in text
    assert not re.search(r"ana@acme|not shared|Versions|Alerts|Responsible", text)
    assert browser.get(f"{LIST}{hidden.pk}/").status_code == 404


@pytest.mark.parametrize("view", ["billed", "hidden"])
def test_a_viewer_who_is_shown_other_figures_does_not_see_cost_by_way_of_a_budget(
    world, used, view
):
    with world.acme.scope():
        Client.objects.filter(slug="globex").update(price_view=view)
    browser = browser_of(world.vik)

    assert "$8.12" not in text_of(browser.get(LIST))
    assert browser.get(f"{LIST}{used.pk}/").status_code == 404


# --- alerts


def test_an_alert_is_acknowledged_on_its_page(ana, world, used):
    with world.acme.scope():
        alert = Alert.objects.first()
    assert "I take this on" in text_of(ana.get(f"/t/acme/alerts/{alert.pk}/"))

    ana.post(f"/t/acme/alerts/{alert.pk}/acknowledge/", {"note": "looking"})

    text = text_of(ana.get("/t/acme/alerts/"))
    assert text.count("50 % and 80 % used") == 1
    assert text_of(ana.get(f"{LIST}{used.pk}/")).count("50 % and 80 % used") == 1
    assert "looking" in text and "acknowledged ana@acme.test" in text
    assert "Nothing is open" in text_of(ana.get("/t/acme/alerts/?show=open"))


def test_an_alert_is_put_off_until_a_day_to_come(ana, world, used):
    with world.acme.scope():
        alert = Alert.objects.first()
    address = f"/t/acme/alerts/{alert.pk}/snooze/"
    for wrong in ("", "2020-01-01", "2999-01-01", "soon"):
        assert "Choose a day after today" in text_of(
            ana.post(address, {"until": wrong}, follow=True)
        )

    day = now().date() + timedelta(days=5)
    said = text_of(ana.post(address, {"until": day.isoformat()}, follow=True))

    assert "Nothing more of it until" in said
    assert "put off" in text_of(ana.get("/t/acme/alerts/"))
