"""Rows of the explorer that are of no value: what has no price, and what prompts are made of."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlencode

import pytest

from billing.flow.terms import add_terms
from billing.flow.void import void
from billing.models import AgreedPrice
from billing.money import TOKEN_CLASSES
from billing.reports.events import event_detail
from tenants.actions import archive, create_client, create_key, create_project
from tests.billing.test_reprice import BY, SINCE, run_through
from tests.factories import COST, USAGE, event
from tests.look.test_explore import DAYS, api_of, file_of
from tests.look.test_pages import text_of

MOVING = re.compile(r"csrfmiddlewaretoken\S+ value=\S+|\d\d:\d\d:\d\d(\.\d+)?|nonce-\S+")
"""What differs from one answer to the next."""
PROMPT = [{"name": "system", "tokens": 30}, {"name": "user", "tokens": 70}]


@pytest.fixture
def ana(client, world):
    client.force_login(world.ana)
    return client


def links_of(page, pattern):
    html = page.content.decode().replace("&amp;", "&")
    return {each for each in re.findall(r'href="([^"]+)"', html) if re.search(pattern, each)}


@pytest.fixture
def unpriced(world):
    """Two events without a price; one that got its price since, one that was taken back, one of always."""
    world.acme.post(
        event("priced", feature="chat"),
        event("chat", feature="chat", model="unheard-of"),
        event("none", model="unheard-of", occurred_at="2026-11-19T12:00:00Z"),
        event("later", feature="chat", model="new-model"),
        event("gone", feature="chat", model="unheard-of"),
    )
    world.acme.fold()
    world.brix.post(event("foreign", model="unheard-of"))
    rates = dict.fromkeys(TOKEN_CLASSES, Decimal(1))
    new = {"provider": "anthropic", "model": "new-model", "source": "-", "checked_on": SINCE}
    with world.acme.scope():
        add_terms(AgreedPrice(**new, **rates), **BY)
        void("", "gone", reason="sent twice", actor="test", now=datetime.now(UTC))
    run_through(world.acme, only_unpriced=True, models=["new-model"])


def test_what_has_no_price_is_a_row_and_leads_to_exactly_its_events(ana, world, unpriced):
    query = f"{DAYS}&group_by=feature"
    told = api_of(ana, world, f"{query}&granularity=total&unpriced=apart")
    lines = {row["feature_name"]: row for row in file_of(ana, query)}
    page = ana.get(f"/t/acme/explore/?{query}")

    rows = {row["feature"]: row for row in told["rows"]}
    assert {name: row["events"] for name, row in rows.items()} == {"chat": 2, "(unpriced)": 2}
    assert (rows["(unpriced)"]["cost"], rows["(unpriced)"]["is_unpriced"]) == (None, True)
    assert (rows["chat"]["cost"], rows["chat"]["unpriced_events"]) == ("0.0364", 0)
    assert rows["chat"]["is_partial"]
    assert told["total"]["unpriced_events"] == 2
    assert {name: (row["events"], row["cost_is"], row["cost"]) for name, row in lines.items()} == {
        "chat": ("2", ">=", "0.0364"),
        "Unpriced": ("2", ">=", ""),
    }
    assert re.search(r"Unpriced [\d.,k]+ 2 no price yet", text_of(page))

    (link,) = links_of(page, r"^\?.*priced=no")
    of_them = ana.get(f"/t/acme/explore/{link}&granularity=hour")
    events = [ana.get(each) for each in links_of(of_them, r"explore/events/.*priced=no")]
    shown = [link for each in events for link in links_of(each, r"/event/\?")]
    assert {re.search("id=(.*)", each)[1] for each in shown} == {"chat", "none"}
    assert "2 unpriced" in text_of(of_them)
    assert "Price: none yet" in text_of(of_them)


def test_by_day_or_by_hour_each_period_has_its_own_row_of_what_has_no_price(ana, world, unpriced):
    for rows, label in (("day", "20 Nov"), ("hour", "20 Nov, 14:00")):
        query = f"since=2026-11-20&until=2026-11-21&group_by=feature&granularity={rows}"
        page = ana.get(f"/t/acme/explore/?{query}")
        assert re.search(rf"{label} Unpriced [\d.,k]+ 1 no price yet", text_of(page))
    (link,) = links_of(page, r"explore/events/.*priced=no")
    assert links_of(ana.get(link), "id=") == links_of(ana.get(link), "id=chat")


def test_what_has_no_price_is_told_apart_only_from_something(ana, world, unpriced):
    """Without a dimension, and where the price is asked for, a row says what it lacks."""
    whole = api_of(ana, world, f"{DAYS}&granularity=total&unpriced=apart")["rows"]
    asked = api_of(
        ana, world, f"{DAYS}&granularity=total&unpriced=apart&priced=no&group_by=feature"
    )["rows"]
    usual = api_of(ana, world, f"{DAYS}&granularity=total&group_by=feature")["rows"]

    assert [(row["events"], row["unpriced_events"]) for row in whole] == [(4, 2)]
    assert {row["feature"]: row["unpriced_events"] for row in asked} == {"chat": 1, "": 1}
    assert {row["feature"]: row["events"] for row in usual} == {"chat": 3, "": 1}
    assert not {"is_unpriced", "is_partial"} & usual[0].keys()
    key = {"Authorization": f"Bearer {world.acme.keys['read']}"}
    answer = ana.get(f"/api/v1/spend?{DAYS}&unpriced=row", headers=key)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_choice")


def test_token_classes_have_no_number_of_events_and_no_unpriced_ones_but_in_their_row(
    ana, world, unpriced
):
    lines = {row["token_class_name"]: row for row in file_of(ana, f"{DAYS}&group_by=token_class")}

    apart = lines.pop("Unpriced")
    assert (apart["events"], apart["unpriced_events"], apart["cost"]) == ("2", "2", "")
    assert {row["events"] + row["unpriced_events"] for row in lines.values()} == {""}
    assert sum(Decimal(row["cost"]) for row in lines.values()) == Decimal("0.0364")
    assert "Unpriced 2 events" in text_of(ana.get(f"/t/acme/explore/?{DAYS}&group_by=token_class"))


@pytest.fixture
def prompts(world):
    """What two events' own pages say that each component cost; a third is not split."""
    world.acme.post(
        event("a", components=PROMPT, feature="chat", occurred_at="2026-11-20T12:10:00Z"),
        event("b", components=PROMPT[:1], model="claude-haiku-4-5", usage=USAGE),
        event("c"),
    )
    with world.acme.scope():
        details = [event_detail("", name) for name in ("a", "b")]
    return [{share.component: share for share in each.split} for each in details]


