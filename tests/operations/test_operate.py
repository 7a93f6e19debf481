"""/operate/: operators with a second factor look at accounts and companies; each look is logged."""

import re
from decimal import Decimal

import pytest
from django.test import Client as Browser
from django.utils import timezone
from structlog.testing import capture_logs

from billing.flow.set_budget import Counts, NewTerms, set_budget
from tenants.models import User
from tests.factories import event
from tests.tenants.test_factors import give_factor

PATHS = [
    "/operate/",
    "/operate/companies/",
    "/operate/companies/acme/",
    "/operate/tenants/user/",
    "/operate/tenants/",
    "/system/",
]


def make_operator() -> User:
    operator = User.objects.create_superuser("ops@host.test", "a long password")
    give_factor(operator)
    return operator


@pytest.fixture
def operator(client, world):
    client.force_login(make_operator())
    return client


@pytest.mark.parametrize("path", PATHS)
def test_an_operator_may_look(operator, path):
    page = operator.get(path)

    assert page.status_code == 200
    assert not re.search(r"<style|\sstyle=\"|<script(?![^>]*src=)", page.content.decode())


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("flags", [{"is_staff": True}, {"is_superuser": True}])
def test_half_an_operator_finds_nothing(world, path, flags):
    half = User.objects.create_user("half@host.test", "a long password", **flags)
    give_factor(half)
    browser = Browser()
    browser.force_login(half)

    assert browser.get(path).status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_an_operator_without_a_second_factor_is_led_to_one(world, path):
    browser = Browser()
    browser.force_login(User.objects.create_superuser("ops@host.test", "a long password"))

    answer = browser.get(path)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/2fa/")


def test_of_a_company_only_who_belongs_to_it_is_shown(operator):
    page = operator.get("/operate/companies/acme/").content.decode()

    assert "ana@acme.test" in page
    assert "bo@brix.test" not in page
    assert operator.get("/operate/companies/nope/").status_code == 404


def test_of_a_company_its_budgets_are_shown_and_nobody_elses(operator, world):
    for company, owner in ((world.acme, world.ana), (world.brix, world.bo)):
        company.post(event())
        with company.scope():
            set_budget(
                actor=owner,
                name=f"Budget of {company.tenant.name}",
                counts=Counts(),
                terms=NewTerms(amount=Decimal("0.03"), period="month", owner=owner),
                shared=False,
                now=timezone.now(),
            )

    page = operator.get("/operate/companies/acme/").content.decode()

    assert "Budget of Acme" in page and "52 %" in page
    assert "Budget of Brix" not in page


def test_an_operator_is_no_member_of_anything(operator):
    assert operator.get("/t/acme/").status_code == 404


def test_each_look_is_logged_with_who_and_what(operator):
    with capture_logs() as logs:
        operator.get("/operate/companies/acme/")

    looks = [each for each in logs if each["event"].startswith("operator_looked")]
    assert [each["event"] for each in looks] == ["operator_looked", "operator_looked_inside"]
    assert looks[0]["at"] == "/operate/companies/acme/"
    assert looks[1]["tenant"]
    assert all(each["person"] for each in looks)


def test_nothing_can_be_changed_and_no_secret_is_shown(operator, world):
    user = f"/operate/tenants/user/{world.ana.pk}"

    page = operator.get(f"{user}/change/").content.decode()
    assert "ana@acme.test" in page
    assert world.ana.password not in page
    assert 'name="_save"' not in page

    assert operator.post(f"{user}/change/", {"email": "x@x.test"}).status_code == 403
    assert operator.post(f"{user}/delete/", {"post": "yes"}).status_code == 403
    assert operator.get("/operate/tenants/user/add/").status_code == 403
    assert User.objects.get(pk=world.ana.pk).email == "ana@acme.test"


def test_accounts_are_listed_in_queries_that_do_not_grow(operator, django_assert_max_num_queries):
    for number in range(30):
        User.objects.create_user(f"p{number}@host.test")

    with django_assert_max_num_queries(9):
        operator.get("/operate/tenants/user/")
