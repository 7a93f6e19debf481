"""From a new key to the first figure, and from an old key to the next: in a browser, with the worker away."""

import re
from datetime import timedelta
from urllib.error import HTTPError

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db.models import F

from tenants.models import ApiKey
from tests.factories import USAGE
from tests.journeys.test_spend_is_seen import PASSWORD, call, sign_in


def status_of(base, secret):
    try:
        call(base, "/clients", secret)
    except HTTPError as error:
        return error.code
    return 200


@pytest.mark.smoke
def test_the_start_page_turns_green_by_itself_when_the_pasted_lines_have_run(
    address, committed, browser
):
    page = sign_in(browser, address, committed.ana)
    page.goto(f"{address}/t/acme/")
    page.locator("main").get_by_role("link", name="Send events").click()
    page.get_by_role("button", name="Make another key").click()
    page.get_by_text("TypeScript").click()
    lines = page.locator("details[open] pre").inner_text()
    secret = re.search(r"ct_[\w-]{51}", lines).group()
    assert page.get_by_role("heading", name="Waiting for the first event").is_visible()

    answered = {"id": "msg_1", "model": "claude-sonnet-4-6", "stop_reason": "end_turn"}
    run = f"""async ([key, response]) => {{
        const process = {{ env: {{ COSTTRACK_KEY: key }} }};
        {lines}
        return (await answer.json()).accepted; }}"""
    assert page.evaluate(run, [secret, answered | {"usage": USAGE}]) == 1

    page.get_by_text("Events arrive.").wait_for(timeout=15_000)
    assert "claude-sonnet-4-6 in support-bot, $0.0156" in page.locator("#arrived").inner_text()
    assert page.get_by_text("TypeScript").is_visible()  # the rest of the page stayed as it was
    assert secret in page.locator("details[open] pre").inner_text()
    page.get_by_role("link", name="To the budgets").click()
    assert page.get_by_role("heading", name="New budget").is_visible()
    assert page.complaints == []


def test_without_script_the_start_page_has_a_link_that_looks_again(address, committed, browser):
    page = sign_in(
        browser,
        address,
        committed.ana,
        java_script_enabled=False,
        viewport={"width": 320, "height": 800},
    )
    page.goto(f"{address}/t/acme/start/")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    event = {"id": "e", "project": "support-bot", "model": "claude-sonnet-4-6", "usage": USAGE}
    event["occurred_at"] = "2026-11-22T10:00:00Z"
    call(address, "/events", committed.acme.keys["ingest"], body=event)

    page.get_by_role("link", name="Look again").click()

    assert page.get_by_text("Events arrive.").is_visible()


@pytest.mark.smoke
def test_a_rotated_key_works_beside_the_new_one_until_its_moment(address, committed, browser):
    acme, old = committed.acme, committed.acme.keys["read"]
    page = sign_in(browser, address, committed.ana)
    page.goto(f"{address}/t/acme/keys/")
    row = page.get_by_role("row").filter(has_text=old[:11])
    row.get_by_text("Rotate…").click()
    row.get_by_label("The old secret works").select_option("for an hour")
    row.get_by_role("button", name="Rotate it").click()
    new = page.locator("code.secret").inner_text()

    assert [status_of(address, each) for each in (old, new)] == [200, 200]
    assert (
        "took its place; works until"
        in page.get_by_role("row").filter(has_text=old[:11]).inner_text()
    )

    with acme.scope():  # an hour later
        ApiKey.objects.filter(prefix=old[:11]).update(
            expires_at=F("expires_at") - timedelta(hours=1)
        )
    assert [status_of(address, each) for each in (old, new)] == [401, 200]
    page.goto(f"{address}/t/acme/keys/")
    assert "ended" in page.get_by_role("row").filter(has_text=old[:11]).inner_text()
    assert page.complaints == []


def test_with_the_keyboard_alone_from_signing_in_to_a_budget(address, committed, browser):
    hasher = Argon2PasswordHasher()
    committed.ana.password = hasher.encode(PASSWORD, hasher.salt())
    committed.ana.save()
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}/t/acme/budgets/")

    def tab_to(name):
        """The next thing in the order of the keyboard whose words, label or value are these."""
        for _ in range(60):
            page.keyboard.press("Tab")
            found = page.evaluate(
                "() => { const e = document.activeElement; return (e.labels?.[0]?.textContent"
                " || e.textContent || '').trim() }"
            )
            if found == name:
                assert page.evaluate("() => document.activeElement.matches(':focus-visible')"), name
                return
        raise AssertionError(f"the keyboard never came to {name!r}")

    tab_to("Email")
    page.keyboard.type(committed.ana.email)
    tab_to("Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/t/acme/budgets/")
    tab_to("Skip to content")
    page.keyboard.press("Enter")
    tab_to("New budget")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/t/acme/budgets/new/")
    tab_to("Name")
    page.keyboard.type("By keyboard")
    tab_to("Amount in US dollars")
    page.keyboard.type("500")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="By keyboard").wait_for()
