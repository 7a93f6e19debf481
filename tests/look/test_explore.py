"""The explorer: page, file and API answer a question alike, and what has no price is never nothing."""

import csv
import io
import re
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from billing.money import TOKEN_CLASSES, plain
from billing.reports.ranking import OTHER
from billing.web.question import FILTERS, GROUPS, MOST_HOURLY_DAYS
from tenants.actions import archive, create_client, create_key, create_project
from tenants.company import change_company
from tests.factories import COST, USAGE, event
from tests.look.test_pages import text_of
from tests.look.test_unpriced import CASES, strange

DAYS = "since=2026-11-01&until=2026-12-01"
SPANS = [(date(2026, 9, 1), date(2026, 12, 1)), (date(2026, 11, 19), date(2026, 11, 22))]
SPANS += [(date(2026, 11, 20), date(2026, 11, 21))]
EVENTS = st.fixed_dictionaries(
    {
        "project": st.sampled_from(["support-bot", "contract-agent", "night-shift"]),
        "model": st.sampled_from(
            ["claude-sonnet-4-6", "claude-haiku-4-5", "claude-opus-5", "claude-opus-99", "=1+1"]
        ),
        "provider": st.sampled_from(["anthropic", "bedrock"]),
        "feature": st.sampled_from(["", "chat", "=cmd|' /C calc'!A0", "(other)", "(unpriced)"]),
        "environment": st.sampled_from(["", "production", "-staging"]),
        "occurred_at": st.sampled_from(
            [
                f"2026-{at}Z"
                for at in (
                    "11-20T12:10:00",
                    "11-20T21:59:59",
                    "11-20T22:00:00",
                    "11-19T23:59:59",
                    "10-25T00:30:00",
                    "10-25T01:30:00",
                    "09-01T05:00:00",
                    "08-31T20:59:59",
                    "06-10T00:00:00",
                )
            ]
        ),
        "components": st.sampled_from([None, [{"name": "system", "tokens": 3}]])
        | st.lists(
            st.fixed_dictionaries({"name": st.just("user"), "tokens": st.integers(0, 99)}),
            min_size=1,
            max_size=3,
        ),
        "usage": st.builds(
            lambda tokens, tier: {
                "input_tokens": tokens[0],
                "output_tokens": tokens[1],
                "cache_read_input_tokens": tokens[2],
                "cache_creation_input_tokens": tokens[3],
                "service_tier": tier,
            },
            st.tuples(*[st.integers(0, 10**7)] * 4),
            st.sampled_from(["standard", "batch", "overnight"]),
        ),
    }
)
FILTER_VALUES = {
    "client": ["globex", "initech", "only-brix"],
    "project": ["support-bot", "night-shift"],
    "model": ["claude-sonnet-4-6", "=1+1"],
    "provider": ["bedrock", "nobody"],
    "api_key": ["import", "other"],
    "variant": ["standard", "batch"],
    "feature": ["chat", "(none)", "(other)"],
    "environment": ["-staging", "(none)"],
    "token_class": ["cache_read", "output", "thoughts"],
    "component": ["system", "user", "response", "not_split", "thoughts"],
    "priced": ["yes", "no", "maybe"],
}
QUESTIONS = st.fixed_dictionaries(
    {
        "span": st.sampled_from(SPANS),
        "granularity": st.sampled_from(["total", "month", "day", "hour"]),
        "group_by": st.lists(st.sampled_from(list(GROUPS)), max_size=2, unique=True),
        "top": st.sampled_from([1, 2, 10]),
        "filters": st.dictionaries(st.sampled_from(FILTERS), st.integers(0, 2), max_size=2),
    }
)


@pytest.fixture
def ana(client, world):
    client.force_login(world.ana)
    return client


