"""The way of a person: invited, in, with a second factor, and in again; by a real browser."""

import os
import re
import time
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tests.journeys.test_spend_is_seen import PASSWORD, sign_in

SHOTS = os.environ.get("SHOTS")
"""A folder for pictures of every page, when somebody wants to look at them."""


def code_of(secret: str, *, step: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step))


def visitor(browser, **options):
    page = browser.new_context(**options).new_page()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    return page


def invite(owner, address, *, email="new@person.test", role="Member: reads") -> str:
    owner.goto(f"{address}/t/acme/members/")
    owner.get_by_label("E-mail").fill(email)
    owner.get_by_label(role).check()
    owner.get_by_role("button", name="Invite").click()
    return re.sub(r"^http://[^/]+", address, owner.locator("code.secret").inner_text())


def set_up_app(page, address, password) -> str:
    """The secret of the app that was set up."""
    page.goto(f"{address}/accounts/2fa/")
    page.get_by_role("link", name="Set up an app").click()
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Go on").click()
    secret = page.locator("code.secret").inner_text()
    page.get_by_label("Authenticator code").fill(code_of(secret))
    page.get_by_role("button", name="Turn it on").click()
    assert "Recovery codes" in page.locator("h1").inner_text()
    return secret


@pytest.mark.parametrize("script", [True, False])
def test_invited_in_with_a_second_factor_and_in_again(address, committed, browser, script):
    owner = sign_in(browser, address, committed.ana, java_script_enabled=script)
    link = invite(owner, address)

    new = visitor(browser, java_script_enabled=script, viewport={"width": 320, "height": 800})
    new.goto(link)
    new.get_by_label("Your name").fill("Nia New")
    new.get_by_label("Password").fill(PASSWORD)
    new.get_by_role("button", name="Accept").click()
    assert new.url == f"{address}/t/acme/"
    secret = set_up_app(new, address, PASSWORD)
    new.goto(f"{address}/accounts/logout/")
    new.get_by_role("button", name="Sign out").last.click()
    new.goto(f"{address}/accounts/login/")
    new.get_by_label("Email").first.fill("new@person.test")
    new.get_by_label("Password").first.fill(PASSWORD)
    new.get_by_role("button", name="Sign in", exact=True).click()
    assert "second factor" in new.locator("h1").inner_text()
    new.get_by_label("Code").fill(code_of(secret, step=1))
    new.get_by_role("button", name="Sign in", exact=True).click()

    assert new.url == f"{address}/t/acme/"
    assert new.locator("h1").inner_text() == "Acme"
    owner.goto(f"{address}/t/acme/members/")
    row = owner.locator("tr", has_text="new@person.test").first.inner_text()
    assert "Nia New" in row and "yes" in row
    assert (new.complaints, owner.complaints) == ([], [])


def test_a_passkey_is_added_and_signs_in_alone(address, committed, browser):
    """Browsers know passkeys under a name only, not under an address of digits."""
    address = address.replace("127.0.0.1", "localhost")
    page = sign_in(browser, address, committed.ana)
    keys = page.context.new_cdp_session(page)
    keys.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    keys.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    page.goto(f"{address}/accounts/2fa/webauthn/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.locator("input[name=passwordless]").check()
    page.get_by_role("button", name="Add it").click()
    page.wait_for_url("**/recovery-codes/")
    page.goto(f"{address}/accounts/logout/")
    page.get_by_role("button", name="Sign out").last.click()
    page.wait_for_url("**/login/")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/t/acme/")

    assert page.complaints == []


PAGES = [
    "/accounts/2fa/",
    "/accounts/sessions/",
    "/accounts/password/change/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/2fa/webauthn/",
    "/t/acme/members/",
    "/t/acme/audit/",
    "/t/acme/nothing-here/",
]
ENTRANCES = [
    "/accounts/login/",
    "/accounts/login/code/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/3rdparty/login/cancelled/",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 320])
def test_the_pages_of_people_fit_and_nothing_is_refused(address, committed, browser, width, scheme):
    look = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    page = sign_in(browser, address, committed.ana, **look)
    link = invite(page, address, email=f"w{width}{scheme}@person.test")
    page.goto(f"{address}/accounts/reauthenticate/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    stranger = visitor(browser, **look)

    for path in PAGES:
        seen(page, f"{address}{path}", width, scheme)
    page.goto(f"{address}/t/acme/members/")
    page.get_by_role("link", name="Change").first.click()
    seen(page, page.url, width, scheme, name="member")
    for path in [*ENTRANCES, link.removeprefix(address)]:
        seen(stranger, f"{address}{path}", width, scheme)
    seen(page, link, width, scheme, name="other")

    refusals = ("Failed to load resource: the server responded with a status of 40",)
    assert [each for each in page.complaints if not each.startswith(refusals)] == []
    assert stranger.complaints == []


def seen(page, url, width, scheme, name=""):
    page.goto(url)
    name = name or re.sub(r"\W+", "-", url.split("/", 3)[3].split("?")[0][:40]).strip("-")
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{scheme}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, url
