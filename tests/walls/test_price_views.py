"""What a client's price view hides: of the agency's cost, mark-up, discount and margin no page says a word.

Globex is billed 37 % above cost, of which the agency has 13 % off the list. Every address that there is, is
asked by its viewer, with and without what an address may say; charts, their titles and words are in the pages.
"""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from billing.flow.terms import add_terms
from billing.models import Discount, Markup, UsageEvent
from billing.money import TOKEN_CLASSES, dollars, plain, total
from billing.reports.spend import spend
from tenants.actions import set_price_view
from tenants.models import PriceView
from tests.factories import event
from tests.walls.routes import PAGES
from tests.walls.test_pages import QUERIES
from tests.walls.test_reports import days
from tests.walls.test_routes import path_of

USAGES = (
    {"input_tokens": 1_234_567, "output_tokens": 98_765},
    {"input_tokens": 7_654_321, "output_tokens": 45_678, "cache_read_input_tokens": 3_456_789},
)
WORDS = re.compile(r"mark-?up|margin|discount|list price|agreed|\b(37|13)(\.00?)?\s*%", re.I)


@pytest.fixture
def marked_up(twins):
    """Two events of Globex, an hour and two days ago, under the terms of above."""
    now, acme = timezone.now(), twins.acme.company
    with acme.scope():
        made = {"actor": "test", "now": now}
        add_terms(Discount(provider="anthropic", percent=Decimal(13)), **made)
        client = acme.clients["globex"]
        until = (now + timedelta(days=300)).date()
        add_terms(Markup(client_id=client.pk, percent=Decimal(37), until=until), **made)
    for number, (usage, ago) in enumerate(zip(USAGES, (1, 48), strict=True)):
        at = (now - timedelta(hours=ago)).isoformat()
        acme.post(event(f"m-{number}", occurred_at=at, usage=usage, feature="f"))
    return twins


def amounts(company):
    """Every figure that is the agency's own: of each event and class, of each bucket, of the sums."""
    with company.scope():
        found = set()
        client = company.clients["globex"].pk
        for each in UsageEvent.objects.filter(client_id=client).exclude(price_id=None):
            costs = [getattr(each, f"cost_{name}") for name in TOKEN_CLASSES]
            found |= {*costs, total(costs), each.discount, each.cost_uncached}
        for granularity in ("day", "month", "total"):
            for group in ((), ("project",), ("model",), ("feature",), ("environment",)):
                report = spend(days(), granularity=granularity, group_by=group, client="globex")
                for sums in [row.measures for row in report.rows] + [report.total]:
                    found |= {sums.cost, sums.cost_list, sums.discount, sums.margin, sums.saving}
                    found |= {sums.cost_uncached, *sums.costs.values()}
    return {amount for amount in found if amount}


def written(found):
    return {
        text for each in found for text in (plain(each), dollars(each), dollars(each, places=4))
    }


def asked(twins):
    """Every page there is, plainly and with every query, that a viewer of Globex gets an answer from."""
    browser = twins.browser("vik")
    for row in PAGES:
        if row.method != "GET" or row.path.startswith(("/styleguide", "/api/", "/calculator/")):
            continue
        path = path_of(row, twins)
        for query in ("", *QUERIES, "?range=7d&by=class", "?range=today&by=model"):
            address = path if not query else path.partition("?")[0] + query
            with transaction.atomic():
                response = browser.get(address)
                transaction.set_rollback(True)
            yield address, response


def view(twins, name):
    acme = twins.acme.company
    with acme.scope():
        set_price_view(acme.clients["globex"], actor="test", view=PriceView(name))


def test_a_client_that_is_billed_reads_nothing_of_what_it_costs(marked_up):
    view(marked_up, "billed")
    own = written(amounts(marked_up.acme.company))
    assert len(own) > 20

    shown = 0
    for address, response in asked(marked_up):
        html = response.content.decode(errors="replace")
        text = re.sub(r"<[^>]+>", " ", html)
        found = {
            each for each in own if re.search(rf"(?<![\d.,]){re.escape(each)}(?![\d.,]?\d)", html)
        }
        assert found == set(), address
        assert WORDS.findall(text) == [], address
        shown += response.status_code == 200 and "$" in html
    assert shown > 10


def test_a_client_that_is_shown_no_prices_reads_no_dollar(marked_up):
    view(marked_up, "hidden")

    shown = 0
    for address, response in asked(marked_up):
        if response.status_code != 200:
            continue
        html = response.content.decode(errors="replace")
        assert "$" not in html, address
        assert not WORDS.search(re.sub(r"<[^>]+>", " ", html)), address
        shown += "Your usage" in html
    assert shown > 3


def test_staff_do_read_them(marked_up):
    """The other side: what the tests above look for is what pages show to those who may see it."""
    own = written(amounts(marked_up.acme.company))
    view(marked_up, "billed")

    html = marked_up.browser("ana").get("/t/acme/clients/globex/?range=7d").content.decode()

    assert sum(each in html for each in own) > 5
    assert WORDS.search(html)
