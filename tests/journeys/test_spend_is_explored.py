"""The explorer in a browser: from a month to the lines of one price, and a file that says the same."""

import csv
from decimal import Decimal
from urllib.request import Request, urlopen

import msgspec

from tests.factories import COST, event
from tests.journeys.test_spend_is_seen import sign_in

NOVEMBER = "since=2026-11-01&until=2026-12-01"


def test_from_the_month_down_to_why_this_number_and_the_file_says_what_the_api_says(
    address, committed, browser
):
    acme = committed.acme
    for at in ("2026-11-20T12:10:00Z", "2026-11-20T15:10:00Z", "2026-11-19T12:10:00Z"):
        acme.post(event(at, occurred_at=at), event(f"={at}", occurred_at=at, feature="=1+1"))

    page = sign_in(browser, address, committed.ana)
    page.goto(f"{address}/t/acme/explore/?range=custom&{NOVEMBER}")
    page.get_by_label("By", exact=True).select_option("feature")
    page.get_by_label("A row is").select_option("day")
    page.get_by_role("button", name="Show").click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save as CSV").click()
    page.locator("table.rows th a", has_text="20 Nov").first.click()
    page.locator("table.rows th a", has_text="14:00").first.click()
    page.locator("main table a").first.click()

    assert "$0.0156" in page.locator("h1").inner_text()
    assert "claude-sonnet-4-6" in page.locator("main").inner_text()
    assert not page.complaints
    rows = list(csv.DictReader(saved.value.path().read_text(encoding="utf-8-sig").splitlines()))
    asked = Request(
        f"{address}/api/v1/spend?{NOVEMBER}&granularity=day&group_by=feature",
        headers={"Authorization": f"Bearer {acme.keys['read']}"},
    )
    with urlopen(asked) as answer:
        api = msgspec.json.decode(answer.read())
    of_the_file = sorted((row["period"], Decimal(row["cost"])) for row in rows)
    assert of_the_file == sorted((row["period"], Decimal(row["cost"])) for row in api["rows"])
    assert Decimal(api["total"]["cost"]) == 6 * Decimal(COST)
    assert not any(cell.startswith("=") for row in rows for cell in row.values())
