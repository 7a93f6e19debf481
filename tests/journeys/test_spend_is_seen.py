"""The way of an event, from a program's post to a person's page, by real processes."""

import json
import urllib.request
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.management import call_command

from billing.flow.verify import days_with_events, verify
from billing.models import SpendEntry
from billing.money import dollars
from tests.factories import event
from tests.journeys.conftest import wait_for, worker

SAMPLES = Path(__file__).resolve().parent.parent / "samples" / "claude-code"
PASSWORD = "correct horse battery"
SAMPLE_DAYS = "since=2026-02-01&until=2026-03-01"


def call(base, path, key, *, body=None):
    request = urllib.request.Request(
        f"{base}/api/v1{path}",
        data=json.dumps(body).encode() if body is not None else None,
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def sign_in(browser, base, person, **options):
    """A signed-in page that notes everything the browser complains of."""
    hasher = Argon2PasswordHasher()  # the server's own; the tests have a quicker one
    person.password = hasher.encode(PASSWORD, hasher.salt())
    person.save()
    page = browser.new_context(**options).new_page()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"{base}/accounts/login/")
    page.get_by_label("E-mail").or_(page.get_by_label("Email")).first.fill(person.email)
    page.get_by_label("Password").first.fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()
    return page


@pytest.mark.smoke
def test_owner_and_client_read_the_dollars_that_the_api_gives(address, committed, browser):
    company = committed.acme
    call_command("import_claude_code", SAMPLES, tenant="acme", project="support-bot")
    call(address, "/events", company.keys["ingest"], body=event("x", project="contract-agent"))
    by_client = call(
        address, f"/spend?{SAMPLE_DAYS}&granularity=total&group_by=client", company.keys["read"]
    )
    (row,) = by_client["rows"]
    assert (row["client"], row["cost"], row["events"]) == ("globex", "29.56586865", 569)
    shown = dollars(Decimal(row["cost"]))

    owner = sign_in(browser, address, committed.ana)
    owner.goto(f"{address}/t/acme/clients/globex/?{SAMPLE_DAYS}")
    client = sign_in(browser, address, committed.vik)
    client.goto(f"{address}/t/acme/clients/globex/?{SAMPLE_DAYS}")

    for page in (owner, client):
        assert shown in page.locator("main").inner_text()
        assert page.complaints == []
    assert "Initech" not in client.content()
    assert client.goto(f"{address}/t/acme/clients/initech/").status == 404
    assert client.goto(f"{address}/t/acme/keys/").status == 403
    assert client.goto(f"{address}/t/brix/").status == 404


def test_pages_are_right_while_no_worker_lives_and_after_one_has_folded(
    address, committed, browser
):
    company = committed.acme
    batch = {"events": [event(f"e-{n}", feature=f"f-{n % 3}") for n in range(200)]}
    answer = call(address, "/events", company.keys["ingest"], body=batch)
    assert answer["accepted"] == 200
    query = "/spend?since=2026-11-01&until=2026-12-01&group_by=project,feature"
    before = call(address, query, company.keys["read"])
    assert before["total"]["cost"] == "3.12"
    page = sign_in(browser, address, committed.ana)
    page.goto(f"{address}/t/acme/clients/globex/?since=2026-11-01&until=2026-12-01")
    assert "$3.12" in page.locator("main").inner_text()

    with worker() as started:
        call(address, "/events", company.keys["ingest"], body=event("one more"))
        wait_for(lambda: unfolded(company) == 0, process=started)

    after = call(address, query, company.keys["read"])
    assert after["total"]["events"] == 201
    assert Decimal(after["total"]["cost"]) - Decimal(before["total"]["cost"]) == Decimal("0.0156")
    with company.scope():
        first, last = days_with_events()
        assert verify(first, until=last) == []


def unfolded(company):
    with company.scope():
        return SpendEntry.objects.count()


def test_the_client_page_works_without_script_and_at_320_pixels(address, committed, browser):
    committed.acme.post(event("a"), event("b", model="claude-opus-9"))

    page = sign_in(
        browser,
        address,
        committed.vik,
        java_script_enabled=False,
        viewport={"width": 320, "height": 800},
        color_scheme="dark",
    )
    page.goto(f"{address}/t/acme/clients/globex/?since=2026-11-01&until=2026-12-01")

    text = page.locator("main").inner_text()
    assert "≥" in text
    assert "$0.02" in text or "$0.016" in text
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
