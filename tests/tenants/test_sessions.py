"""Sessions: listed with device and place, ended one by one or all, and by time."""

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from tenants import sessions
from tenants.sessions import device
from tenants.web.sessions import place_in_words
from tests.tenants.test_factors import sign_in

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0 Safari/537.36"
)
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.0 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def later(monkeypatch):
    """Move the clock that sessions are judged by."""

    began = timezone.now()

    def move(age: timedelta) -> None:
        at = began + age
        monkeypatch.setattr(sessions.timezone, "now", lambda: at)

    return move


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (CHROME, "Chrome on Windows"),
        (CHROME + " Edg/142.0", "Edge on Windows"),
        (SAFARI, "Safari on iPhone"),
        ("curl/8.5", "an unknown browser"),
        ("", "an unknown browser"),
    ],
)
def test_a_device_in_words(agent, words):
    assert device(agent) == words


@pytest.mark.parametrize(
    ("ip", "words"),
    [
        ("203.0.113.9", "from where you are now (203.0.113.9)"),
        ("127.0.0.1", "from this machine"),
        ("10.1.2.3", "from a network inside (10.1.2.3)"),
        ("8.8.8.8", "from 8.8.8.8"),
    ],
)
def test_a_place_in_words(ip, words):
    assert place_in_words(ip, here="203.0.113.9") == words


def test_the_page_lists_own_sessions_only(world):
    ana, _ = sign_in(world.ana)
    sign_in(world.vik)
    world.ana.set_password("a long password")

    page = ana.get("/accounts/sessions/").content.decode()

    assert page.count('<th scope="row">') == 1
    assert "this one" in page


def test_one_session_can_be_ended_and_only_by_its_owner(world):
    from allauth.usersessions.models import UserSession

    world.ana.set_password("a long password")
    world.ana.save()
    browsers = []
    for _ in range(2):
        browser = Browser(headers={"user-agent": FIREFOX})
        browser.post("/accounts/login/", {"login": world.ana.email, "password": "a long password"})
        browsers.append(browser)
    first, second = browsers
    ending = UserSession.objects.get(session_key=first.session.session_key)
    vik, _ = sign_in(world.vik)

    assert vik.post(f"/accounts/sessions/{ending.pk}/end/").status_code == 404
    assert first.get("/t/acme/").status_code == 200
    assert second.post(f"/accounts/sessions/{ending.pk}/end/").status_code == 302

    assert first.get("/t/acme/").status_code == 302
    assert second.get("/t/acme/").status_code == 200


def test_signing_out_everywhere_ends_all_of_them_and_nobody_elses(world):
    world.ana.set_password("a long password")
    world.ana.save()
    browsers = [Browser() for _ in range(3)]
    for browser in browsers:
        browser.post("/accounts/login/", {"login": world.ana.email, "password": "a long password"})
    vik, _ = sign_in(world.vik)

    browsers[0].post("/accounts/sessions/")

    assert [browser.get("/t/acme/").status_code for browser in browsers] == [302] * 3
    assert vik.get("/t/acme/clients/globex/").status_code == 200


def test_a_session_that_is_not_used_ends_after_the_idle_limit(world, settings, later):
    browser, _ = sign_in(world.ana)

    later(settings.SESSION_IDLE - timedelta(minutes=1))
    assert browser.get("/t/acme/").status_code == 200
    later(settings.SESSION_IDLE * 2 + timedelta(minutes=1))

    assert browser.get("/t/acme/").status_code == 302


def test_a_session_in_use_ends_at_the_latest_after_the_absolute_limit(world, settings, later):
    browser, _ = sign_in(world.ana)
    used = [settings.SESSION_AT_MOST * part / 10 for part in range(1, 10)]

    found = []
    for age in [*used, settings.SESSION_AT_MOST + timedelta(minutes=1)]:
        later(age)
        found.append(browser.get("/t/acme/").status_code)

    assert found == [200] * 9 + [302]
    assert "You were signed out" in browser.get("/accounts/login/").content.decode()


def test_use_is_noted_now_and_then_only(world, later, django_assert_num_queries):
    browser, _ = sign_in(world.ana)
    before = browser.session[sessions.USED]

    later(timedelta(minutes=5))
    browser.get("/accounts/sessions/")
    assert browser.session[sessions.USED] == before
    later(timedelta(minutes=15))
    browser.get("/accounts/sessions/")

    assert browser.session[sessions.USED] > before
