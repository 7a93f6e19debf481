"""/system/: operators see how the machine is and what to do, and nothing of anybody's spend."""

import re
import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.flow.proof import prove
from billing.models import DailySpend, SpendEntry
from costtrack import __version__
from costtrack.condition import condition
from costtrack.system import WHAT_TO_DO, WORDS, in_words
from tests.factories import NOON, event
from tests.operations.test_operate import make_operator
from tests.walls.roles import as_owner

DAY = NOON.date()


@pytest.fixture
def page(client, world):
    """The page as an operator sees it, as plain text."""
    client.force_login(make_operator())

    def ask():
        response = client.get("/system/")
        assert response.status_code == 200
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))

    return ask


@pytest.mark.smoke
@pytest.mark.parametrize("who", ["ana", "vik", "bo", "sam", None])
def test_for_everybody_else_it_is_not_there(client, world, who):
    if who:
        client.force_login(getattr(world, who))

    assert client.get("/system/").status_code == 404
    assert "/system/" not in client.get("/t/acme/").content.decode()


def test_an_operator_who_may_no_longer_sign_in_sees_nothing(client, world):
    operator = make_operator()
    client.force_login(operator)
    operator.is_active = False
    operator.save()

    assert client.get("/system/").status_code == 404


@pytest.mark.smoke
def test_a_system_where_all_is_well(page):
    text = page()

    assert "Ready to serve" in text
    assert "Nothing waits." in text
    assert "docs/runbook.md" not in text
    assert f"costtrack {__version__}" in text
    assert f"{timezone.now():%Y-%m}" in text


def test_every_part_has_its_words_and_something_to_do(db):
    names = {part.name for part in condition(now=timezone.now())}

    assert names == set(WHAT_TO_DO) == set(WORDS)


def test_what_is_wrong_comes_first_with_what_to_do(page, world):
    world.acme.post(event())
    world.brix.post(event())
    world.brix.fold()
    with world.acme.scope():
        SpendEntry.objects.update(stored_at=timezone.now() - timedelta(hours=3))
    with world.brix.scope():
        DailySpend.objects.update(events=2)
        prove(DAY, until=DAY + timedelta(days=1), now=timezone.now())

    text = page()

    assert "Journal: late , 3 h. Look whether a worker runs" in text
    assert "Verify: differs , 0 s (1 day). Run manage.py verify_spend" in text
    assert text.index("Journal: late") < text.index("Ready to serve")
    assert f"Tenant {world.acme.tenant.pk} 3 h 1" in text
    assert f"Tenant {world.brix.tenant.pk} wrong: 20 Nov 2026" in text


def test_a_database_without_its_walls_is_said_by_name(page, world):
    with as_owner() as cursor:
        cursor.execute("ALTER TABLE billing_dailyspend DISABLE ROW LEVEL SECURITY")
        cursor.execute("SET LOCAL ROLE costtrack_app")
        text = page()

    assert "Not ready to serve" in text
    assert "Tables without a wall: billing_dailyspend." in text


def test_nobodys_spend_name_or_address_is_shown(client, page, world):
    marks = {"Acme", "Brix", "acme", "Globex", "support-bot", "claude", "$", "ana@acme.test"}
    for company in (world.acme, world.brix):
        company.post(event("a", usage={"input_tokens": 0, "output_tokens": 1_357_913}))
        company.fold()
        company.post(event("b", feature="secret-feature"))
        with company.scope():
            DailySpend.objects.update(events=9)
            prove(DAY, until=DAY + timedelta(days=1), now=timezone.now())

    page()
    html = client.get("/system/").content.decode()

    for mark in marks | {"1,357,913", "1357913", "secret-feature"}:
        assert mark not in html, mark


def test_an_empty_month_long_ago_is_left_out_and_a_full_one_is_not(page, world):
    assert "2024-05" not in page()

    world.acme.post(event(occurred_at="2024-05-05T12:00:00Z"))

    assert "2024-05" in page()


def test_it_asks_as_much_whatever_there_is(client, page, world):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            client.get("/system/")
        return len(captured)

    page()
    empty = queries()
    for company in (world.acme, world.brix):
        company.post(*(event(f"e-{n}", feature=f"f-{n}") for n in range(50)))
        with company.scope():
            prove(date(2026, 11, 1), until=date(2026, 11, 30), now=timezone.now())

    assert queries() == empty <= 34


def test_an_age_is_said_in_the_unit_that_fits():
    ages = {0: "0 s", 59: "59 s", 60: "1 min", 7_199: "119 min", 7_200: "2 h", 172_800: "2 days"}

    assert {seconds: in_words(timedelta(seconds=seconds)) for seconds in ages} == ages


def test_the_version_is_that_of_the_project():
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]

    assert project["version"] == __version__
