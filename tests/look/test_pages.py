"""The pages, as Ana (owner) and Vik (client viewer of Globex) see them."""

import html
import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.flow.void import void
from tests.factories import COST, event

STAFF_PAGES = [
    "/t/acme/",
    "/t/acme/clients/globex/?range=today",
    "/t/acme/clients/globex/?since=2026-01-01&until=2026-11-01",
    "/t/acme/start/",
    "/t/acme/settings/",
    "/t/acme/settings/retention/?months=12",
    "/t/acme/explore/",
    "/t/acme/explore/?range=90d&group_by=client,model&granularity=day",
    "/t/acme/explore/?range=90d&group_by=feature,token_class",
    "/t/acme/explore/?range=today&granularity=hour&group_by=",
    "/t/acme/explore/events/?since=2026-11-20T12:00:00Z&until=2026-11-20T13:00:00Z&feature=chat",
    "/t/acme/clients/",
    "/t/acme/clients/globex/",
    "/t/acme/clients/globex/?range=90d",
    "/t/acme/projects/",
    "/t/acme/projects/support-bot/",
    "/t/acme/projects/support-bot/?by=model",
    "/t/acme/projects/support-bot/events/",
    "/t/acme/event/?source=&id=e-1",
    "/t/acme/insights/",
    "/t/acme/insights/breaks/",
    "/t/acme/insights/tasks/",
    "/t/acme/insights/caching/",
    "/t/acme/keys/",
    "/t/acme/budgets/",
    "/t/acme/budgets/new/",
    "/t/acme/alerts/",
    "/t/acme/channels/",
    "/t/acme/channels/new/email/",
    "/t/acme/channels/new/slack/",
    "/t/acme/channels/new/teams/",
    "/t/acme/channels/new/webhook/",
    "/t/acme/deliveries/",
    "/t/acme/new-client/",
    "/t/acme/prices/proposals/",
    "/t/acme/prices/repricings/",
    "/t/acme/prices/repricings/new/",
    "/t/acme/new-project/",
    "/t/acme/calculator/",
    "/t/acme/what-if/",
    "/t/acme/projects/support-bot/plan/",
    "/t/acme/what-if/?per_cent=-50&range=90d",
    "/t/acme/what-if/?model=claude-haiku-5-5&range=90d",
]
PUBLIC_PAGES = [
    "/styleguide/",
    "/styleguide/?range=today",
    "/styleguide/?since=2026-01-01",
    "/api/docs/",
    "/calculator/",
    "/robots.txt",
    "/accounts/login/",
]
MOST_QUERIES = 8
INLINE = re.compile(r"<style|\sstyle=|<script(?![^>]*src=)|\son\w+=\"|https?://(?!testserver)")


@pytest.fixture
def spent(world):
    """Two events an hour ago, one of them unpriced; Initech has one as well."""
    at = (timezone.now() - timedelta(hours=1)).isoformat()
    world.acme.post(
        event("e-1", occurred_at=at, feature="chat"),
        event("e-2", occurred_at=at, model="claude-opus-9"),
        event("e-3", occurred_at=at, project="contract-agent"),
    )
    return world


@pytest.fixture
def ana(client, world):
    client.force_login(world.ana)
    return client


@pytest.fixture
def vik(client, world):
    client.force_login(world.vik)
    return client


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def queries_of(client, path) -> list[str]:
    """What a page asks the database. A scope inside a test's transaction is also closed by a statement."""
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    control = (
        "SAVEPOINT",
        "RELEASE",
        "ROLLBACK",
        "BEGIN",
        "COMMIT",
        "SET LOCAL app.tenant_id = ''",
    )
    return [query["sql"] for query in captured if not query["sql"].startswith(control)]


@pytest.mark.parametrize("path", STAFF_PAGES)
def test_page_is_shown_with_nothing_inline(ana, spent, path):
    response = ana.get(path)

    assert response.status_code == 200
    assert not INLINE.search(response.content.decode().replace("http://www.w3.org", ""))
    assert len(response.content) < 60_000


