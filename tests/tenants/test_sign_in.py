"""Signing in: by a mailed code, after a forgotten password, within limits that lock nobody out."""

import smtplib

import pytest
from django.core import mail
from django.test import Client as Browser

from costtrack import cache as cache_module
from tests.tenants.test_factors import PASSWORD, code_of, give_factor, sign_in


@pytest.fixture
def redis_away(settings):
    """The cache points to a Redis that is not there."""
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"LOCATION": "unix:///nowhere/redis.sock"}
    }
    cache_module._memory.clear()
    yield
    cache_module._memory.clear()


def guess(times: int, email: str) -> list[bool]:
    """Whether each wrong password was answered with `too many`."""
    return [
        "Too many attempts"
        in Browser()
        .post("/accounts/login/", {"login": email, "password": f"wrong {number}"})
        .content.decode()
        for number in range(times)
    ]


def test_a_mailed_code_signs_in(world):
    browser = Browser()
    browser.post("/accounts/login/code/", {"email": world.ana.email})
    (letter,) = mail.outbox
    code = letter.subject.split()[0]

    browser.post("/accounts/login/code/confirm/", {"code": code})

    assert browser.get("/t/acme/").status_code == 200
    assert letter.subject == f"{code} is your code to sign in"
    assert "costtrack" in letter.body
    assert "example.com" not in letter.body


def test_a_mailed_code_holds_for_three_tries(world):
    browser = Browser()
    browser.post("/accounts/login/code/", {"email": world.ana.email})
    code = mail.outbox[0].subject.split()[0]
    for _ in range(3):
        browser.post("/accounts/login/code/confirm/", {"code": "BBBB-BBBB"})

    browser.post("/accounts/login/code/confirm/", {"code": code})

    assert browser.get("/t/acme/").status_code == 302


@pytest.mark.parametrize(
    ("path", "field"), [("/accounts/login/code/", "email"), ("/accounts/password/reset/", "email")]
)
def test_known_and_unknown_addresses_are_answered_alike(world, path, field):
    answers = [
        Browser().post(path, {field: address}, follow=True)
        for address in (world.ana.email, "who@nowhere.test")
    ]

    pages = [
        answer.content.decode().replace(address, "…")
        for answer, address in zip(answers, (world.ana.email, "who@nowhere.test"), strict=True)
    ]
    tokens = [page.split('csrfmiddlewaretoken" value="') for page in pages]
    plain = [parts[0] + "".join(part[64:] for part in parts[1:]) for parts in tokens]
    assert plain[0] == plain[1]
    assert [letter.to for letter in mail.outbox] == [[world.ana.email], ["who@nowhere.test"]]


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(world):
    pages = [
        Browser().post("/accounts/login/", {"login": login, "password": "wrong"}).content.decode()
        for login in (world.ana.email, "who@nowhere.test")
    ]

    assert ["do not belong together" in page for page in pages] == [True, True]


def test_the_reset_mail_is_in_our_words_and_its_link_works_once(world):
    Browser().post("/accounts/password/reset/", {"email": world.ana.email})
    (letter,) = mail.outbox
    assert letter.subject == "Choose a new password"
    assert [kind for _, kind in letter.alternatives] == ["text/html"]
    link = next(line for line in letter.body.splitlines() if line.startswith("http"))

    found = []
    for password in ("first new password", "second new password"):
        browser = Browser()
        form = browser.get(link, follow=True)
        browser.post(form.request["PATH_INFO"], {"password1": password, "password2": password})
        world.ana.refresh_from_db()
        found.append(world.ana.check_password(password))

    assert found == [True, False]
    assert mail.outbox[-1].subject == "Your password was changed"


def test_a_mail_server_that_is_away_breaks_nothing_and_is_said(world, monkeypatch):
    def away(*_, **__):
        raise smtplib.SMTPServerDisconnected("away")

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", away)

    for address in (world.ana.email, "who@nowhere.test"):
        answer = Browser().post("/accounts/password/reset/", {"email": address}, follow=True)
        assert answer.status_code == 200
        assert "could not be sent" in answer.content.decode()


def test_guessing_a_password_ends_after_five(world):
    assert guess(6, world.ana.email) == [False] * 5 + [True]


def test_with_redis_away_people_sign_in_and_guessing_still_ends(world, redis_away):
    browser, answer = sign_in(world.ana)
    assert answer.status_code == 302
    assert browser.get("/t/acme/").status_code == 200

    assert guess(6, world.vik.email) == [False] * 5 + [True]


def test_with_redis_away_a_second_factor_still_opens_and_its_code_works_once(world, redis_away):
    give_factor(world.ana)
    code, found = code_of(), []

    for _ in range(2):
        browser, _ = sign_in(world.ana)
        browser.post("/accounts/2fa/authenticate/", {"code": code})
        found.append(browser.get("/t/acme/").status_code)

    assert found == [200, 302]


def test_a_signed_in_password_change_ends_the_other_sessions(world):
    first, _ = sign_in(world.ana)
    second, _ = sign_in(world.ana)

    second.post(
        "/accounts/password/change/",
        {
            "oldpassword": PASSWORD,
            "password1": "quite another one",
            "password2": "quite another one",
        },
    )

    assert first.get("/t/acme/").status_code == 302
    assert second.get("/t/acme/").status_code == 200