def test_a_component_filters_and_combines_with_every_dimension(ana, world, prompts):
    def both(**filters):
        query = f"{DAYS}&granularity=total&{urlencode(filters)}"
        told, lines = api_of(ana, world, query), file_of(ana, query)
        assert sum(Decimal(row["cost"]) for row in lines) == Decimal(told["total"]["cost"])
        if "token_class" not in filters.get("group_by", ""):
            assert sum(int(row["events"]) for row in lines) == told["total"]["events"]
        return told["total"], lines

    system, _ = both(component="system", group_by="client")
    by_model = {row["model"]: row["cost"] for row in both(component="system", group_by="model")[1]}
    user, rows = both(component="user", group_by="feature,token_class")
    rest, _ = both(component="not_split")
    nothing, _ = both(component="secret")
    searched, _ = both(component="user", feature="(none)")

    a, b = prompts
    assert Decimal(system["cost"]) == a["system"].cost + b["system"].cost
    assert (system["events"], system["cost_list"]) == (2, None)
    assert Decimal(by_model["claude-haiku-4-5"]) == b["system"].cost
    assert Decimal(user["cost"]) == a["user"].cost
    assert {row["feature"] for row in rows} == {"chat"}
    assert {row["events"] for row in rows} == {""}
    assert (rest["cost"], rest["events"]) == (COST, 1)
    assert (nothing["events"], searched["events"]) == (0, 0)
    page = ana.get(f"/t/acme/explore/?{DAYS}&group_by=model&component=system")
    assert "Component: System prompt" in text_of(page)
    assert "component=system" in page.content.decode().split("explore.csv?")[1].split('"')[0]
    assert links_of(page, r"api/v1/spend\?.*unpriced=apart&component=system")


