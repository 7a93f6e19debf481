"""Owner and client side by side: cost and margin for one, what is billed for the other, and one statement."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billing.flow.set_budget import Counts, NewTerms, set_budget
from billing.flow.terms import add_terms
from billing.models import Markup
from billing.money import dollars
from tenants.actions import set_price_view
from tenants.models import PriceView
from tests.factories import event
from tests.journeys.test_spend_is_seen import sign_in
from tests.pictures import png

GLOBEX = "/t/acme/clients/globex/"
COST = Decimal("3.12")
BILLED = Decimal("4.68")


@pytest.fixture
def billed(committed):
    """Globex is billed half as much again as the $3.12 that it costs, and reads a budget of $10."""
    now, company = datetime.now(UTC), committed.acme
    client = company.clients["globex"]
    with company.scope():
        set_price_view(client, actor="test", view=PriceView.BILLED)
        since = (now - timedelta(days=40)).date()
        add_terms(
            Markup(client_id=client.pk, percent=Decimal(50), since=since), actor="test", now=now
        )
        terms = NewTerms(amount=Decimal(10), period="month", owner=committed.ana, basis="billed")
        set_budget(
            actor="test",
            name="Globex",
            counts=Counts(client=client),
            terms=terms,
            shared=True,
            now=now,
        )
    at = (now - timedelta(seconds=30)).isoformat()
    company.post(*(event(f"e-{number}", occurred_at=at) for number in range(200)))
    company.post(event("other", occurred_at=at, project="contract-agent"))
    return committed


def test_owner_and_client_read_their_own_figures_and_one_statement(
    address, billed, browser, tmp_path
):
    owner = sign_in(browser, address, billed.ana)
    owner.goto(f"{address}{GLOBEX}edit/")
    owner.get_by_label("Responsible").select_option("ana@acme.test")
    owner.get_by_role("button", name="Save").click()
    logo = tmp_path / "logo.png"
    logo.write_bytes(png("globex", width=120, height=40))
    owner.goto(f"{address}{GLOBEX}edit/")
    owner.get_by_label("Logo").set_input_files(logo)
    owner.get_by_role("button", name="Upload").click()
    owner.goto(f"{address}{GLOBEX}")
    staff = owner.locator("main").inner_text()
    assert dollars(COST) in staff and "Margin" in staff and dollars(BILLED) in staff

    client = sign_in(
        browser,
        address,
        billed.vik,
        java_script_enabled=False,
        viewport={"width": 320, "height": 800},
    )
    client.goto(f"{address}/t/acme/")
    text = client.locator("main").inner_text()
    assert "Your spend" in text and dollars(BILLED) in text and "46 % of $10.00" in text
    assert "ana@acme.test" in text
    assert dollars(COST) not in text and "Margin" not in text and "Initech" not in text
    assert client.locator("img.logo").evaluate("each => each.naturalWidth") == 120
    assert client.evaluate("document.documentElement.scrollWidth") <= 320

    client.get_by_role("link", name="Statements").click()
    client.locator("main table a").first.click()
    sheets = []
    for page in (client, owner):
        page.goto(client.url)
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
        page.emulate_media(media="print")
        assert not page.locator("header.top").is_visible()
        assert not page.get_by_text("All statements").is_visible()
        sheets.append(page.locator("tfoot").first.inner_text().split())
    assert sheets[0] == sheets[1]
    assert dollars(BILLED) in sheets[0]
    assert client.pdf(format="A4").startswith(b"%PDF")
    assert owner.complaints == client.complaints == []
