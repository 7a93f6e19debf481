"""The pages of prices: what every model costs, what was agreed on, what has no price, what a client sees."""

import re
from datetime import UTC, date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.flow.terms import add_terms
from billing.flow.void import void
from billing.models import AgreedPrice, Discount, Markup
from billing.money import TOKEN_CLASSES
from billing.periods import DayRange
from billing.reports.spend import spend
from billing.reports.unpriced import unpriced_queue
from tenants.actions import set_price_view
from tests.factories import MODEL, event
from tests.look.test_pages import INLINE, MOST_QUERIES, queries_of, text_of

PRICES = "/t/acme/prices/"
OF_MODEL = f"{PRICES}model/?provider=anthropic&model={MODEL}"
RATES = dict(zip(TOKEN_CLASSES, ("2", "2.5", "4", "0.2", "10", "9000"), strict=True))
FORM = RATES | {
    "provider": "anthropic",
    "model": MODEL,
    "since": "2026-06-01",
    "source": "contract of May",
    "checked_on": "2026-05-03",
    "speed": "standard",
    "over_prompt_tokens": "0",
}
PAGES = [
    PRICES,
    f"{PRICES}?search=opus",
    OF_MODEL,
    f"{PRICES}new/",
    f"{PRICES}new/?provider=anthropic&model={MODEL}",
    f"{PRICES}discounts/",
    f"{PRICES}drift/",
    f"{PRICES}discounts/new/",
    f"{PRICES}unpriced/",
    "/t/acme/clients/globex/prices/",
    "/t/acme/clients/globex/",
]


@pytest.fixture
def ana(client, world):
    client.force_login(world.ana)
    return client


def agree(world, **changes):
    rates = {name: Decimal(rate) for name, rate in RATES.items()}
    terms = {"provider": "anthropic", "model": MODEL, "source": "contract", "checked_on": date.min}
    with world.acme.scope():
        return add_terms(AgreedPrice(**terms | rates | changes), actor="ana", now=timezone.now())


def mark_up(world, percent, **changes):
    with world.acme.scope():
        row = Markup(client_id=world.acme.clients["globex"].pk, percent=Decimal(percent), **changes)
        return add_terms(row, actor="ana", now=timezone.now())


def recent(name, **changes):
    return event(name, occurred_at=(timezone.now() - timedelta(hours=1)).isoformat(), **changes)


@pytest.mark.parametrize("path", PAGES)
def test_page_is_shown_with_nothing_inline_and_few_queries(ana, world, path):
    empty = queries_of(ana, path)
    agree(world, since=date(2026, 6, 1))
    mark_up(world, "10")
    for number in range(6):
        with world.acme.scope():
            row = Discount(provider="anthropic", model=f"m-{number}", percent=Decimal(5))
            add_terms(row, actor="ana", now=timezone.now())
        world.acme.post(recent(f"u-{number}", model=f"new-{number}"), recent(f"e-{number}"))

    full, response = queries_of(ana, path), ana.get(path)

    assert response.status_code == 200
    assert not INLINE.search(response.content.decode().replace("http://www.w3.org", ""))
    assert len(response.content) < 60_000
    assert len(empty) <= MOST_QUERIES, empty
    assert len(full) <= MOST_QUERIES, full


def test_the_book_shows_what_counts_and_marks_what_was_agreed(ana, world):
    before = text_of(ana.get(f"{PRICES}?search={MODEL}"))
    agree(world)
    with world.acme.scope():
        row = Discount(provider="anthropic", percent=Decimal("12.5"))
        add_terms(row, actor="ana", now=timezone.now())

    after = text_of(ana.get(f"{PRICES}?search={MODEL}"))

    assert "$3.00 $3.75 $6.00 $0.30 $15.00" in before
    assert "agreed $2.00 $2.50 $4.00 $0.20 $10.00" in after
    assert "$15.00" not in after
    assert "anthropic −12.5 %" in after
    assert "No such model" in text_of(ana.get(f"{PRICES}?search=gpt"))


def test_a_models_page_says_what_its_price_is_made_of(ana, world):
    with world.acme.scope():
        row = Discount(provider="anthropic", percent=Decimal(10))
        add_terms(row, actor="ana", now=timezone.now())

    text = text_of(ana.get(OF_MODEL))
    alias = text_of(ana.get(f"{PRICES}model/?model=claude-opus-4-5-20251101"))

    assert "Output $13.50 list $15.00" in text
    assert "The list price less 10 %, the discount on every model of anthropic." in text
    assert "In batches × 0.5. Inference in the US × 1.1." in text
    assert "also claude-opus-4-5-20251101" in alias
    assert ana.get(f"{PRICES}model/?model=claude-opus-4").status_code == 200
    assert ana.get(f"{PRICES}model/?model=claude-op").status_code == 404
    assert ana.get(f"{PRICES}model/").status_code == 404