@contextmanager
def undone():
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def query_of(question, *, keys):
    since, until = question["span"]
    if question["granularity"] == "hour":
        since, until = SPANS[1]
        question["group_by"] = [name for name in question["group_by"] if name != "component"]
        question["filters"].pop("component", None)
    values = {**FILTER_VALUES, "api_key": ["import", *keys]}
    return urlencode(
        {
            "since": since,
            "until": until,
            "granularity": question["granularity"],
            "group_by": ",".join(question["group_by"]),
            "top": question["top"],
            "unpriced": "apart",
            **{
                name: values[name][number % len(values[name])]
                for name, number in question["filters"].items()
            },
        }
    )


def file_of(browser, query):
    answer = browser.get(f"/t/acme/explore.csv?{query}")
    assert answer.status_code == 200, answer.content
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def api_of(browser, world, query):
    key = {"Authorization": f"Bearer {world.acme.keys['read']}"}
    answer = browser.get(f"/api/v1/spend?{query}", headers=key)
    assert answer.status_code == 200, answer.content
    return answer.json()


def amounts_of(browser, query):
    """The amounts of every line of every page, and the total; None where nothing has a price."""
    amounts, page = [], 1
    while True:
        html = browser.get(f"/t/acme/explore/?{query}&page={page}").content.decode()
        table = re.search(r'<table class="rows">.*?</table>', html, re.S)
        if table is None:
            return [], Decimal(0)
        body, foot = table.group().split("<tfoot>")
        amounts += [exact(row) for row in body.split("<tr>")[2:]]
        if 'rel="next"' not in html:
            return amounts, exact(foot)
        page += 1


def exact(html):
    found = re.search(r'<data value="([^"]+)">', html)
    assert found or "unpriced<" in html or "no price yet<" in html, html
    return Decimal(found.group(1)) if found else None


def unescaped(text):
    return text.removeprefix("'") if text.startswith("'") else text


def is_gone(row):
    """A line of the range before, which the API does not have now."""
    return row["events"] in {"0", ""} and not any(
        int(row[f"tokens_{name}"]) for name in TOKEN_CLASSES
    )


@pytest.fixture
def keys(world):
    """Another client with a project, and a second key, whose events are told apart."""
    with world.acme.scope():
        third = create_client(actor="test", slug="third", name="+Third & Sons")
        create_project(actor="test", slug="night-shift", name="Night shift", client=third)
        return ["other", create_key(actor="test", name="other", scopes=["ingest"])[0].prefix]


@settings(
    max_examples=30,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(EVENTS, max_size=14), st.integers(0, 14), st.lists(QUESTIONS, min_size=4, max_size=4)
)
def test_page_file_and_api_agree_to_the_last_decimal(ana, world, keys, events, folded, questions):
    with undone():
        posted = [event(f"e-{number}", **each) for number, each in enumerate(events)]
        posted = [{k: v for k, v in each.items() if v != ""} for each in posted]
        verdicts = world.acme.post(*posted[:folded]) if posted[:folded] else []
        world.acme.fold()
        verdicts += world.acme.post(*posted[folded:]) if posted[folded:] else []

        ever = api_of(ana, world, "since=2026-01-01&until=2026-12-01&granularity=total")
        assert Decimal(ever["total"]["cost"]) == sum(each.cost or Decimal(0) for each in verdicts)
        for question in questions:
            query = query_of(question, keys=keys)
            told, lines = api_of(ana, world, query), file_of(ana, query)

            now = [row for row in lines if not is_gone(row)]
            assert {key_of(row, question): figures_of(row) for row in now} == {
                api_key_of(row, question): api_figures(row, question) for row in told["rows"]
            }
            assert len(now) == len(told["rows"])
            assert sum(Decimal(row["cost"] or 0) for row in now) == Decimal(told["total"]["cost"])
            amounts, total = amounts_of(ana, query)
            if lines:
                shown = [Decimal(row["cost"]) if row["cost"] else None for row in lines]
                assert amounts == shown
                assert (total or 0) == Decimal(told["total"]["cost"])


def key_of(row, question):
    period = None if question["granularity"] == "total" else row["period"]
    names = {row[f"{name}_name"] for name in question["group_by"]}
    return (period, names == {"Unpriced"}, *(unescaped(row[name]) for name in question["group_by"]))


