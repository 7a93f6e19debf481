"""The pages of proposals: look, say what the list does not know, accept; the audit log tells of it."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.flow.compare_prices import compare_prices
from billing.flow.other_lists import listed_models
from billing.models import AgreedPrice
from tenants.models import AuditEntry
from tests.look.test_pages import INLINE, MOST_QUERIES, queries_of, text_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIST = "/t/acme/prices/proposals/"
GEMINI = f"{LIST}accept/?provider=google&model=gemini-2.5-pro"
FORM = {
    "name": "gemini-2.5-pro",
    "since": "2026-11-10",
    "cache_write_5m": "0",
    "cache_write_1h": "0.5",
}


@pytest.fixture
def ana(client, world, monkeypatch):
    def few(day, *, providers=frozenset({"deepseek", "google", "openai"})):
        return listed_models(day, providers=providers)

    monkeypatch.setattr("billing.flow.compare_prices.listed_models", few)
    compare_prices(now=NOW)
    client.force_login(world.ana)
    return client


def agreed(world):
    with world.acme.scope():
        return list(AgreedPrice.objects.order_by("over_prompt_tokens"))


def test_before_the_first_night_the_page_says_when_it_comes(client, world):
    client.force_login(world.ana)

    assert "Not read yet" in text_of(client.get(LIST))


@pytest.mark.parametrize("path", [LIST, f"{LIST}?search=gemini", GEMINI])
def test_page_is_small_with_nothing_inline_and_few_queries(ana, path):
    response = ana.get(path)

    assert response.status_code == 200
    assert not INLINE.search(response.content.decode())
    assert len(response.content) < 60_000
    assert len(queries_of(ana, path)) <= MOST_QUERIES


def test_search_leads_to_the_model_with_all_its_prompt_sizes(ana):
    page = ana.get(f"{LIST}?search=gemini-2.5-pro&provider=google")
    text = text_of(page)

    assert "gemini-2.5-pro google; genai-prices 0.2.3, checked 2026-11-22" in text
    assert "No price of cache writes, one-hour cache writes." in text
    assert "$1.25 – $0.125 $10.00" in text
    assert "prompts beyond 200,000 tokens $2.50 – $0.25 $15.00" in text
    assert f'href="{GEMINI.replace("&", "&amp;")}"' in page.content.decode()


def test_pages_go_on_with_what_was_searched_for(ana):
    page = ana.get(f"{LIST}?search=g&provider=openai").content.decode()
    more = re.search(r'href="(\?[^"]*cursor[^"]*)" rel="next"', page).group(1).replace("&amp;", "&")

    following = ana.get(LIST + more)

    assert more.startswith("?provider=openai&search=g&cursor=openai%2F")
    assert following.status_code == 200
    assert 'href="?provider=openai&amp;search=g" rel="first"' in following.content.decode()


def test_what_tokens_do_not_price_is_shown_and_cannot_be_accepted(ana):
    text = text_of(ana.get(f"{LIST}?search=deepseek-chat"))

    assert "The price depends on the time of day." in text
    assert "not by tokens" in text
    path = f"{LIST}accept/?provider=deepseek&model=deepseek-chat"
    assert [ana.get(path).status_code, ana.post(path, FORM).status_code] == [404, 404]


def test_accepting_adds_what_was_shown_and_tells_the_audit_log(ana, world):
    shown = text_of(ana.get(GEMINI))

    answer = ana.post(GEMINI, FORM, follow=True)

    assert "Cache read $0.125 $0.25" in shown
    assert "has a price from now on" in answer.content.decode()
    base, long = agreed(world)
    assert (base.input, base.cache_write_1h, base.since) == (
        Decimal("1.25"),
        Decimal("0.5"),
        date(2026, 11, 10),
    )
    assert (long.over_prompt_tokens, long.input) == (200_000, Decimal("2.5"))
    assert base.source.endswith("cache_write_5m, cache_write_1h by ana@acme.test")
    with world.acme.scope():
        entries = AuditEntry.objects.filter(action="price.added")
        assert {each.actor_label for each in entries} == {"ana@acme.test"}
        assert len(entries) == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"cache_write_1h": ""}, "This field is required."),
        ({"cache_write_1h": "-1"}, "greater than or equal to 0"),
        ({"cache_write_1h": "NaN"}, "Enter a number."),
        ({"cache_write_1h": "0.0000001"}, "no more than 6 decimal places"),
        ({"since": "yesterday"}, "Enter a valid date."),
        ({"name": ""}, "This field is required."),
    ],
)
def test_a_form_that_is_not_clear_comes_back_and_adds_nothing(ana, world, change, says):
    answer = ana.post(GEMINI, FORM | change)

    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert agreed(world) == []


def test_accepting_twice_says_that_the_days_are_taken(ana, world):
    ana.post(GEMINI, FORM)

    again = ana.post(GEMINI, FORM)

    assert again.status_code == 422
    assert "Another row covers some of these days" in again.content.decode()
    assert len(agreed(world)) == 2


def test_a_model_is_first_asked_for_from_the_day_that_the_list_knows(ana):
    page = ana.get(f"{LIST}accept/?provider=openai&model=gpt-5.6-sol").content.decode()

    assert 'value="2026-08-21"' in page
    assert "since 21 Aug 2026" in page
