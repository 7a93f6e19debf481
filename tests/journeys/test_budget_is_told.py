"""The way of a budget: set on a page, passed three times, told by mail, acknowledged by the link in one."""

import re
import time
from datetime import UTC, datetime

import pytest

from tests.channels.sinks import smtp_server
from tests.factories import event
from tests.journeys.conftest import wait_for, worker
from tests.journeys.test_spend_is_seen import call, sign_in


def send(base, company, dollars, name):
    """One event that costs so many dollars: a million input tokens of Haiku 4.5 are $1."""
    usage = {"input_tokens": int(dollars * 1_000_000), "output_tokens": 0}
    now = datetime.now(UTC).isoformat()
    sent = event(name, occurred_at=now, model="claude-haiku-4-5", usage=usage)
    assert call(base, "/events", company.keys["ingest"], body=sent)["accepted"] == 1


def text_of(mail):
    return mail.get_body(preferencelist=("plain",)).get_content()


@pytest.mark.smoke
def test_a_budget_is_set_passed_told_acknowledged_and_seen_in_its_history(
    address, committed, browser, settings, monkeypatch
):
    company = committed.acme
    with smtp_server(settings) as mailbox:
        monkeypatch.setenv("EMAIL_URL", f"smtp://127.0.0.1:{mailbox.port}")
        monkeypatch.setenv("PUBLIC_URL", address)
        page = sign_in(browser, address, committed.ana)
        page.goto(f"{address}/t/acme/budgets/")
        page.get_by_role("link", name="New budget").first.click()
        page.get_by_label("Name").fill("Globex, this month")
        page.get_by_label("What it counts").select_option("client:globex")
        page.get_by_label("Amount in US dollars").fill("10")
        page.get_by_role("button", name="Set the budget").click()
        assert page.get_by_role("heading", name="Globex, this month").is_visible()
        its_page = page.url

        waits = []
        with worker() as started:
            for number, dollars in enumerate((5.5, 3, 2), start=1):
                posted = time.monotonic()
                send(address, company, dollars, f"e-{number}")
                wait_for(lambda n=number: len(mailbox.mails) >= n, process=started)
                waits.append(time.monotonic() - posted)

        subjects = [mail["Subject"] for _, mail in mailbox.mails]
        assert subjects == [
            f"Globex, this month: {each} % of $10.00 used" for each in (50, 80, 100)
        ]
        assert {to for to, _ in mailbox.mails} == {"ana@acme.test"}
        last = text_of(mailbox.mails[-1][1])
        assert "100 % used: $10.50 of $10.00 (month to" in last
        assert "Responsible: ana@acme.test" in last
        assert max(waits) < 20, waits

    link = re.search(r"http\S+/acknowledge/\S+", last).group()
    reader = browser.new_context().new_page()  # nobody has signed in here
    reader.goto(link)
    assert "Nothing has happened yet" in reader.content()
    reader.get_by_label("Note").fill("The import is stopped.")
    reader.get_by_role("button", name="Acknowledge").click()
    assert reader.get_by_role("heading", name="Acknowledged").is_visible()

    page.goto(its_page)
    text = page.locator("main").inner_text()
    assert "The import is stopped." in text
    assert text.count("acknowledged") >= 3
    assert "105 % of $10.00" in text
    page.goto(f"{address}/t/acme/alerts/?show=open")
    assert "Nothing is open" in page.locator("main").inner_text()
    assert page.complaints == []


def test_pages_of_budgets_work_without_script_and_at_320_pixels(address, committed, browser):
    page = sign_in(
        browser,
        address,
        committed.ana,
        java_script_enabled=False,
        viewport={"width": 320, "height": 800},
        color_scheme="dark",
    )
    page.goto(f"{address}/t/acme/budgets/new/")
    page.get_by_label("Name").fill("Everything")
    page.get_by_label("Amount in US dollars").fill("1000")
    page.get_by_role("button", name="Set the budget").click()

    its_page = page.url
    for path in (
        its_page,
        f"{address}/t/acme/budgets/",
        f"{address}/t/acme/alerts/",
        f"{its_page}edit/",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
