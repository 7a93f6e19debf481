"""The explorer by keyboard alone, without scripts, on a small tablet and on paper."""

import re

import pytest

from tests.factories import event
from tests.journeys.test_spend_is_seen import sign_in

NOVEMBER = "since=2026-11-01&until=2026-12-01"
CONTROLS = "a[href], button, summary, input:not([type=hidden]), select, [tabindex='0']"
SEEN = f"""() => [...document.querySelectorAll("{CONTROLS}")]
    .filter((each) => each.checkVisibility())
    .map((each) => (each.dataset.place = Math.random().toString()))"""
FOCUSED = """() => {
    const each = document.activeElement, style = getComputedStyle(each);
    const rings = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    return [each.dataset.place, rings || each.closest("svg") !== null, each.tagName];
}"""
CUT = """() => [...document.querySelectorAll("main *")].filter((each) => {
    const end = each.getBoundingClientRect().right, room = document.documentElement.clientWidth;
    return each.checkVisibility() && !each.closest("svg, .vh, .scroll, thead") && end > room + 1;
}).map((each) => each.outerHTML.slice(0, 80))"""


@pytest.fixture
def explored(committed):
    """Three features on two days, one of them without a price."""
    for number, at in enumerate(("2026-11-20T12:10:00Z", "2026-11-19T12:10:00Z")):
        committed.acme.post(
            event(f"a-{number}", occurred_at=at, feature="chat"),
            event(f"b-{number}", occurred_at=at, feature="a feature whose name is long enough to wrap"),
            event(f"c-{number}", occurred_at=at, model="claude-opus-99"),
        )  # fmt: skip
    return committed


def press_until(page, name, *, most=80):
    """Press Tab until a control with this name has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        label = page.evaluate(
            "(document.activeElement.labels?.[0] || document.activeElement).innerText || ''"
        )
        if re.fullmatch(name, label.strip().split("\n")[0]):
            return
    raise AssertionError(f"{name} is not reached")


def test_every_control_is_reached_by_keyboard_and_a_row_is_opened_and_left(
    address, explored, browser
):
    page = sign_in(browser, address, explored.ana)
    page.goto(f"{address}/t/acme/explore/?{NOVEMBER}&group_by=feature")

    places, reached = page.evaluate(SEEN), []
    for _ in range(2 * len(places)):
        page.keyboard.press("Tab")
        place, is_seen, tag = page.evaluate(FOCUSED)
        if tag == "BODY":
            break
        assert is_seen, place
        reached.append(place)
    assert [each for each in places if each not in reached] == []
    assert len(reached) == len(set(reached)) > 30

    page.keyboard.press("Tab")
    press_until(page, "By")
    page.keyboard.type("Model")
    press_until(page, "Filters")
    page.keyboard.press("Enter")
    press_until(page, "Price")
    page.keyboard.type("known")
    press_until(page, "Show")
    page.keyboard.press("Enter")
    page.wait_for_url("**priced=yes**")
    assert "group_by=model" in page.url
    press_until(page, "Sonnet 4.6")
    page.keyboard.press("Enter")
    page.wait_for_url("**model=claude-sonnet-4-6**")
    press_until(page, "×")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "model=claude" not in url)
    assert page.complaints == []


def test_without_scripts_every_form_and_link_of_the_explorer_works(address, explored, browser):
    page = sign_in(browser, address, explored.ana, java_script_enabled=False)
    page.goto(f"{address}/t/acme/explore/")
    page.get_by_text("More…").click()
    page.get_by_label("From").fill("2026-11-01")
    page.get_by_label("Until, not included").fill("2026-12-01")
    page.locator("nav.range button").click()
    page.get_by_label("By", exact=True).select_option("feature")
    page.get_by_label("A row is").select_option("day")
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Price").select_option("no")
    page.get_by_role("button", name="Show", exact=True).last.click()

    assert "2 rows" in page.locator("main").inner_text()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save as CSV").click()
    assert saved.value.path().read_text().count("\n") == 3
    page.locator("table.rows th a", has_text="20 Nov").first.click()
    page.locator("table.rows th a", has_text="14:00").first.click()
    assert page.locator("main table tbody tr").count() == 1
    page.locator("main table tbody a").first.click()
    assert "claude-opus-99" in page.locator("main").inner_text()


def test_on_paper_and_on_a_small_tablet_tables_are_whole_and_nothing_is_cut(
    address, explored, browser
):
    page = sign_in(browser, address, explored.ana)
    for path in (f"explore/?{NOVEMBER}&group_by=feature,model", "", f"clients/globex/?{NOVEMBER}"):
        page.goto(f"{address}/t/acme/{path}")
        for width in (320, 700, 768, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            tables = page.locator("main section table.rows")
            shown = [each.is_visible() for each in tables.all()]
            assert shown and all(shown), (path, width)
            assert page.evaluate(CUT) == [], (path, width)

        page.set_viewport_size({"width": 718, "height": 1000})  # A4 between its margins
        page.emulate_media(media="print")
        gone = ("header.top", "nav.side", "nav.range", "form", "text=Save as CSV", ".skip")
        assert [each for each in gone if page.locator(each).first.is_visible()] == []
        assert page.evaluate(CUT) == [], path
        for table in page.locator("main section table.rows").all():
            shown = [table.locator(part).first for part in ("thead th", "tbody tr")]
            assert all(each.is_visible() for each in shown)
        assert page.pdf(format="A4")[:5] == b"%PDF-"
        page.emulate_media(media="screen")
    assert page.complaints == []
