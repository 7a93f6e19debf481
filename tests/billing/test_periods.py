"""Periods: which days a word or a pair of dates means, and when they begin."""

from datetime import UTC, date, datetime

import pytest
from django.http import QueryDict

from billing.periods import (
    LONGEST,
    DayRange,
    PeriodError,
    preset_range,
    range_from_query,
    start_of,
    today_in,
)

SUNDAY = date(2026, 11, 22)


def days(text):
    return DayRange(*(date.fromisoformat(each) for each in text.split(" ")))


@pytest.mark.parametrize(
    ("name", "today", "expected", "before"),
    [
        ("today", "2026-11-22", "2026-11-22 2026-11-23", "2026-11-21 2026-11-22"),
        ("yesterday", "2026-11-01", "2026-10-31 2026-11-01", "2026-10-30 2026-10-31"),
        ("30d", "2026-11-22", "2026-10-24 2026-11-23", "2026-09-24 2026-10-24"),
        ("7d", "2026-11-22", "2026-11-16 2026-11-23", "2026-11-09 2026-11-16"),
        ("7d", "2026-01-03", "2025-12-28 2026-01-04", "2025-12-21 2025-12-28"),
        ("90d", "2026-11-22", "2026-08-25 2026-11-23", "2026-05-27 2026-08-25"),
        ("month", "2026-11-22", "2026-11-01 2026-11-23", "2026-10-01 2026-10-23"),
        ("month", "2026-11-01", "2026-11-01 2026-11-02", "2026-10-01 2026-10-02"),
        # March has days that February has not
        ("month", "2026-03-31", "2026-03-01 2026-04-01", "2026-02-01 2026-03-01"),
        ("month", "2026-01-31", "2026-01-01 2026-02-01", "2025-12-01 2026-01-01"),
        ("last-month", "2026-11-22", "2026-10-01 2026-11-01", "2026-09-01 2026-10-01"),
        ("last-month", "2026-01-01", "2025-12-01 2026-01-01", "2025-11-01 2025-12-01"),
        # Sunday is the last day of a week that starts on Monday
        ("week", "2026-11-22", "2026-11-16 2026-11-23", "2026-11-09 2026-11-16"),
        ("week", "2026-11-18", "2026-11-16 2026-11-19", "2026-11-09 2026-11-12"),
        ("last-week", "2026-11-18", "2026-11-09 2026-11-16", "2026-11-02 2026-11-09"),
        ("quarter", "2026-11-22", "2026-10-01 2026-11-23", "2026-07-01 2026-08-23"),
        ("quarter", "2026-01-01", "2026-01-01 2026-01-02", "2025-10-01 2025-10-02"),
        # January to March has a day or two less than October to December
        ("quarter", "2026-06-30", "2026-04-01 2026-07-01", "2026-01-01 2026-04-01"),
        ("last-month", "2028-03-30", "2028-02-01 2028-03-01", "2028-01-01 2028-02-01"),
    ],
)
def test_a_preset_and_what_it_is_compared_with(name, today, expected, before):
    found = preset_range(name, today=date.fromisoformat(today))

    assert (found.since, found.until, found.preset) == (
        days(expected).since,
        days(expected).until,
        name,
    )
    assert found.previous() == days(before)


@pytest.mark.parametrize(("starts_on", "first"), [(1, 16), (7, 22), (6, 21), (3, 18)])
def test_a_week_starts_on_the_companys_day(starts_on, first):
    this, last = (
        preset_range(name, today=SUNDAY, week_starts_on=starts_on) for name in ("week", "last-week")
    )

    assert (this.since.day, this.last) == (first, SUNDAY)
    assert (last.until, len(last.days)) == (this.since, 7)


