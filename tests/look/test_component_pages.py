"""Components on pages: the waterfall, its words, its days, and where nothing may be said."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.flow.terms import add_terms
from billing.models import Markup
from billing.money import TOKEN_CLASSES, ZERO
from billing.reports.measures import Measures, Row
from billing.web.components import WIDTH, waterfall
from tenants.actions import set_price_view
from tenants.models import PriceView
from tests.factories import event

PROJECT, CLIENT = "/t/acme/projects/support-bot/", "/t/acme/clients/globex/components/"
SUPPORT = [
    {"name": "system", "tokens": 8_000},
    {"name": "context", "tokens": 12_000},
    {"name": "user", "tokens": 200},
]


def row(component, *, events=0, unpriced=0, tokens=None, costs=None):
    measures = Measures(
        events=events,
        unpriced_events=unpriced,
        tokens=dict.fromkeys(TOKEN_CLASSES, 0) | (tokens or {}),
        costs=dict.fromkeys(TOKEN_CLASSES, ZERO)
        | {name: Decimal(cost) for name, cost in (costs or {}).items()},
        cost_uncached=ZERO,
    )
    return Row(None, {"component": component}, measures)


CONTEXT = row(
    "context",
    tokens={"cache_read": 840, "input": 160},
    costs={"cache_read": "400", "input": "412"},
)
RESPONSE = row("response", events=9, tokens={"output": 50}, costs={"output": "519"})


def test_bars_meet_and_end_where_the_spend_ends():
    rest = row("not_split", events=2, tokens={"output": 5}, costs={"output": "0.07"})

    fall = waterfall([RESPONSE, CONTEXT, rest], whose="this project's")

    pieces = [piece for step in fall.steps for piece in step.pieces]
    assert [step.name for step in fall.steps] == ["Context", "Response", "Not split"]
    assert [piece.x for piece in pieces] == [0, *(each.x + each.width for each in pieces[:-1])]
    assert pieces[-1].x + pieces[-1].width == WIDTH
    assert [(piece.css, piece.text, str(piece.cost)) for piece in pieces] == [
        ("s1", "read from cache", "400"),
        ("s3", "not cached", "412"),
        ("s4", "answer", "519"),
        ("other", "not split", "0.07"),
    ]
    assert [css for css, _ in fall.legend] == ["s1", "s3", "s4", "other"]


def test_it_is_said_in_words_with_dollars():
    whole = waterfall([CONTEXT, RESPONSE], whose="this project's").words
    assert whole.replace("\u00a0", " ") == (
        "Context is 61 % of this project's spend: $812 of $1,331; 84 % of its tokens come from the cache."
    )

    rest = row("not_split", events=1, costs={"output": "5000"}, tokens={"output": 1})
    dear = row("user", tokens={"input": 7}, costs={"input": "900"}, unpriced=1)
    words = waterfall([dear, RESPONSE, rest], whose="your").words.replace("\u00a0", " ")
    assert words == (
        "The user message is 14 % of your spend that has a price: $900 of $6,419; none of its tokens come from"
        " the cache. $5,000.00 is of 1 call without a description of the prompt, or billed as several."
    )


def test_without_components_or_without_prices_it_claims_nothing():
    assert waterfall([], whose="your") is None
    assert waterfall([row("not_split", events=3, costs={"output": "5"})], whose="your") is None

    unpriced = waterfall(
        [row("response", events=1, unpriced=1, tokens={"output": 9})], whose="your"
    )
    assert unpriced.words == "What is split has no price yet."


@pytest.fixture
def ana(client, world):
    client.force_login(world.ana)
    return client


@pytest.fixture
def described(world):
    """Three support turns over two days, and one call that says nothing of its prompt."""
    now = timezone.now()
    at = [(now - timedelta(hours=each)).isoformat() for each in (1, 2, 40, 3)]
    turns = [event(f"e-{n}", occurred_at=at[n], components=SUPPORT) for n in range(3)]
    world.acme.post(*turns, event("e-9", occurred_at=at[3]))
    return world


def text_of(response):
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.parametrize("folded", [False, True])
def test_project_and_client_show_the_waterfall_and_the_days(ana, described, folded):
    if folded:
        described.acme.fold()

    for path in (f"{PROJECT}?range=7d&by=component", f"{CLIENT}?range=7d"):
        page = text_of(ana.get(path))
        assert "What the prompt is made of" in page
        assert "The response is 43 % of this" in page.replace("\u00a0", " ")
        assert "Context 36,000 100" in page.replace("\u00a0", " ")
        assert "Daily spend by component" in page
        assert "$0.02 is of 1 call" in page
    today = text_of(ana.get(f"{PROJECT}?range=today&by=component"))
    assert "What the prompt is made of" in today
    assert "by component" in text_of(ana.get(PROJECT))
    assert "By component" in text_of(ana.get("/t/acme/clients/globex/"))


def test_a_project_that_describes_nothing_is_offered_nothing(ana, world):
    world.acme.post(event("e-1", occurred_at=timezone.now().isoformat()))

    for path in (PROJECT, f"{PROJECT}?by=component"):
        page = text_of(ana.get(path))
        assert "by component" not in page
        assert "made of" not in page
    assert "By component" not in text_of(ana.get("/t/acme/clients/globex/"))
    assert "No call in this range says" in text_of(ana.get(CLIENT))


def test_the_page_of_an_event_splits_it_to_the_last_decimal(ana, described):
    page = text_of(ana.get("/t/acme/event/?source=&id=e-0"))

    assert "What the prompt is made of" in page
    for shown in ("System prompt 8,000", "$0.0024", "$0.0036", "$0.0006", "$0.009", "$0.0156"):
        assert shown in page
    assert "made of" not in text_of(ana.get("/t/acme/event/?source=&id=e-9"))


def test_an_event_of_several_calls_shows_them_apart_and_says_so(ana, world):
    advisor = {
        "type": "advisor_message",
        "model": "claude-opus-4-6",
        "input_tokens": 9,
        "output_tokens": 5,
    }
    usage = {"input_tokens": 20_200, "output_tokens": 600, "iterations": [advisor]}
    world.acme.post(event("e-1", components=SUPPORT, usage=usage))

    page = text_of(ana.get("/t/acme/event/?source=&id=e-1"))

    assert "Other calls 14" in page
    assert "billed as several calls" in page


def test_a_client_sees_components_at_the_price_that_it_is_shown(client, described):
    acme = described.acme
    with acme.scope():
        globex = acme.clients["globex"]
        add_terms(
            Markup(client_id=globex.pk, percent=Decimal(100)), actor="test", now=timezone.now()
        )
        set_price_view(globex, actor="test", view=PriceView.BILLED)
    client.force_login(described.vik)
    page = text_of(client.get(f"{CLIENT}?range=7d")).replace("\u00a0", " ")
    assert "of your spend: $0.05 of $0.12" in page
    assert text_of(client.get(f"{PROJECT}?range=7d&by=component")).count("$0.05") >= 1

    with acme.scope():
        set_price_view(globex, actor="test", view=PriceView.HIDDEN)
    assert client.get(CLIENT).status_code == 302
    assert "$" not in text_of(client.get(f"{PROJECT}?range=7d&by=component"))