@pytest.mark.parametrize("path", PUBLIC_PAGES)
def test_public_page_needs_no_account(client, db, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", STAFF_PAGES)
def test_queries_stay_few_with_data_and_without(ana, world, path):
    empty = queries_of(ana, path)
    at = timezone.now() - timedelta(hours=2)
    days = [(at - timedelta(days=number)).isoformat() for number in range(12)]
    models = ("claude-sonnet-4-6", "claude-opus-9")
    world.acme.post(
        *(
            event(f"e-{number}", occurred_at=day, feature=f"f{number}", model=models[number % 2])
            for number, day in enumerate(days)
        )
    )

    full = queries_of(ana, path)

    assert len(empty) <= MOST_QUERIES, empty
    assert len(full) <= MOST_QUERIES, full


def test_navigation_lists_the_pages_there_are(ana, spent):
    page = ana.get("/t/acme/").content.decode()

    side = re.search(r'<nav class="side wide".*?</nav>', page, re.S).group()
    names = [
        "Overview",
        "Explore",
        "Clients",
        "Projects",
        "Insights",
        "Budgets",
        "Alerts",
        "Calculator",
        "Prices",
    ]
    names += ["Channels", "Keys", "Members", "Audit log", "Settings", "Send events", "Docs"]
    assert re.findall(r">([^<]+)</a>", side) == names


def test_unpriced_events_are_said_wherever_a_total_is(ana, spent):
    for path in ("/t/acme/", "/t/acme/clients/globex/", "/t/acme/projects/support-bot/"):
        text = text_of(ana.get(path))
        assert "≥ $0.0" in text
        assert "1 event has no price yet" in text
        assert path == "/t/acme/" or "1 without a price" in text


def test_page_shows_what_the_api_gives(ana, spent):
    today = timezone.now().date()
    since, until = today - timedelta(days=3), today + timedelta(days=2)
    span = f"since={since}&until={until}"

    total = (
        Client()
        .get(
            f"/api/v1/spend?granularity=total&client=globex&{span}",
            headers={"Authorization": f"Bearer {spent.acme.keys['read']}"},
        )
        .json()["total"]
    )
    page = ana.get(f"/t/acme/clients/globex/?{span}")

    assert total["cost"] == COST
    assert page.context["tables"][0].total.cost == Decimal(COST)
    assert page.context["figure"].chart.total == Decimal(COST)


def test_event_page_adds_up_to_the_last_digit(ana, spent):
    page = ana.get("/t/acme/event/?source=&id=e-1")

    text = text_of(page)
    assert "$0.0156" in text
    assert "20,000 $0.30 $0.006" in text
    assert "Without caching: $0.0696" in text
    assert "&quot;cache_read_input_tokens&quot;: 20000" in page.content.decode()


def test_event_can_be_copied_as_the_json_of_the_api(ana, spent):
    for name in ("e-1", "e-2"):
        page = ana.get(f"/t/acme/event/?source=&id={name}").content.decode()
        shown = re.search(r"data-copy><pre[^>]*><code>(.*?)</code>", page, re.S).group(1)

        read = {"Authorization": f"Bearer {spent.acme.keys['read']}"}
        assert (
            json.loads(html.unescape(shown))
            == ana.get(f"/api/v1/events/-/{name}", headers=read).json()
        )


def test_event_without_a_price_says_why(ana, spent):
    text = text_of(ana.get("/t/acme/event/?source=&id=e-2"))

    assert "No price yet" in text
    assert "no model of exactly this name" in text


def test_event_that_was_taken_back_says_so_and_why(ana, spent):
    with spent.acme.scope():
        void("", "e-1", reason="sent by a test", actor=spent.ana, now=timezone.now())

    text = text_of(ana.get("/t/acme/event/?source=&id=e-1"))
    listed = text_of(ana.get("/t/acme/projects/support-bot/events/"))

    assert re.search(r"Taken back on .* by ana@acme.test: sent by a test", text)
    assert " void " in listed


def test_unknown_event_is_not_found(ana, spent):
    assert ana.get("/t/acme/event/?source=&id=nope").status_code == 404
    assert ana.get("/t/acme/event/").status_code == 404


@pytest.mark.parametrize(
    "query", ["range=bogus", "since=2026-11-05&until=2026-11-01", "since=x", "until=2026-11-01"]
)
def test_range_that_makes_no_sense_is_answered_on_the_page(ana, spent, query):
    page = ana.get(f"/t/acme/clients/globex/?{query}")

    assert page.status_code == 422
    assert 'role="alert"' in page.content.decode()


def test_range_links_keep_what_the_colours_mean(ana, spent):
    page = ana.get("/t/acme/projects/support-bot/?by=model&range=7d").content.decode()

    assert 'href="?by=model&amp;range=90d"' in page
    assert 'href="?range=7d&amp;by=class"' in page


def test_new_company_is_led_to_its_first_event(ana, world):
    text = text_of(ana.get("/t/acme/"))

    assert "Three steps to the first figure" in text
    assert "Send events" in text


def test_silent_client_is_led_to_an_event_and_keeps_the_range(ana, spent):
    page = ana.get("/t/acme/clients/globex/?since=2026-01-01&until=2026-01-05")

    assert "Nothing arrived in this range" in text_of(page)
    assert 'aria-label="Range"' in page.content.decode()


class TestClientViewer:
    def test_lands_on_the_own_page(self, vik, spent):
        assert vik.get("/").headers["Location"] == "/t/acme/"
        assert vik.get("/t/acme/").headers["Location"] == "/t/acme/clients/globex/"

    def test_sees_your_spend_and_no_way_elsewhere(self, vik, spent):
        page = vik.get("/t/acme/clients/globex/").content.decode()

        assert "<h1>Your spend</h1>" in page
        places = set(re.findall(r'href="(/[^"?]*)"', page))
        pages = {place for place in places if not place.startswith(("/static/", "/accounts/"))}
        statements = "/t/acme/clients/globex/statements/"
        assert pages == {"/t/acme/", "/t/acme/projects/support-bot/", statements}

    def test_reads_nothing_of_the_agency(self, vik, spent):
        for path in ("/t/acme/clients/globex/", "/t/acme/projects/support-bot/"):
            text = text_of(vik.get(path))
            assert not re.search(r"Initech|contract|list price|Keys|Clients|Newest events", text)

    def test_project_page_leads_back_to_your_spend(self, vik, spent):
        page = vik.get("/t/acme/projects/support-bot/").content.decode()

        assert '<a href="/t/acme/clients/globex/">Your spend</a>' in page

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("/t/acme/clients/initech/", 404),
            ("/t/acme/projects/contract-agent/", 404),
            ("/t/acme/clients/", 403),
            ("/t/acme/projects/", 403),
            ("/t/acme/projects/support-bot/events/", 403),
            ("/t/acme/event/?source=&id=e-1", 403),
            ("/t/acme/keys/", 403),
            ("/t/acme/new-client/", 403),
            ("/t/brix/clients/globex/", 404),
        ],
    )
    def test_is_refused_everywhere_else(self, vik, spent, path, status):
        assert vik.get(path).status_code == status

    def test_with_no_spend_reads_that_there_is_none(self, vik, world):
        text = text_of(vik.get("/t/acme/clients/globex/"))

        assert "No spend in this range" in text
        assert "curl" not in text