def test_a_range_without_a_name_is_compared_with_as_many_days_before_it():
    assert days("2026-11-10 2026-11-20").previous() == days("2026-10-31 2026-11-10")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("2026-11-22 2026-11-23", "Sun 22 Nov 2026"),
        ("2026-11-01 2026-11-23", "1–22 Nov 2026"),
        ("2026-10-28 2026-11-04", "28 Oct – 3 Nov 2026"),
        ("2025-12-28 2026-01-04", "28 Dec 2025 – 3 Jan 2026"),
    ],
)
def test_a_label_names_first_and_last_day_once_each(text, label):
    assert days(text).label == label


def test_days_are_listed_without_the_last():
    span = days("2026-02-27 2026-03-02")

    assert [each.day for each in span.days] == [27, 28, 1]
    assert span.last == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "2026-11-01 2026-11-23"),
        ("range=7d", "2026-11-16 2026-11-23"),
        ("range=", "2026-11-01 2026-11-23"),
        ("since=2026-11-01&until=2026-11-05", "2026-11-01 2026-11-05"),
        ("since=2026-11-20", "2026-11-20 2026-11-23"),
        ("range=7d&since=2026-11-01&until=2026-11-05", "2026-11-01 2026-11-05"),
        ("since=2000-01-01&until=2000-01-02", "2000-01-01 2000-01-02"),
    ],
)
def test_a_query_string_names_a_range(query, expected):
    found = range_from_query(QueryDict(query), today=SUNDAY)

    assert (found.since, found.until) == (days(expected).since, days(expected).until)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("range=fortnight", "range"),
        ("until=2026-11-05", "since"),
        ("since=2026-11-05&until=2026-11-05", "until"),
        ("since=2026-11-05&until=2026-11-04", "until"),
        ("since=2026-11-23", "until"),
        ("since=5.11.2026", "since"),
        ("since=2026-W47-1", "since"),
        ("since=2026-325", "since"),
        ("since=2026-11-01&until=tomorrow", "until"),
        ("since=1999-12-31&until=2000-01-02", "since"),
        ("since=2026-11-01&until=2200-01-02", "until"),
        ("since=2020-01-01&until=2026-01-01", "since"),
    ],
)
def test_a_range_that_makes_no_sense_names_its_parameter(query, field):
    with pytest.raises(PeriodError) as refused:
        range_from_query(QueryDict(query), today=SUNDAY)

    assert refused.value.field == field
    assert refused.value.detail.endswith(".")


def test_three_years_are_the_longest_range():
    assert LONGEST == 1_100
    assert len(range_from_query({"since": "2023-11-19"}, today=SUNDAY).days) == LONGEST
    with pytest.raises(PeriodError):
        range_from_query({"since": "2023-11-18"}, today=SUNDAY)


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        ("UTC", "2026-11-22T23:59:59+00:00", date(2026, 11, 22)),
        ("Europe/Sofia", "2026-11-22T22:00:00+00:00", date(2026, 11, 23)),
        ("Pacific/Kiritimati", "2026-11-22T10:00:00+00:00", date(2026, 11, 23)),
        ("Pacific/Pago_Pago", "2026-11-22T10:59:59+00:00", date(2026, 11, 21)),
    ],
)
def test_today_is_the_tenants_day(zone, instant, day):
    assert today_in(zone, now=datetime.fromisoformat(instant)) == day


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("UTC", "2026-11-22", "2026-11-22T00:00:00"),
        ("Asia/Kolkata", "2026-11-22", "2026-11-21T18:30:00"),
        ("Europe/Sofia", "2026-10-25", "2026-10-24T21:00:00"),
        ("Europe/Sofia", "2026-10-26", "2026-10-25T22:00:00"),
        # at midnight clocks go to one: the day begins at one
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00"),
        # midnight comes twice: the day begins with the first
        ("America/Havana", "2026-11-01", "2026-11-01T04:00:00"),
        ("Australia/Lord_Howe", "2026-04-06", "2026-04-05T13:30:00"),
    ],
)
def test_a_day_begins_at_one_instant(zone, day, begins):
    begin = start_of(date.fromisoformat(day), timezone=zone)

    assert begin == datetime.fromisoformat(begins).replace(tzinfo=UTC)
    assert today_in(zone, now=begin) == date.fromisoformat(day)
