"""The calculator as a page and as an answer: never empty, shareable, at list prices or at one's own."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from billing.flow.terms import add_terms
from billing.models import Discount
from tests.api.test_limits import forget_redis
from tests.factories import event
from tests.look.test_pages import text_of

PUBLIC, OWN = "/calculator/", "/t/acme/calculator/"


def test_the_public_page_shows_the_known_example_and_explains_it(client, db):
    text = text_of(client.get(PUBLIC))

    assert "Each later turn $0.0156 without caching $0.0696, 4.46×" in text
    assert "First turn $0.0846" in text
    assert "20,000 $0.30 $0.006" in text
    assert "Month $225.00 without caching $696.00" in text
    assert "claude-3-5-haiku takes $0.0042 cached" in text
    assert "claude-haiku-4-5 takes $0.0052 cached and $0.0232 uncached" in text
    assert "List prices of" in text


def test_each_address_may_ask_so_often_and_is_told_how_long_to_wait(client, db, settings):
    settings.PUBLIC_PER_SECOND, settings.PUBLIC_BURST = 1, 2

    def ask(address, **headers):
        return client.get(PUBLIC, REMOTE_ADDR=address, headers=headers)

    line = f"2001:db8:{uuid4().hex[:4]}:1"
    statuses = [ask(f"{line}::{n}").status_code for n in (1, 2)]
    refused = ask(f"{line}::3")
    other = ask(f"2001:db8:{uuid4().hex[:4]}:1::1").status_code

    assert (statuses, refused.status_code, other) == ([200, 200], 429, 200)
    assert refused["Retry-After"] == "1"
    assert "Wait 1 second and ask again" in text_of(refused)
    pretended = {"x-forwarded-for": "192.0.2.9"}  # without a proxy nobody is believed
    assert ask(f"{line}::4", **pretended).status_code == 429
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    behind = [ask("10.0.0.1", **{"x-forwarded-for": f"{line}::5"}).status_code]
    behind.append(ask("10.0.0.1", **{"x-forwarded-for": str(uuid4().int % 2**16)}).status_code)
    assert behind == [429, 200]  # what is no address is nobody's


def test_without_redis_everyone_may_calculate(client, db, settings):
    settings.PUBLIC_PER_SECOND, settings.PUBLIC_BURST = 1, 1
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    forget_redis()
    try:
        assert [client.get(PUBLIC).status_code for _ in range(3)] == [200, 200, 200]
    finally:
        forget_redis()


def test_the_address_is_the_calculation(client, db):
    text = text_of(client.get(f"{PUBLIC}?turns=2&system=100&model=claude-opus-5-5&gap=301"))

    assert "longer than the 5 minutes of the cache" in text
    assert "Why you may have read" not in text
    assert "?model=claude-opus-5-5&amp;system=100&amp;turns=2&amp;gap=301" in text


def test_what_cannot_be_calculated_is_said(client, db):
    wrong = client.get(f"{PUBLIC}?turns=1000000&user=<b>")
    unknown = client.get(f"{PUBLIC}?model=claude-opus-9")
    long = client.get(f"{PUBLIC}?model={'x' * 201}")

    assert wrong.status_code == long.status_code == 422
    assert "A whole number from" in text_of(wrong)
    assert b"<b>" not in wrong.content
    assert "claude-opus-9 has no price" in text_of(unknown)


def test_a_tenants_page_and_answer_are_at_its_own_prices(client, world):
    with world.acme.scope():
        row = Discount(provider="anthropic", percent=Decimal(50))
        add_terms(row, actor="ana", now=timezone.now())
    headers = {"Authorization": f"Bearer {world.acme.keys['read']}"}
    path = "/api/v1/calculator?model=claude-sonnet-4-6&model=claude-opus-9"

    answer = client.get(path, headers=headers).json()
    client.force_login(world.ana)
    text = text_of(client.get(OWN))

    own, unknown = answer["estimates"]
    assert (own["first_turn"]["cost"], own["last_turn"]["cost"]) == ("0.0423", "0.0078")
    assert own["last_turn"]["cost_uncached"] == "0.0348"
    assert own["components"]["response"] == "0.045"
    assert own["working"][1]["lines"][0]["multipliers"] == {"discount": "0.5"}
    assert unknown["unpriced_reason"] == "unknown_model"
    assert answer["plan"]["turns"] == "10"
    assert "Each later turn $0.0078" in text
    assert "Your prices of" in text
    assert "× 0.5 discount" in text
    assert "At list price" not in text
    assert "First turn $0.0846" in text_of(client.get(PUBLIC))


@pytest.mark.parametrize("query", ["turns=0", "cached=all", "turn=1", "history=on"])
def test_an_answer_refuses_what_makes_no_plan(client, world, query):
    headers = {"Authorization": f"Bearer {world.acme.keys['read']}"}

    answer = client.get(f"/api/v1/calculator?{query}", headers=headers)

    assert answer.status_code == 400
    assert answer.json()["code"] in ("invalid_plan", "unknown_parameter")


def test_what_if_is_a_page_and_an_answer_of_the_same_figures(client, world):
    at = (timezone.now() - timedelta(hours=1)).isoformat()
    world.acme.post(event("e-1", occurred_at=at), event("e-2", occurred_at=at, model="opus-9"))
    headers = {"Authorization": f"Bearer {world.acme.keys['read']}"}

    answer = client.get("/api/v1/what-if?caching=off&range=7d", headers=headers).json()
    refused = client.get("/api/v1/what-if?caching=never", headers=headers)
    fine = client.get("/api/v1/what-if?per_cent=1.5", headers=headers)
    own = client.get("/api/v1/what-if?rate_output=30&rate_input=&range=7d", headers=headers).json()
    rate = client.get("/api/v1/what-if?rate_output=-1", headers=headers)
    client.force_login(world.ana)
    text = text_of(client.get("/t/acme/what-if/?caching=off&range=7d"))
    page = client.get("/t/acme/what-if/?rate_output=30&range=7d").content.decode()
    empty = text_of(client.get("/t/acme/what-if/"))

    assert (answer["total"]["old"], answer["total"]["new"]) == ("0.0156", "0.0696")
    assert answer["rows"][0]["client"] == "globex"
    assert (answer["unpriced_events"], answer["priced_one_by_one"]) == (1, 0)
    assert refused.json()["field"] == "caching"
    assert fine.json()["field"] == "per_cent"
    assert own["total"]["new"] == "0.0246"  # 600 tokens at $30 instead of $15
    assert (rate.status_code, rate.json()["field"]) == (400, "rate_output")
    assert 'name="rate_output" value="30"' in page
    assert '<path class="s4"' in page
    assert "Day by day" in text
    assert "It would have been $0.07" in text
    assert "1 event without a price stands in neither" in text
    assert "Begin with a question" in empty