def api_key_of(row, question):
    return (row["period"], row["is_unpriced"], *(row[name] for name in question["group_by"]))


def figures_of(row):
    return {
        "events": int(row["events"]) if row["events"] else None,
        "unpriced_events": int(row["unpriced_events"]) if row["unpriced_events"] else None,
        "is_partial": row["cost_is"] == ">=",
        "tokens": {name: int(row[f"tokens_{name}"]) for name in TOKEN_CLASSES},
        **{name: row[name] or None for name in ("cost", "cost_uncached", "saving")},
    }


def api_figures(row, question):
    """As a file has them: amounts open where nothing has a price, or where they are of whole calls only;
    counts open where an event is in several rows."""
    asked = {*question["group_by"], *question["filters"]}
    once = row["is_unpriced"] and "token_class" not in question["filters"]
    of_parts = "token_class" in asked or ("component" in question["group_by"] and not row["events"])
    of_classes = "token_class" in question["group_by"] and not row["is_unpriced"]
    lacks = row["is_partial"] or bool(row["unpriced_events"])
    unpriced = lacks and row["cost"] in {"0", None}
    return {
        "events": row["events"] if once or not of_parts else None,
        "unpriced_events": None if of_classes else row["unpriced_events"],
        "is_partial": lacks,
        "tokens": row["tokens"],
        **{name: None if unpriced else row[name] for name in ("cost", "cost_uncached", "saving")},
    }


def test_a_question_is_narrowed_by_every_dimension_and_says_nothing_of_others(ana, world, keys):
    world.acme.post(
        event("a", feature="chat", environment="production"),
        event("b", project="contract-agent", model="claude-opus-5"),
        event("c", provider="bedrock", model="x"),
    )
    world.brix.post(event("z", feature="secret"))
    with world.acme.scope():
        prefix = world.acme.found_key().prefix

    def events(**filters):
        query = f"{DAYS}&granularity=total&{urlencode(filters)}"
        told, lines = api_of(ana, world, query), file_of(ana, query)
        assert sum(int(row["events"]) for row in lines) == told["total"]["events"]
        return told["total"]["events"]

    found = {
        "client": ("globex", 2),
        "project": ("contract-agent", 1),
        "model": ("claude-opus-5", 1),
        "provider": ("bedrock", 1),
        "api_key": (prefix, 3),
        "feature": ("(none)", 2),
        "environment": ("production", 1),
        "variant": ("(none)", 0),
    }
    assert {name: events(**{name: value}) for name, (value, _) in found.items()} == {
        name: number for name, (_, number) in found.items()
    }
    strangers = [("client", "only-brix"), ("feature", "secret"), ("model", "'; --")]
    pages = [ana.get(f"/t/acme/explore/?{DAYS}&{urlencode([each])}") for each in strangers]
    assert {page.status_code for page in pages} == {200}
    assert all("Nothing like that in this range" in text_of(page) for page in pages)
    assert [events(**dict([each])) for each in strangers] == [0, 0, 0]


def test_what_is_not_attributed_and_what_has_no_price_are_rows_and_never_nought(ana, world):
    world.acme.post(event("a"), event("b", feature="chat", model="claude-opus-99"))
    query = f"{DAYS}&group_by=feature"

    lines = {row["feature_name"]: row for row in file_of(ana, query)}
    text = text_of(ana.get(f"/t/acme/explore/?{query}"))

    assert lines["Unattributed"]["cost"] == COST
    apart = lines["Unpriced"]
    assert (apart["cost_is"], apart["cost"], apart["saving"]) == (">=", "", "")
    assert (apart["feature"], apart["events"], apart["unpriced_events"]) == ("(unpriced)", "1", "1")
    assert "Unattributed" in text
    assert re.search(r"Unpriced .* 1 no price yet", text)
    assert "≥" in text


