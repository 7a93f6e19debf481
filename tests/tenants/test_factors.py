"""Second factors: sealed at rest, asked for at every way in, and the way back when one is lost."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser

from tenants.models import User
from tenants.sealed import opened

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "a long password"


def give_factor(user: User) -> None:
    TOTP.activate(user, SECRET)


def code_of(secret: str = SECRET) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def sign_in(person: User, password: str = PASSWORD) -> tuple[Browser, object]:
    person.set_password(password)
    person.save()
    browser = Browser()
    answer = browser.post("/accounts/login/", {"login": person.email, "password": password})
    return browser, answer


def stored(user: User) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(data::text, ' ') FROM mfa_authenticator WHERE user_id = %s",
            [user.pk],
        )
        return cursor.fetchone()[0]


def test_seeds_are_sealed_in_the_database(world):
    give_factor(world.ana)
    codes = RecoveryCodes.activate(world.ana)

    kept = stored(world.ana)

    assert SECRET not in kept
    assert not any(code in kept for code in codes.get_unused_codes())
    assert opened(Authenticator.objects.get(type="totp").data["secret"]) == SECRET
    assert len(opened(codes.instance.data["seed"])) == 80


def test_an_app_is_set_up_with_a_picture_of_our_own(world):
    browser, _ = sign_in(world.ana)

    asked = browser.get("/accounts/2fa/totp/activate/")
    assert asked.headers["Location"].startswith("/accounts/reauthenticate/")
    browser.post(asked.headers["Location"], {"password": PASSWORD})
    page = browser.get("/accounts/2fa/totp/activate/")
    assert 'src="data:image/svg+xml;base64,' in page.content.decode()
    secret = page.context["form"].secret
    done = browser.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)})

    assert done.headers["Location"] == "/accounts/2fa/recovery-codes/"
    codes = browser.get("/accounts/2fa/recovery-codes/")
    assert codes.content.decode().count("\n", codes.content.decode().index("<pre")) >= 10
    assert secret not in stored(world.ana)


def test_a_new_factor_ends_the_other_sessions(committed):
    world = committed
    first, _ = sign_in(world.ana)
    second, _ = sign_in(world.ana)
    second.post("/accounts/reauthenticate/", {"password": PASSWORD})
    secret = second.get("/accounts/2fa/totp/activate/").context["form"].secret

    second.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)})

    assert first.get("/t/acme/").status_code == 302
    assert second.get("/t/acme/").status_code == 200


def test_the_code_is_asked_for_after_the_password(world):
    give_factor(world.ana)

    browser, answer = sign_in(world.ana)
    assert answer.headers["Location"] == "/accounts/2fa/authenticate/"
    assert browser.get("/t/acme/").status_code == 302
    wrong = browser.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert "not right" in wrong.content.decode()
    browser.post("/accounts/2fa/authenticate/", {"code": code_of()})

    assert browser.get("/t/acme/").status_code == 200


def test_a_code_works_once(world):
    give_factor(world.ana)
    code = code_of()
    browser, _ = sign_in(world.ana)
    browser.post("/accounts/2fa/authenticate/", {"code": code})
    assert browser.get("/t/acme/").status_code == 200

    again, _ = sign_in(world.ana)
    again.post("/accounts/2fa/authenticate/", {"code": code})

    assert again.get("/t/acme/").status_code == 302


def test_a_code_works_once_for_as_long_as_it_holds(world):
    """allauth forgets after half a minute that a code was used, which holds for a minute and a half."""
    give_factor(world.ana)
    code = code_of()
    browser, _ = sign_in(world.ana)
    browser.post("/accounts/2fa/authenticate/", {"code": code})
    assert cache.delete(f"allauth.mfa.totp.used?user={world.ana.pk}&code={code}")

    again, _ = sign_in(world.ana)
    again.post("/accounts/2fa/authenticate/", {"code": code})

    assert again.get("/t/acme/").status_code == 302


def test_a_recovery_code_opens_once(world):
    give_factor(world.ana)
    (code, *_) = RecoveryCodes.activate(world.ana).get_unused_codes()

    found = []
    for _ in range(2):
        browser, _ = sign_in(world.ana)
        browser.post("/accounts/2fa/authenticate/", {"code": code})
        found.append(browser.get("/t/acme/").status_code)

    assert found == [200, 302]


def test_guessing_codes_ends_after_five(world):
    give_factor(world.ana)
    browser, _ = sign_in(world.ana)

    answers = [
        browser.post("/accounts/2fa/authenticate/", {"code": f"00000{number}"}).content.decode()
        for number in range(6)
    ]

    assert ["Too many attempts" in answer for answer in answers] == [False] * 5 + [True]
    right = browser.post("/accounts/2fa/authenticate/", {"code": code_of()})
    assert right.status_code == 200


@pytest.mark.parametrize("way", ["code", "reset"])
def test_no_way_in_goes_round_the_second_factor(world, way):
    give_factor(world.ana)
    browser = Browser()

    if way == "code":
        browser.post("/accounts/login/code/", {"email": world.ana.email})
        code = mail.outbox[0].subject.split()[0]
        answer = browser.post("/accounts/login/code/confirm/", {"code": code})
        assert answer.headers["Location"] == "/accounts/2fa/authenticate/"
    else:
        browser.post("/accounts/password/reset/", {"email": world.ana.email})
        link = next(
            line for line in mail.outbox[0].body.splitlines() if "/password/reset/key/" in line
        )
        form = browser.get(link, follow=True)
        browser.post(
            form.request["PATH_INFO"],
            {"password1": "another long one", "password2": "another long one"},
        )
        answer = browser.post(
            "/accounts/login/", {"login": world.ana.email, "password": "another long one"}
        )
        assert answer.headers["Location"] == "/accounts/2fa/authenticate/"
    assert browser.get("/t/acme/").status_code == 302
