"""Sign-in and what surrounds it, in our own words; and the pages of errors."""

import re

import pytest
from django.test import Client

from tenants.actions import add_member
from tenants.models import Role, User


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/accounts/login/", "Sign in"),
        ("/accounts/password/reset/", "Forgotten password"),
        ("/accounts/password/reset/done/", "Look into your mail"),
        ("/accounts/password/reset/key/x-y/", "New password"),
        ("/accounts/password/reset/key/done/", "Password changed"),
        ("/accounts/inactive/", "Account closed"),
        ("/accounts/signup/", "By invitation"),
    ],
)
def test_account_page_is_ours(client, db, path, words):
    response = client.get(path)

    page = response.content.decode()
    assert response.status_code == 200
    assert f"<h1>{words}</h1>" in page
    assert "css/tokens.css" in page
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*src=)", page)


@pytest.mark.parametrize(
    "path", ["/accounts/logout/", "/accounts/password/change/", "/accounts/email/"]
)
def test_account_page_of_a_person_is_ours(client, world, path):
    client.force_login(world.ana)

    page = client.get(path, follow=True).content.decode()

    assert "css/tokens.css" in page
    assert "Menu:" not in page


def test_nobody_is_asked_to_sign_up(client, db):
    assert "/signup/" not in client.get("/accounts/login/").content.decode()


def test_wrong_password_is_said_beside_the_form(client, world):
    answer = client.post("/accounts/login/", {"login": world.ana.email, "password": "wrong"})

    assert "errorlist" in answer.content.decode()


def test_signing_out_takes_a_post(client, world):
    client.force_login(world.ana)

    page = client.get("/t/acme/").content.decode()
    assert re.search(r'<form method="post" action="/accounts/logout/">', page)
    client.post("/accounts/logout/")

    assert client.get("/t/acme/").status_code == 302


def test_person_of_nowhere_is_told_whom_to_ask(client, world):
    client.force_login(world.sam)

    page = client.get("/").content.decode()

    assert "You belong to no company yet" in page
    assert world.sam.email in page


def test_person_of_one_company_goes_straight_there(client, world):
    client.force_login(world.bo)

    assert client.get("/").headers["Location"] == "/t/brix/"


def test_error_pages_are_ours(world):
    visitor = Client(raise_request_exception=False)
    visitor.force_login(world.sam)

    missing = visitor.get("/t/acme/")

    assert missing.status_code == 404
    assert "Nothing here" in missing.content.decode()
    assert "acme" not in missing.content.decode().lower()


@pytest.mark.parametrize("path", ["/t/acme/nothing-here/", "/nothing-here/", "/t/brix/"])
def test_whoever_has_signed_in_finds_the_way_back_from_nothing(client, world, path):
    client.force_login(world.ana)

    page = client.get(path)

    assert page.status_code == 404
    assert '<a href="/t/acme/clients/">Clients</a>' in page.content.decode()
    assert "Brix" not in page.content.decode()


def test_a_refusal_keeps_the_navigation_of_the_own_role(client, world):
    with world.acme.scope():
        add_member(actor="test", email="max@acme.test", role=Role.MEMBER)
    client.force_login(User.objects.get(email="max@acme.test"))

    page = client.get("/t/acme/keys/")

    assert page.status_code == 403
    assert '<a href="/t/acme/clients/">Clients</a>' in page.content.decode()
    assert "/t/acme/keys/" not in page.content.decode()


class TestSeveralCompanies:
    @pytest.fixture
    def ana(self, client, world):
        with world.brix.scope():
            add_member(actor="test", email="ana@acme.test", role=Role.FINANCE)
        client.force_login(world.ana)
        return client

    def test_the_first_time_the_start_asks_where_to(self, ana):
        assert "Where to?" in ana.get("/").content.decode()

    def test_the_start_leads_to_the_one_used_last(self, ana):
        found = []
        for slug in ("acme", "brix", "acme"):
            ana.get(f"/t/{slug}/")
            found.append(ana.get("/").headers["Location"])

        assert found == ["/t/acme/", "/t/brix/", "/t/acme/"]

    def test_another_browser_is_led_to_where_the_person_was(self, ana, world):
        ana.get("/t/brix/")
        other = Client()
        other.force_login(world.ana)

        assert other.get("/").headers["Location"] == "/t/brix/"

    def test_a_cookie_opens_nothing(self, client, world):
        client.force_login(world.bo)
        client.cookies["last"] = "acme"

        assert client.get("/").headers["Location"] == "/t/brix/"

    def test_the_head_switches_without_script(self, ana):
        page = ana.get("/t/acme/").content.decode()

        menu = page.split('<details class="menu">')[1].split("</details>")[0]
        assert '<a href="/t/brix/">Brix</a>' in menu
        assert '<a href="/t/acme/" aria-current="true">Acme</a>' in menu


def test_stale_form_is_explained(world):
    visitor = Client(enforce_csrf_checks=True)
    visitor.force_login(world.ana)

    answer = visitor.post("/t/acme/keys/", {"name": "x"})

    assert answer.status_code == 403
    assert "open too long" in answer.content.decode()


def test_icon_and_robots_are_answered(client, db):
    assert client.get("/favicon.ico").status_code == 302
    assert "Disallow: /" in client.get("/robots.txt").content.decode()