def test_components_are_of_days_and_a_day_leads_to_its_events(ana, world, prompts):
    day = "since=2026-11-20&until=2026-11-21"
    key = {"Authorization": f"Bearer {world.acme.keys['read']}"}
    for asked in ("component=system", "group_by=component"):
        answer = ana.get(f"/api/v1/spend?{day}&granularity=hour&{asked}", headers=key)
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_granularity")
        page = ana.get(f"/t/acme/explore/?{day}&granularity=hour&{asked}")
        assert (page.status_code, "Components are kept by day" in text_of(page)) == (422, True)

        days = ana.get(f"/t/acme/explore/?{day}&granularity=day&{asked}")
        for link in links_of(days, r"explore/events/\?since=2026-11-19T22"):
            assert len(links_of(ana.get(link), r"/event/\?")) == 3
        assert links_of(days, r"explore/events/\?since=2026-11-19T22")
    assert "Daily spend" in text_of(ana.get(f"/t/acme/explore/?{day}&component=system"))


OF_OTHERS = {
    "client": "only-brix",
    "project": "secret-brix",
    "model": "model-of-brix",
    "provider": "provider-of-brix",
    "feature": "feature-of-brix",
    "environment": "place-of-brix",
    "component": "system",
    "token_class": "cache_read",
}


def test_what_another_company_has_is_answered_like_what_nobody_has(ana, world):
    """Byte for byte: page, file, events, answer and refusal; also of an archived client, and of its key."""
    brix = world.brix
    with brix.scope():
        client = create_client(actor="test", slug="only-brix", name="Only Brix")
        create_project(actor="test", slug="secret-brix", name="Secret of Brix", client=client)
        archive(client, actor="test", now=datetime.now(UTC))
        key, _ = create_key(actor="test", name="key-of-brix", scopes=["ingest"])
    said = {name: value for name, value in OF_OTHERS.items() if name in {"model", "provider"}}
    said |= {"feature": OF_OTHERS["feature"], "environment": OF_OTHERS["environment"]}
    brix.post(event("b", project="secret-brix", components=PROMPT, **said))
    world.acme.post(event("a", usage={"input_tokens": 5, "output_tokens": 5}))
    shown = {"Authorization": f"Bearer {world.acme.keys['read']}"}

    def answers(query):
        hour = "since=2026-11-20T12:00:00Z&until=2026-11-20T13:00:00Z"
        for path in (
            f"/t/acme/explore/?{DAYS}&group_by=project&{query}",
            f"/t/acme/explore.csv?{DAYS}&granularity=day&{query}",
            f"/t/acme/explore/events/?{hour}&{query}",
            f"/api/v1/spend?{DAYS}&group_by=client&{query}",
            f"/api/v1/spend?{DAYS}&granularity=hour&{query}",
        ):
            yield ana.get(path, headers=shown if "/api/" in path else {})

    values = {**OF_OTHERS, "api_key": key.prefix}
    for name, value in values.items():
        nobody = "x" * len(value)
        found = zip(answers(f"{name}={value}"), answers(f"{name}={nobody}"), strict=True)
        for place, (theirs, none) in enumerate(found):
            assert theirs.status_code == none.status_code
            if name in {"component", "token_class"}:
                continue
            texts = [MOVING.sub("", each.content.decode()) for each in (theirs, none)]
            assert texts[0].replace(value, nobody) == texts[1], (name, place)
    whole = ana.get(f"/t/acme/explore/?{DAYS}").content.decode()
    assert not [each for each in (*said.values(), "only-brix", "Secret of Brix") if each in whole]
    for name in ("component", "token_class"):
        told = api_of(ana, world, f"{DAYS}&granularity=total&{name}={OF_OTHERS[name]}")
        assert (told["rows"], told["total"]["cost"]) == ([], "0")
