"""The geometry of stacked bars: exact sums, round axes, and every odd amount of data."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.web.charts import (
    HEIGHT,
    LEAST,
    SLOT,
    Point,
    axis_text,
    axis_ticks,
    stacked_bars,
    x_labels,
)
from billing.web.figures import hours_of

FIRST = date(2026, 11, 1)
RECT = re.compile(r"M(\d+) (\d+)h(\d+)v(\d+)h-(\d+)z")
amounts = st.decimals(0, 100_000, places=6, allow_nan=False, allow_infinity=False)


def days(count: int) -> list[date]:
    return [FIRST + timedelta(days=number) for number in range(count)]


def points(*bars: dict[str, str]) -> list[Point]:
    named = [{name: Decimal(amount) for name, amount in bar.items()} for bar in bars]
    return [Point(on, bar) for on, bar in zip(days(len(bars)), named, strict=True)]


def rectangles(chart) -> dict[int, list[tuple[int, int]]]:
    """Slot -> the (top, height) of its parts, from the bottom up."""
    found: dict[int, list[tuple[int, int]]] = {}
    for series in chart.series:
        for x, y, _, height, _ in RECT.findall(series.path):
            found.setdefault(int(x) // SLOT, []).append((int(y), int(height)))
    return found


@given(st.lists(st.lists(amounts, min_size=1, max_size=9), min_size=1, max_size=12))
def test_parts_meet_and_add_up_to_the_bar(bars):
    chart = stacked_bars(
        [
            Point(on, {f"s{n}": amount for n, amount in enumerate(bar)})
            for on, bar in zip(days(len(bars)), bars, strict=True)
        ]
    )

    tallest = max(row.total for row in chart.rows)
    for slot, parts in rectangles(chart).items():
        foot = HEIGHT
        for top, height in parts:
            assert top + height == foot
            foot = top
        assert foot >= 0
        assert HEIGHT - foot >= LEAST
        assert chart.rows[slot].total > 0
    drawn = set(rectangles(chart))
    assert drawn == {n for n, row in enumerate(chart.rows) if row.total > 0}
    assert not drawn or tallest > 0


@given(st.lists(st.lists(amounts, min_size=1, max_size=9), min_size=1, max_size=12))
def test_table_holds_what_was_given_to_the_last_decimal(bars):
    chart = stacked_bars(
        [
            Point(on, {f"s{n}": amount for n, amount in enumerate(bar)})
            for on, bar in zip(days(len(bars)), bars, strict=True)
        ]
    )

    assert chart.total == sum((sum(bar, Decimal(0)) for bar in bars), Decimal(0))
    assert chart.total == sum((series.total for series in chart.series), Decimal(0))
    for row in chart.rows:
        assert row.total == sum(row.amounts, Decimal(0))
        assert len(row.amounts) == len(chart.series)


@pytest.mark.parametrize(
    ("highest", "labels"),
    [
        ("57.27", ["$60", "$40", "$20", "$0"]),
        ("1", ["$1.00", "$0.75", "$0.50", "$0.25", "$0"]),
        ("0.002", ["$0.0020", "$0.0015", "$0.0010", "$0.0005", "$0"]),
        ("0.0000123", ["$0.000015", "$0.000010", "$0.000005", "$0"]),
        ("1000", ["$1,000", "$750", "$500", "$250", "$0"]),
        ("1000.01", ["$1,500", "$1,000", "$500", "$0"]),
        ("7", ["$8", "$6", "$4", "$2", "$0"]),
    ],
)
def test_axis_has_round_steps_of_any_size(highest, labels):
    assert list(stacked_bars(points({"a": highest})).y_labels) == labels


@given(st.decimals("0.0000001", 10**9, allow_nan=False, allow_infinity=False))
def test_axis_reaches_the_highest_bar_with_few_lines(highest):
    ticks = axis_ticks(highest)

    assert ticks[0] == 0
    assert ticks[-1] >= highest
    assert 2 < len(ticks) <= 5
    assert axis_text(ticks[1], step=ticks[1]) != "$0"


def test_nothing_at_all_is_a_chart_without_bars():
    chart = stacked_bars([])

    assert (chart.series, chart.rows, chart.x_labels, chart.total) == ((), (), (), 0)
    assert chart.width > 0


def test_days_without_spend_keep_their_place():
    chart = stacked_bars(points({"a": "1"}, {}, {"a": "2"}))

    assert set(rectangles(chart)) == {0, 2}
    assert [row.total for row in chart.rows] == [1, 0, 2]


def test_a_single_day_is_slim():
    (found,) = RECT.findall(stacked_bars(points({"a": "1"})).series[0].path)

    assert int(found[2]) * 3 < SLOT


def test_four_hundred_days_have_few_labels_and_few_bytes():
    chart = stacked_bars([Point(on, {"a": Decimal(1), "b": Decimal(2)}) for on in days(400)])

    assert len(chart.x_labels) <= 8
    assert len(chart.rows) == 400
    assert sum(len(series.path) for series in chart.series) < 20_000


def test_ninety_days_of_three_models_are_a_few_kilobytes():
    chart = stacked_bars(
        [Point(on, {name: Decimal(1 + on.day) for name in "abc"}) for on in days(90)]
    )

    assert sum(len(series.path) for series in chart.series) < 6_000


def test_six_series_have_colours_of_their_own():
    chart = stacked_bars(points(dict.fromkeys("abcdef", "1")))

    assert [series.css for series in chart.series] == ["s1", "s2", "s3", "s4", "s5", "s6"]


def test_of_twelve_series_the_small_ones_share_other():
    chart = stacked_bars(points({f"m{number:02}": str(20 - number) for number in range(12)}))

    assert [series.name for series in chart.series] == ["m00", "m01", "m02", "m03", "m04", "other"]
    assert chart.series[-1].css == "other"
    assert chart.series[-1].total == sum(20 - number for number in range(5, 12))


def test_series_without_spend_take_no_colour():
    chart = stacked_bars(points({"unpriced": "0", "a": "1"}))

    assert [series.name for series in chart.series] == ["a"]


def test_a_cent_beside_a_thousand_dollars_is_seen():
    chart = stacked_bars(points({"a": "1000"}, {"a": "0", "b": "0.01"}))

    assert rectangles(chart)[1] == [(HEIGHT - LEAST, LEAST)]


@pytest.mark.parametrize(
    ("count", "texts"),
    [
        (1, ["1 Nov"]),
        (7, ["1 Nov", "2", "3", "4", "5", "6", "7"]),
        (31, ["1 Nov", "6", "11", "16", "21", "26", "1 Dec"]),
    ],
)
def test_days_are_named_at_equal_steps_and_months_where_they_begin(count, texts):
    assert [label.text for label in x_labels(days(count))] == texts


def test_months_name_the_year_where_it_begins():
    months = [date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)]

    assert [label.text for label in x_labels(months, unit="month")] == [
        "Nov 2026",
        "Dec",
        "Jan 2027",
    ]


@pytest.mark.parametrize(
    ("zone", "day", "count", "first"),
    [
        ("Europe/Sofia", date(2026, 11, 22), 24, "00:00"),
        ("Europe/Sofia", date(2026, 10, 25), 25, "00:00"),
        ("Europe/Sofia", date(2026, 3, 29), 23, "00:00"),
        ("Asia/Kolkata", date(2026, 11, 22), 25, "23:30"),
        ("Australia/Lord_Howe", date(2026, 10, 4), 24, "23:30"),
    ],
)
def test_hours_of_a_day_are_whole_in_utc_and_cover_it(zone, day, count, first):
    hours = hours_of(day, zone=zone)

    assert len(hours) == count
    assert f"{hours[0]:%H:%M}" == first
    assert all(hour.astimezone(UTC).minute == 0 for hour in hours)
    midnight = datetime.combine(day, datetime.min.time(), tzinfo=ZoneInfo(zone))
    assert hours[0] <= midnight
