"""Cycles: each period begins and ends on the day that people expect, whatever the calendar does."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from billing.cycles import PERIODS, Cycle
from billing.periods import start_of, today_in

DAYS = some.dates(date(2000, 1, 1), date(2100, 1, 1))
CYCLES = some.one_of(
    some.just(Cycle("day")),
    some.builds(Cycle, some.just("week"), some.integers(1, 7)),
    some.builds(Cycle, some.just("month"), some.integers(1, 31)),
    some.just(Cycle("quarter")),
)


def bounds(cycle, day):
    found = cycle.around(date.fromisoformat(day))
    return f"{found.since} {found.until}"


@pytest.mark.parametrize(
    ("starts_on", "day", "expected"),
    [
        (1, "2026-11-22", "2026-11-01 2026-12-01"),
        (1, "2026-11-01", "2026-11-01 2026-12-01"),
        (15, "2026-11-14", "2026-10-15 2026-11-15"),
        (15, "2026-11-15", "2026-11-15 2026-12-15"),
        (15, "2026-01-03", "2025-12-15 2026-01-15"),
        # a month without the 31st starts on its last day
        (31, "2026-11-22", "2026-10-31 2026-11-30"),
        (31, "2026-11-30", "2026-11-30 2026-12-31"),
        (31, "2026-02-27", "2026-01-31 2026-02-28"),
        (31, "2026-02-28", "2026-02-28 2026-03-31"),
        (30, "2026-03-01", "2026-02-28 2026-03-30"),
        # leap years have a 29 February
        (29, "2028-02-28", "2028-01-29 2028-02-29"),
        (29, "2028-02-29", "2028-02-29 2028-03-29"),
        (29, "2027-02-28", "2027-02-28 2027-03-29"),
        (31, "2028-02-29", "2028-02-29 2028-03-31"),
    ],
)
def test_a_month_begins_on_its_day_or_on_its_last(starts_on, day, expected):
    assert bounds(Cycle("month", starts_on), day) == expected


@pytest.mark.parametrize(
    ("starts_on", "expected"),
    [
        (1, "2026-11-16 2026-11-23"),
        (2, "2026-11-17 2026-11-24"),
        (3, "2026-11-18 2026-11-25"),
        (4, "2026-11-19 2026-11-26"),
        (5, "2026-11-20 2026-11-27"),
        (6, "2026-11-21 2026-11-28"),
        (7, "2026-11-22 2026-11-29"),
    ],
)
def test_a_week_begins_on_the_weekday_that_was_chosen(starts_on, expected):
    assert bounds(Cycle("week", starts_on), "2026-11-22") == expected  # a Sunday


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-01-01", "2026-01-01 2026-04-01"),
        ("2026-03-31", "2026-01-01 2026-04-01"),
        ("2026-11-22", "2026-10-01 2027-01-01"),
        ("2028-02-29", "2028-01-01 2028-04-01"),
    ],
)
def test_a_quarter_is_three_calendar_months(day, expected):
    assert bounds(Cycle("quarter"), day) == expected


def test_fixed_dates_are_what_they_are_on_every_day():
    cycle = Cycle("fixed", 1, date(2026, 5, 1), date(2026, 5, 11))

    assert bounds(cycle, "2026-11-22") == "2026-05-01 2026-05-11"
    assert cycle.before(cycle.around(date(2026, 5, 3))).since == date(2026, 4, 21)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_a_day_on_which_the_clocks_change_is_one_day(day, hours):
    found = Cycle("day").around(day)

    begin, end = (start_of(each, timezone="Europe/Sofia") for each in (found.since, found.until))
    assert end - begin == timedelta(hours=hours)
    for moment in (begin, end - timedelta(microseconds=1)):
        assert Cycle("day").around(today_in("Europe/Sofia", now=moment)) == found
    assert Cycle("day").around(today_in("Europe/Sofia", now=end)) != found


def test_the_turn_of_a_month_is_midnight_of_the_zone():
    moment = datetime(2026, 11, 30, 22, 30, tzinfo=UTC)

    assert bounds(Cycle("month"), today_in("Europe/Sofia", now=moment).isoformat()).startswith(
        "2026-12-01"
    )
    assert bounds(Cycle("month"), today_in("UTC", now=moment).isoformat()).startswith("2026-11-01")


@given(CYCLES, DAYS)
def test_a_day_lies_in_exactly_one_period(cycle, day):
    found = cycle.around(day)

    assert found.since <= day < found.until
    assert all(cycle.around(each) == found for each in (found.since, found.last))


@given(CYCLES, DAYS)
def test_periods_meet_without_gap_or_overlap(cycle, day):
    found = cycle.around(day)

    assert cycle.around(found.until).since == found.until
    assert cycle.before(found).until == found.since


@given(some.integers(1, 31), DAYS)
def test_there_are_twelve_monthly_periods_in_a_year(starts_on, day):
    cycle, starts = Cycle("month", starts_on), []
    period = cycle.around(day)
    for _ in range(12):
        starts.append(period.since)
        period = cycle.around(period.until)

    assert period.since.year == starts[0].year + 1
    assert len({each.month for each in starts}) == 12


def test_an_unknown_period_is_an_error():
    with pytest.raises(ValueError, match="no such period"):
        Cycle("fortnight").around(date(2026, 1, 1))
    assert set(PERIODS) == {"day", "week", "month", "quarter", "fixed"}
