"""Figures as text, and pictures as sentences."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from billing.money import TOKEN_CLASSES
from billing.reports.measures import Measures
from billing.templatetags import figures
from billing.templatetags.names import initials
from billing.web.charts import Point, stacked_bars
from billing.web.names import model_names, named, short_model_name
from billing.web.stats import change_words, saving_stat
from billing.web.words import chart_summary

FIRST = date(2026, 11, 2)  # a Monday


def chart(*amounts: str, unit: str = "day"):
    bars = [Decimal(amount) for amount in amounts]
    return stacked_bars(
        [Point(FIRST + timedelta(days=n), {"a": amount}) for n, amount in enumerate(bars)],
        unit=unit,
    )


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("dollars", Decimal("1234.5"), "$1,234.50"),
        ("dollars", Decimal("-4.03"), "−$4.03"),
        ("dollars", Decimal("0.0016"), "$0.0016"),
        ("dollars", None, "–"),
        ("fine_dollars", Decimal("0.0156"), "$0.0156"),
        ("exact_dollars", Decimal("0.010312"), "$0.010312"),
        ("exact_dollars", Decimal("5"), "$5.00"),
        ("rate", Decimal("35000"), "$35,000.00"),
        ("rate", Decimal("0.125"), "$0.125"),
        ("rate", None, "–"),
        ("count", 12204, "12,204"),
        ("percent", Decimal("0.642"), "64\u00a0%"),
        ("percent", Decimal("0.0423"), "4.2\u00a0%"),
        ("percent", Decimal("0"), "0\u00a0%"),
        ("percent", None, "–"),
        ("signed_percent", Decimal("0.31"), "+31\u00a0%"),
        ("signed_percent", Decimal("-0.12"), "−12\u00a0%"),
        ("times", Decimal("4.4615"), "4.5×"),
        ("day", date(2026, 11, 2), "2 Nov 2026"),
    ],
)
def test_figure_as_text(name, value, text):
    assert getattr(figures, name)(value) == text


def test_moments_are_shown_in_the_tenants_zone():
    at = datetime(2026, 11, 22, 23, 5, 9, tzinfo=UTC)

    assert figures.moment(at, "Europe/Sofia") == "23 Nov 2026, 01:05:09"
    assert figures.minute(at, "Asia/Kolkata") == "23 Nov, 04:35"


@pytest.mark.parametrize(
    ("now", "before", "words", "tone"),
    [
        ("131", "100", "+31\u00a0% more than October", "up"),
        ("104", "100", "+4\u00a0% more than October", ""),
        ("80", "100", "−20\u00a0% less than October", "down"),
        ("100", "100", "the same as October", ""),
        ("1254", "100", "12.5× as much as October", "up"),
        ("5", "0", "nothing in October", ""),
        ("0", "0", "", ""),
    ],
)
def test_change_says_sign_word_and_tone(now, before, words, tone):
    assert change_words(Decimal(now), before=Decimal(before), label="October") == (words, tone)


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("claude-sonnet-4-6", "Sonnet 4.6"),
        ("claude-opus-4-20250514", "Opus 4"),
        ("claude-haiku-4-5-20251001", "Haiku 4.5"),
        ("claude-3-5-haiku-20241022", "Haiku 3.5"),
        ("claude-3-opus-20240229", "Opus 3"),
        ("gpt-x", "gpt-x"),
        ("", "no model named"),
    ],
)
def test_models_have_short_names(identifier, name):
    assert short_model_name(identifier) == name


def test_two_models_never_share_a_name():
    names = model_names(["claude-haiku-4-5", "claude-haiku-4-5-20251001", "claude-opus-4-6"])

    assert names == {
        "claude-haiku-4-5": "claude-haiku-4-5",
        "claude-haiku-4-5-20251001": "claude-haiku-4-5-20251001",
        "claude-opus-4-6": "Opus 4.6",
    }


def test_what_nobody_named_says_so():
    assert named(["", "chat"], dimension="feature") == {"": "no feature named", "chat": "chat"}


@pytest.mark.parametrize(
    ("who", "letters"), [("Ana Petrova", "AP"), ("ana@example.com", "A"), ("", "")]
)
def test_initials(who, letters):
    assert initials(who) == letters


def test_summary_of_nothing():
    assert chart_summary(chart("0", "0")) == "No spend in this range."


def test_summary_of_one_day():
    assert chart_summary(chart("0", "7.31")) == "All of it, $7.31, on Tue 3 Nov."


def test_summary_tells_weekdays_from_weekends_and_names_the_outlier():
    weeks = ["33"] * 5 + ["13"] * 2 + ["33", "33", "57", "33", "33", "13", "13"]

    words = chart_summary(chart(*weeks))

    assert (
        words == "Weekdays cost about $35, weekends about $13. Wed 11 Nov stands out with $57.00."
    )


def test_summary_of_a_steady_week():
    assert chart_summary(chart("10", "12", "11")) == (
        "About $11 a day over 3 days. Highest: $12.00 on Tue 3 Nov."
    )


def test_summary_of_months():
    assert chart_summary(chart("10", "10", unit="month")).startswith(
        "About $10 a month over 2 months."
    )


def measures(*, cost: str, uncached: str, read: int, fresh: int) -> Measures:
    zero = dict.fromkeys(TOKEN_CLASSES, Decimal(0))
    return Measures(
        events=1,
        unpriced_events=0,
        tokens=dict.fromkeys(TOKEN_CLASSES, 0) | {"cache_read": read, "input": fresh},
        costs=zero | {"input": Decimal(cost)},
        cost_uncached=Decimal(uncached),
    )


def test_saving_says_how_much_cheaper_and_how_much_was_read_from_cache():
    stat = saving_stat(measures(cost="10", uncached="29", read=64, fresh=36))

    assert (stat.label, stat.value) == ("Saved by caching", "$19.00")
    assert stat.note == "2.9× cheaper; 64\u00a0% of input read from cache"


def test_caching_that_does_not_pay_is_said_so():
    stat = saving_stat(measures(cost="12", uncached="10", read=1, fresh=99))

    assert (stat.label, stat.value, stat.tone) == (
        "Caching cost more than it saved",
        "−$2.00",
        "up",
    )
