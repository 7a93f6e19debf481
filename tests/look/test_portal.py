"""What a client is given: its page with budgets and a contact, and statements, in the view that was chosen."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.flow.set_budget import Counts, NewTerms, set_budget
from billing.flow.terms import add_terms
from billing.models import Markup
from billing.money import dollars, total
from billing.periods import today_in
from billing.reports.spend import spend
from billing.reports.statement import month_of
from tenants.actions import create_project, set_price_view
from tenants.logos import set_logo
from tenants.models import PriceView
from tenants.owners import set_contact
from tests.factories import event
from tests.look.test_pages import MOST_QUERIES, queries_of, text_of
from tests.pictures import png

PAGE = "/t/acme/clients/globex/"


@pytest.fixture
def month(world):
    return f"{today_in(world.acme.tenant.timezone, now=timezone.now()):%Y-%m}"


@pytest.fixture
def portal(world):
    """Globex is billed 50 % above cost, has two projects, a shared budget, a contact and logos."""
    now, acme = timezone.now(), world.acme
    with acme.scope():
        globex = acme.clients["globex"]
        create_project(actor="test", slug="triage", name="Triage", client=globex)
        set_price_view(globex, actor="test", view=PriceView.BILLED)
        add_terms(Markup(client_id=globex.pk, percent=Decimal(50)), actor="test", now=now)
        set_contact(globex, actor="test", name="Ana Petrova", email="ana@acme.test")
        set_logo(png("acme"), actor="test")
        set_logo(png("globex"), actor="test", client=globex)
        terms = NewTerms(amount=Decimal(10), period="month", owner=world.ana, basis="billed")
        for name, shared in (("November", True), ("Ours alone", False)):
            set_budget(
                actor="test",
                name=name,
                counts=Counts(client=globex),
                terms=terms,
                shared=shared,
                now=now,
            )
    at = (now - timedelta(minutes=1)).isoformat()
    acme.post(
        event("e-1", occurred_at=at),
        event("e-2", occurred_at=at, project="triage", model="claude-opus-4-6"),
        event("e-3", occurred_at=at, project="triage"),
        event("e-4", occurred_at=at, project="contract-agent"),
    )
    return world


def test_a_client_lands_on_spend_budgets_contact_and_logos(client, portal):
    client.force_login(portal.vik)
    page = client.get(client.get("/t/acme/").headers["Location"])

    text, html = text_of(page), page.content.decode()
    assert "Your budgets" in text and "November" in text and "resets on" in text
    assert "Ours alone" not in text
    assert "Ana Petrova of Acme answers for these figures: ana@acme.test" in text
    assert len(re.findall(r'<img class="logo"', html)) == 2
    assert "Initech" not in text and "Contracts" not in text


def amounts_of(html, *, part):
    """The dollars in the cells of one part of the statement's first table."""
    found = re.search(rf"<{part}.*</{part}>", html.split("</table>")[0], re.S).group()
    return [Decimal(each.replace(",", "")) for each in re.findall(r"\$([\d,.]+)", found)]


@pytest.mark.parametrize("view", ["cost", "billed"])
def test_a_statement_says_the_same_to_staff_and_client_and_adds_up(client, portal, month, view):
    days = month_of(month, today=today_in(portal.acme.tenant.timezone, now=timezone.now()))
    with portal.acme.scope():
        set_price_view(portal.acme.clients["globex"], actor="test", view=PriceView(view))
        cost = spend(days, granularity="total", client="globex").total.cost
    expected = cost if view == "cost" else cost * Decimal("1.5")

    pages = []
    for person in (portal.ana, portal.vik):
        client.force_login(person)
        pages.append(client.get(f"{PAGE}statements/{month}/"))
    made = [page.context["statement"] for page in pages]

    for each in made:
        assert each.whole.amount == expected
        for lines in (each.projects, each.models, [n for p in each.projects for n in p.models]):
            assert total(line.amount for line in lines) == expected
    articles = [re.search(r"<article.*</article>", page.content.decode(), re.S) for page in pages]
    words = [re.sub(r"\d\d:\d\d:\d\d", "", each.group()) for each in articles]
    assert words[0] == words[1]
    assert dollars(expected) in words[1]
    assert "month in progress" in words[1]
    listed = text_of(client.get(f"{PAGE}statements/"))
    assert dollars(expected) in listed and "in progress" in listed


def test_a_statement_of_a_client_that_is_shown_no_prices_counts_tokens(client, portal, month):
    with portal.acme.scope():
        set_price_view(portal.acme.clients["globex"], actor="test", view=PriceView.HIDDEN)

    for person in (portal.ana, portal.vik):
        client.force_login(person)
        for path in (f"statements/{month}/", "statements/"):
            text = text_of(client.get(PAGE + path))
            assert "62,400" in text and "$" not in text
    text = text_of(client.get(PAGE))
    assert "Your usage" in text and "ana@acme.test" in text and "Statements" in text


def test_what_has_no_price_is_said_on_the_statement(client, portal, month):
    at = timezone.now().isoformat()
    portal.acme.post(event("e-9", occurred_at=at, model="claude-opus-9"))
    client.force_login(portal.vik)

    text = text_of(client.get(f"{PAGE}statements/{month}/"))

    assert "1 event has no price yet: ≥ says that the amount will be higher" in text


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "2019-12", "2999-01", "202611", "november"])
def test_what_is_no_month_has_no_statement(client, portal, month):
    client.force_login(portal.vik)

    assert client.get(f"{PAGE}statements/{month}/").status_code == 404


@pytest.mark.parametrize("person", ["ana", "vik"])
def test_the_portal_asks_little(client, portal, month, person):
    client.force_login(getattr(portal, person))
    for path in ("", "?range=90d", "?range=today", "statements/", f"statements/{month}/"):
        asked = queries_of(client, PAGE + path)
        assert len(asked) <= MOST_QUERIES, (path, asked)