def test_a_price_is_agreed_on_with_todays_rates_filled_in(ana, world):
    form = ana.get(f"{PRICES}new/?provider=anthropic&model={MODEL}").content.decode()
    assert re.search(r'name="output"[^>]*value="15"|value="15"[^>]*name="output"', form)

    made = ana.post(f"{PRICES}new/", FORM)

    assert made.status_code == 302
    page = ana.get(made.headers["Location"])
    text = text_of(page)
    assert "The price of claude-sonnet-4-6 is agreed from 2026-06-01 on." in text
    assert "Output $10.00 list $15.00" in text
    assert "added by ana@acme.test" in text
    assert "Output costs $10.00 per million since 1 Jun 2026, $15.00 before." in text
    assert re.search(r'<path class="s2" d="M0 \d+H\d+M', page.content.decode())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": ""}, "This field is required"),
        ({"output": "-1"}, "greater than or equal to 0"),
        ({"output": "1.1234567"}, "no more than 6 decimal places"),
        ({"since": "tomorrow"}, "Enter a valid date"),
        ({"model": ""}, "This field is required"),
    ],
)
def test_a_price_that_makes_none_is_answered_on_the_form(ana, world, change, words):
    response = ana.post(f"{PRICES}new/", FORM | change)

    assert response.status_code == 422
    assert words in text_of(response)
    with world.acme.scope():
        assert not AgreedPrice.objects.exists()


def test_an_agreed_price_is_ended_once(ana, world):
    row = agree(world, since=date(2026, 6, 1))
    address = f"{PRICES}{row.pk}/close/"
    assert f'href="{address}"' in ana.get(OF_MODEL).content.decode()

    early = ana.post(address, {"until": "2026-05-01"})
    ended = ana.post(address, {"until": "2026-07-01"})
    again = ana.post(address, {"until": "2026-08-01"})

    assert (early.status_code, ended.status_code, again.status_code) == (422, 302, 422)
    assert "It begins on 2026-06-01: end it later." in text_of(early)
    text = text_of(ana.get(OF_MODEL))
    assert "1 Jun 2026 – 1 Jul 2026 agreed" in text
    assert "closed by ana@acme.test" in text
    assert address not in ana.get(OF_MODEL).content.decode()


def test_discounts_are_added_and_ended(ana, world):
    assert "No discounts" in text_of(ana.get(f"{PRICES}discounts/"))
    new = {"provider": "anthropic", "percent": "12.5", "since": "2026-01-01"}

    assert ana.post(f"{PRICES}discounts/new/", new).status_code == 302
    assert ana.post(f"{PRICES}discounts/new/", new | {"percent": "0"}).status_code == 422

    page = ana.get(f"{PRICES}discounts/")
    assert "every model of anthropic" in text_of(page)
    (address,) = re.findall(r'href="([^"]+/close/)"', page.content.decode())
    assert ana.post(address, {"until": "2026-02-01"}).status_code == 302
    assert "1 Jan 2026 – 1 Feb 2026 12.5 %" in text_of(ana.get(f"{PRICES}discounts/"))


def test_the_queue_counts_exactly_what_every_page_counts(ana, world):
    world.acme.post(
        recent("a", model="new"),
        recent("b", model="new"),
        recent("c", model="other", project="contract-agent"),
        recent("d"),
        recent("e", usage={"input_tokens": 1, "output_tokens": 1, "service_tier": "priority"}),
    )
    world.acme.fold()
    world.acme.post(recent("f", model="new"), recent("g", model="gone"))
    with world.acme.scope():
        void("", "a", reason="x", actor="test", now=timezone.now())
        void("", "g", reason="x", actor="test", now=timezone.now())
        today = timezone.now().date()
        days = DayRange(today - timedelta(days=3), today + timedelta(days=3))
        counted = spend(days).total.unpriced_events
        queue = unpriced_queue()

    text = text_of(ana.get(f"{PRICES}unpriced/"))

    assert queue.events == counted == 4
    assert {each.model: each.events for each in queue.models} == {"new": 2, "other": 1, MODEL: 1}
    assert "4 events of 3 models" in text
    assert "gone" not in text
    assert "Priority tier is sold by contract; there is no list price." in text