@pytest.mark.parametrize("case", CASES)
def test_no_way_of_having_no_price_makes_a_nought_in_page_or_file(ana, world, case):
    odd, span = strange(case)
    world.acme.post(odd)

    for query in (f"{span}&group_by=model", f"{span}&granularity=day&group_by=", span):
        lines = file_of(ana, query)
        html = ana.get(f"/t/acme/explore/?{query}").content.decode()
        assert [(row["cost_is"], row["cost"], row["unpriced_events"]) for row in lines] == [
            (">=", "", "1")
        ]
        assert {row["cost_uncached"] + row["saving"] for row in lines} == {""}
        assert '<data value="0">' not in html
        assert "1 unpriced" in html or "no price yet" in html


def test_a_spreadsheet_runs_nothing_of_a_file_and_reads_its_figures(ana, world, keys):
    world.acme.post(
        event("a", project="night-shift", feature="=1+1", environment=" @x", usage=USAGE),
        event("b", feature="+2", usage={"input_tokens": 0, "output_tokens": 1}),
        event("c", usage={"input_tokens": 1, "output_tokens": 0, "cache_creation_input_tokens": 9}),
    )

    for groups in ("client,feature", "environment,project"):
        for row in file_of(ana, f"{DAYS}&group_by={groups}"):
            for name, cell in row.items():
                assert not cell.strip().startswith(("=", "+", "@")), row
                if name in {"cost", "saving", "cost_uncached"} and cell:
                    assert plain(Decimal(cell)) == cell
    by_client = {row["client"]: row for row in file_of(ana, f"{DAYS}&group_by=client")}
    assert by_client["third"]["client_name"] == "'+Third & Sons"
    assert by_client["third"]["cache_hit_rate"] == "0.990099"
    assert Decimal(by_client["globex"]["saving"]) < 0


def test_the_largest_are_named_and_the_rest_add_up(ana, world):
    world.acme.post(
        *(
            event(f"e-{n}", feature=f"f{n}", usage=USAGE | {"output_tokens": 90 * n})
            for n in range(9)
        )
    )
    query = f"{DAYS}&group_by=feature&top=5"

    lines = file_of(ana, query)

    assert [row["feature"] for row in lines] == ["f8", "f7", "f6", "f5", "f4", OTHER]
    assert lines[-1]["feature_name"] == "Other"
    assert int(lines[-1]["events"]) == 4
    for wrong in ("0", "-1", "101", "x", "1e1"):
        assert ana.get(f"/t/acme/explore/?top={wrong}").status_code == 422


def test_from_a_day_to_the_reason_of_one_figure(ana, world):
    """Kolkata's days end in the middle of an hour: the hour of a day has the events of that day alone."""
    world.acme.post(event("n-1", occurred_at="2026-11-20T12:10:00Z", feature="a b"))
    world.acme.post(event("n-2", occurred_at="2026-11-20T13:10:00Z", feature="a b"))
    world.acme.post(event("n-3", occurred_at="2026-11-20T12:20:00Z", feature="other"))

    def follow(page, pattern):
        links = re.findall(r'href="([^"]+)"', page.content.decode())
        (link,) = {each for each in links if re.search(pattern, each)}
        link = link.replace("&amp;", "&")
        return ana.get(link if link.startswith("/") else page.request["PATH_INFO"] + link)

    whole = ana.get(f"/t/acme/explore/?{DAYS}&group_by=feature")
    feature = follow(whole, r"^\?.*feature=a\+b")
    days = ana.get(f"/t/acme/explore/?{DAYS}&group_by=&granularity=day&feature=a+b")
    hours = follow(
        days, r"^\?since=2026-11-20&amp;until=2026-11-21.*granularity=hour.*feature=a\+b$"
    )
    events = follow(hours, r"explore/events/\?since=2026-11-20T12.*feature=a\+b$")
    reason = follow(events, r"/event/\?")

    assert "Model" in text_of(feature)
    assert "n-1" in reason.content.decode()
    assert "Sonnet" in text_of(reason) or "claude-sonnet-4-6" in text_of(reason)
    assert "20 Nov, 14:00" in text_of(hours)


