"""The drift alarm: what differs between book and list is found, told of once, and said in words."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from structlog.testing import capture_logs

from billing import tasks
from billing.flow.compare_prices import compare_prices
from billing.flow.drift import differences
from billing.flow.known_gaps import KNOWN_GAPS
from billing.flow.other_lists import VERSION, ListedModel, ListedRow, listed_models
from billing.models import BookDifference, Heartbeat, ListedPrice, PriceRow
from billing.reports.drift import drift
from tenants.scoping import APP_ROLE, dispatch_scope
from tests.billing.pricing import BOOK
from tests.operations.test_operate import make_operator
from tests.walls.roles import speaking_as

TODAY = date(2026, 11, 22)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
OPUS = ("5", "6.25", "10", "0.5", "25", "10000")  # claude-opus-5 in the book
FAST = ("10", "12.5", "20", "1", "50", "10000")


def model(name="claude-opus-5", *, rows=None, **changes):
    rows = rows or {("standard", 0): OPUS, ("fast", 0): FAST}
    return replace(
        ListedModel(
            provider="anthropic",
            model=name,
            names=(),
            since=None,
            until=None,
            changed_on=(),
            rows=tuple(
                ListedRow(speed, over, tuple(Decimal(each) if each else None for each in rates))
                for (speed, over), rates in rows.items()
            ),
            batch_multiplier=Decimal("0.500"),
            not_mapped=(),
        ),
        **changes,
    )


def found(*models, day=TODAY, about="claude-opus-5"):
    """(what, speed, over, ours, theirs) of every difference about one model."""
    return [
        (each.what, each.speed, each.over_prompt_tokens, each.ours, each.theirs)
        for each in differences(BOOK, lambda _: models, day=day)
        if each.model == about
    ]


def test_where_both_agree_nothing_is_found():
    assert found(model()) == []


def test_one_rate_that_differs_is_found_with_both_figures():
    rows = {("standard", 0): ("5", "6.25", "10", "0.25", "25", "10000"), ("fast", 0): FAST}

    assert found(model(rows=rows)) == [("cache_read", "standard", 0, "0.5", "0.25")]


def test_a_rate_that_the_list_does_not_state_is_a_difference():
    rows = {("standard", 0): ("5", "6.25", None, "0.5", "25", "10000"), ("fast", 0): FAST}

    assert found(model(rows=rows)) == [("cache_write_1h", "standard", 0, "10", "")]


def test_a_step_of_one_side_is_compared_with_what_the_other_asks_there():
    rows = {("standard", 0): OPUS, ("standard", 200_000): ("10", *OPUS[1:]), ("fast", 0): FAST}

    assert found(model(rows=rows)) == [("input", "standard", 200_000, "5", "10")]


def test_a_model_or_a_mode_that_one_side_lacks_is_found():
    new = model("claude-opus-9")

    assert found() == [("model", "standard", 0, "yes", "")]
    assert found(model(), new, about="claude-opus-9") == [("model", "standard", 0, "", "yes")]
    assert found(model(rows={("standard", 0): OPUS})) == [("speed", "fast", 0, "yes", "")]


def test_batch_multipliers_are_compared():
    assert found(model(batch_multiplier=None)) == [("batch_multiplier", "standard", 0, "0.5", "")]


def test_a_model_is_found_under_any_of_its_names():
    listed = model("opus-4", names=("claude-opus-4-20250514",))

    assert found(listed, about="opus-4") == []
    assert {what for what, *_ in found(listed, about="claude-opus-4")} >= {"input", "speed"}


def test_a_change_that_the_list_announces_and_the_book_does_not_know_is_found():
    soon = date(2026, 12, 1)
    rows = {("standard", 0): ("6", *OPUS[1:]), ("fast", 0): FAST}
    before, after = (model(rows=each, changed_on=(soon,)) for each in (None, rows))

    listing = differences(BOOK, lambda day: [after if day >= soon else before], day=TODAY)

    assert [
        (each.what, each.ours, each.theirs) for each in listing if each.model == "claude-opus-5"
    ] == [("change", "2026-07-24", "2026-12-01")]


def test_a_change_that_both_know_is_none():
    """Opus 4.6 lost its long prompts on 2026-03-13, in both."""
    installed = {each.model: each for each in listed_models(TODAY, providers={"anthropic"})}

    assert installed["claude-opus-4-6"].changed_on == (date(2026, 3, 13),)
    assert "change" not in {each.what for each in installed_differences()}


def installed_differences():
    return differences(BOOK, lambda day: listed_models(day, providers={"anthropic"}), day=TODAY)


def test_every_difference_of_the_installed_list_is_known():
    assert [each for each in installed_differences() if not each.reason] == []


@pytest.mark.parametrize("gap", KNOWN_GAPS, ids=lambda gap: gap.reason[:30])
def test_every_known_gap_is_still_one(gap):
    """Otherwise the list has mended it, or the figure has changed: look, and delete or change the gap."""
    there = {
        (each.model, each.what, each.theirs)
        for each in installed_differences()
        if each.over_prompt_tokens == gap.over_prompt_tokens
    }

    assert {
        (name, what, theirs) for name in gap.models for what, theirs in gap.theirs.items()
    } <= there


def test_another_figure_than_the_known_one_is_an_alarm():
    rows = {("standard", 0): ("3", "3.75", "6", "0.3", "15", "10000")}
    known = rows | {("standard", 200_000): ("6", "7.5", "12", "0.6", "22.5", "10000")}
    other = rows | {("standard", 200_000): ("7", "7.5", "12", "0.6", "22.5", "10000")}

    for steps, alarms in ((known, []), (other, ["input"])):
        listed = [model("claude-sonnet-4-5", rows=steps)]
        mine = [
            each
            for each in differences(BOOK, lambda _, listed=listed: listed, day=TODAY)
            if each.model == "claude-sonnet-4-5"
        ]
        assert len(mine) == 5
        assert [each.what for each in mine if not each.reason] == alarms


# --- What is kept ------------------------------------------------------------------------------------


@pytest.fixture
def cheaper(monkeypatch):
    """The list says something else of Opus 5 than the book, from now on."""

    def listed(day, *, providers=None):
        rows = {("standard", 0): ("4", *OPUS[1:]), ("fast", 0): FAST}
        real = [
            each
            for each in listed_models(day, providers=providers)
            if each.model != "claude-opus-5"
        ]
        return [*real, model(rows=rows)]

    def begin():
        monkeypatch.setattr("billing.flow.compare_prices.listed_models", listed)

    return begin


def open_differences():
    return list(BookDifference.objects.filter(reason=""))


def test_a_new_difference_is_logged_once_and_stays_until_it_is_gone(db, cheaper, monkeypatch):
    cheaper()

    with capture_logs() as logs:
        tasks.compare_prices()
    with capture_logs() as again:
        tasks.compare_prices()

    warned = [each for each in logs if each["log_level"] == "warning"]
    assert [(each["event"], each["model"], each["what"]) for each in warned] == [
        ("price_differs", "claude-opus-5", "input")
    ]
    assert (warned[0]["ours"], warned[0]["theirs"]) == ("5", "4")
    assert [each for each in again if each["log_level"] == "warning"] == []
    assert Heartbeat.objects.filter(name="prices").exists()
    (row,) = open_differences()
    assert row.first_seen_at < row.last_seen_at

    monkeypatch.undo()
    tasks.compare_prices()
    assert open_differences() == []


def test_known_gaps_are_kept_with_their_reason_and_never_logged_as_new(db):
    compared = compare_prices(now=NOON)

    assert (len(compared.differences), compared.new) == (21, [])
    assert BookDifference.objects.filter(reason="").count() == 0
    assert BookDifference.objects.count() == 21


def test_the_same_night_twice_keeps_the_same_rows(db):
    compare_prices(now=NOON)
    first = list(BookDifference.objects.values_list("pk", "first_seen_at"))
    prices = ListedPrice.objects.count()

    compare_prices(now=NOON + timedelta(hours=1))

    assert list(BookDifference.objects.values_list("pk", "first_seen_at")) == first
    assert ListedPrice.objects.count() == prices > 2_000


def test_prices_of_other_providers_are_kept_and_none_of_the_books_own(db):
    compare_prices(now=NOON)

    gpt = ListedPrice.objects.get(provider="openai", model="gpt-4o")
    assert (gpt.input, gpt.cache_read, gpt.output) == (Decimal("2.5"), Decimal("1.25"), Decimal(10))
    assert gpt.cache_write_5m is None
    assert (gpt.version, gpt.checked_on) == (VERSION, TODAY)
    assert not ListedPrice.objects.filter(provider="anthropic").exists()
    chat = ListedPrice.objects.get(provider="deepseek", model="deepseek-chat")
    assert (chat.input, chat.not_mapped) == (None, ["The price depends on the time of day."])


@pytest.mark.parametrize("table", ["billing_listedprice", "billing_bookdifference"])
def test_who_serves_reads_and_cannot_write(db, table):
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET version = ''"):
        with (
            speaking_as(APP_ROLE) as cursor,
            pytest.raises(DatabaseError, match="denied"),
            transaction.atomic(),
        ):
            cursor.execute(statement)
    with speaking_as(APP_ROLE) as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")


# --- In words ----------------------------------------------------------------------------------------


def sentences(**figure):
    row = {"provider": "anthropic", "model": "claude-opus-5", "speed": "standard"} | figure
    row = {"over_prompt_tokens": 0, "reason": "", "version": "genai-prices 0.2.3"} | row
    with dispatch_scope():
        BookDifference.objects.create(**row, first_seen_at=NOON, last_seen_at=NOON)
    return [each.sentence for each in drift().open]


@pytest.mark.parametrize(
    ("figure", "sentence"),
    [
        (
            {"what": "cache_read", "ours": "0.5", "theirs": "0.25"},
            "genai-prices 0.2.3 has $0.25 per million for cache reads of claude-opus-5; the book has"
            " $0.5 per million since 2026-07-24 (Anthropic's published price list, checked on 2026-11-22).",
        ),
        (
            {"what": "model", "model": "claude-opus-9", "ours": "", "theirs": "yes"},
            "genai-prices 0.2.3 has claude-opus-9; the book has no price of it.",
        ),
        (
            {"what": "batch_multiplier", "ours": "0.5", "theirs": ""},
            "genai-prices 0.2.3 has no price for claude-opus-5 in batches; the book has 0.5 × the price"
            " since 2026-07-24 (Anthropic's published price list, checked on 2026-11-22).",
        ),
        (
            {"what": "change", "ours": "2026-07-24", "theirs": "2026-12-01"},
            "genai-prices 0.2.3 changes the price of claude-opus-5 on 2026-12-01; the book does so on"
            " 2026-07-24.",
        ),
        (
            {"what": "speed", "speed": "fast", "ours": "yes", "theirs": ""},
            "genai-prices 0.2.3 has no prices for claude-opus-5 in fast mode; the book does since"
            " 2026-07-24 (Anthropic's published price list, checked on 2026-11-22).",
        ),
        (
            {
                "what": "web_search",
                "model": "claude-opus-9",
                "over_prompt_tokens": 200_000,
                "ours": "",
                "theirs": "10000",
            },
            "genai-prices 0.2.3 has $10,000 per million searches for web searches of claude-opus-9 beyond"
            " 200,000 tokens; the book has no price.",
        ),
    ],
)
def test_a_difference_is_a_sentence_with_both_sides_and_the_source(db, figure, sentence):
    assert sentences(**figure) == [sentence]


@pytest.fixture
def system_page(client, world):
    client.force_login(make_operator())

    def ask():
        text = client.get("/system/").content.decode()
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))

    return ask


def test_the_system_page_shows_it_before_the_first_night_and_after(system_page, cheaper):
    assert "Not compared yet" in system_page()

    tasks.compare_prices()
    assert "no new difference" in system_page()
    assert "21 known differences" in system_page()

    cheaper()
    tasks.compare_prices()
    text = system_page()
    assert (
        "has $4 per million for input of claude-opus-5; the book has $5 per million since" in text
    )
    assert (
        "claude-fable-5-2, claude-mythos-5-2, claude-mythos-preview: the book’s own rows come from"
        in text
    )


def test_book_rows_are_those_of_the_price_file(db):
    """The pure tests above price by the file; the task by the database."""
    assert PriceRow.objects.count() == len(BOOK.entries)