def test_the_queue_says_what_to_do(ana, world):
    world.acme.post(recent("a", model="new model"), recent("b", model="new model"))
    page = ana.get(f"{PRICES}unpriced/").content.decode()
    assert "/t/acme/prices/new/?provider=anthropic&amp;model=new+model" in page
    assert "/t/acme/prices/proposals/?search=new+model" in page

    agree(world, model="new model")

    text, page = (
        each(ana.get(f"{PRICES}unpriced/")) for each in (text_of, lambda r: r.content.decode())
    )
    assert "Price 2 events now" in text
    today = timezone.now().astimezone(UTC).date()
    assert "/t/acme/prices/repricings/new/?unpriced=1&amp;model=new+model&amp;since=" in page
    assert today.year == int(re.search(r"since=(\d{4})-", page).group(1))


def test_overview_and_flag_lead_to_the_queue_for_staff_only(ana, world, client):
    world.acme.post(recent("a", model="new"))

    pages = ("/t/acme/", "/t/acme/clients/globex/", "/t/acme/projects/support-bot/")
    for path in pages:
        assert 'href="/t/acme/prices/unpriced/"' in ana.get(path).content.decode(), path

    client.force_login(world.vik)
    for path in pages[1:]:
        assert "/prices/" not in client.get(path).content.decode(), path


def test_staff_read_what_a_client_is_billed_beside_what_it_costs(ana, world):
    with world.acme.scope():
        row = Discount(provider="anthropic", percent=Decimal(20))
        add_terms(row, actor="ana", now=timezone.now())
    usage = {"input_tokens": 10_000_000, "output_tokens": 0}
    world.acme.post(recent("a", usage=usage))
    plain = text_of(ana.get("/t/acme/clients/globex/?range=7d"))
    mark_up(world, "37.5")

    text = text_of(ana.get("/t/acme/clients/globex/?range=7d"))

    assert "At list prices $30.00 you pay 20 % below it" in plain
    assert "Billed $" not in plain
    assert "Billed $33.00 cost and mark-up" in text
    assert "Margin $9.00 27 % of what is billed" in text
    assert "Billed at cost and 37.5 %." in text


def test_what_a_client_sees_and_is_billed_is_set_in_one_form(ana, world):
    address = "/t/acme/clients/globex/prices/"
    both = {"price_view": "billed", "percent": "15", "since": "2026-11-01"}

    assert ana.post(address, both).status_code == 302
    assert ana.post(address, {"price_view": "hidden"}).status_code == 302
    wrong = ana.post(address, both | {"price_view": "cost", "percent": "1001"})

    assert wrong.status_code == 422
    with world.acme.scope():
        assert [str(row.percent) for row in Markup.objects.all()] == ["15.00"]
    assert "Tokens and events, no money." in text_of(ana.get("/t/acme/clients/globex/"))


class TestHiddenPrices:
    """A client whose agency shows no prices reads tokens and events, and not one dollar."""

    @pytest.fixture
    def vik(self, client, world):
        with world.acme.scope():
            set_price_view(world.acme.clients["globex"], actor="ana", view="hidden")
        client.force_login(world.vik)
        return client

    PATHS = (
        "/t/acme/clients/globex/",
        "/t/acme/clients/globex/?range=today",
        "/t/acme/clients/globex/?range=90d",
        "/t/acme/clients/globex/?since=2024-01-01&until=2026-12-31",
        "/t/acme/clients/globex/?since=2024-01-01&until=2024-02-01",
        "/t/acme/projects/support-bot/",
        "/t/acme/projects/support-bot/?by=model",
        "/t/acme/projects/support-bot/?range=today",
        "/t/acme/projects/support-bot/?since=2024-01-01&until=2024-02-01",
    )

    @pytest.mark.parametrize("path", PATHS)
    def test_no_page_has_a_dollar(self, vik, world, path):
        empty = vik.get(path)
        world.acme.post(recent("a", feature="chat"), recent("b", model="new"))

        page = vik.get(path)

        for each in (empty, page):
            assert each.status_code == 200
            html = each.content.decode()
            assert "$" not in html
            assert not re.search(r"spend|cost(?!track)|price|≥", text_of(each), re.I), text_of(each)
            assert len(queries_of(vik, path)) <= MOST_QUERIES

    def test_tokens_are_the_ones_that_were_reported(self, vik, world):
        world.acme.post(recent("a", feature="chat"), recent("b", model="new"))

        text = text_of(vik.get("/t/acme/clients/globex/?range=7d"))

        assert "Tokens in 7 days 41,600" in text
        assert "Support bot 2 41,600" in text
        assert "tokens." in text