def test_an_hour_that_midnight_cuts_has_the_events_of_its_day(client, world):
    client.force_login(world.bo)
    for name, at in (("a", "18:10"), ("b", "18:29"), ("c", "18:45")):
        world.brix.post(event(name, occurred_at=f"2026-11-20T{at}:00Z"))

    hours = client.get("/t/brix/explore/?since=2026-11-20&until=2026-11-21&granularity=hour")
    link = re.search(r'href="(/t/brix/explore/events/[^"]+)"', hours.content.decode()).group(1)
    events = client.get(link.replace("&amp;", "&")).content.decode()

    assert "until=2026-11-20T18%3A30%3A00Z" in link
    assert [f"id={name}" in events for name in "abc"] == [True, True, False]


def test_archived_clients_keep_their_name_and_what_ended_is_compared(ana, world):
    world.acme.post(
        event("old", occurred_at="2026-10-15T12:00:00Z"), event(project="contract-agent")
    )
    with world.acme.scope():
        archive(world.acme.clients["globex"], actor="test", now=datetime.now(UTC))

    text = text_of(ana.get(f"/t/acme/explore/?{DAYS}"))

    assert re.search(r"Globex of Acme .* \$0\.00 .*−\$0\.016? less", text) or "−$0.02 less" in text
    assert "Initech of Acme" in text


def test_a_week_is_the_companys_on_the_page_in_the_file_and_in_the_answer(ana, world):
    world.acme.post(event())
    with world.acme.scope():
        change_company(actor="test", name="Acme", week_starts_on=7)

    told = api_of(ana, world, "range=last-week&granularity=total")
    page = ana.get("/t/acme/explore/?range=last-week&group_by=")
    menu = text_of(page).partition("90 days")[2]

    since = date.fromisoformat(told["since"])
    assert (since.isoweekday(), told["until"]) == (7, (since + timedelta(7)).isoformat())
    assert page.context["range"].days.since == since
    assert re.match(r" Last week This week Last week This quarter", menu)
    name = ana.get("/t/acme/explore.csv?range=last-week")["Content-Disposition"]
    assert f"spend-acme-{since}" in name


def test_a_question_that_makes_no_sense_is_said_in_words_and_the_rest_is_kept(ana, world):
    world.acme.post(event())
    days = MOST_HOURLY_DAYS + 1
    wrong = {
        "group_by=colour&granularity=day": "There is no dimension",
        "group_by=client,project,model": "Two dimensions at most",
        "granularity=week": "A row is one of",
        f"since=2026-01-01&until={date(2026, 1, 1) + timedelta(days)}&granularity=hour": "Hours are shown",
        "since=2026-02-01&until=2026-01-01": "until must be after since",
    }
    for query, words in wrong.items():
        page = ana.get(f"/t/acme/explore/?{query}")
        assert (page.status_code, words in text_of(page)) == (422, True), query
        assert ana.get(f"/t/acme/explore.csv?{query}").status_code == 422
    for query in ("", "since=x&until=y", "since=2026-11-20T00:00:00&until=2026-11-21T00:00:00"):
        assert ana.get(f"/t/acme/explore/events/?{query}").status_code == 404


def test_a_page_of_many_rows_stays_small_and_its_pages_have_them_all(ana, world):
    start = datetime(2026, 9, 10, 12, tzinfo=UTC)
    batch = [
        event(
            f"e-{n}",
            feature=f"a feature with a name of usual length {n % 60}",
            occurred_at=(start + timedelta(days=n % 70)).isoformat(),
            model=["claude-sonnet-4-6", "claude-haiku-4-5", "claude-opus-99"][n % 3],
        )
        for n in range(600)
    ]
    world.acme.post(*batch)
    for span in ("since=2026-10-01&until=2026-11-14", "since=2026-09-01&until=2026-12-01"):
        for rows in ("total", "day"):
            query = f"{span}&group_by=feature,model&top=100&granularity={rows}&client=globex"
            page = ana.get(f"/t/acme/explore/?{query}")
            assert len(page.content) < 60_000, (query, len(page.content))
            assert len(amounts_of(ana, query)[0]) == len(file_of(ana, query))
