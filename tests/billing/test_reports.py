"""Reports: what measures mean, how rows stand, and what a client viewer is told."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from billing.money import TOKEN_CLASSES, ZERO
from billing.periods import DayRange
from billing.reports.events import CursorError, event_at, event_detail, events
from billing.reports.measures import Measures, add_up
from billing.reports.spend import ReportError, spend
from tests.factories import COST, NOON, USAGE, event

NOVEMBER = DayRange(date(2026, 11, 1), date(2026, 12, 1))


def measures(*, tokens=(0,) * 6, costs=(0,) * 6, uncached="0", events=1):
    return Measures(
        events=events,
        unpriced_events=0,
        tokens=dict(zip(TOKEN_CLASSES, tokens, strict=True)),
        costs={name: Decimal(c) for name, c in zip(TOKEN_CLASSES, costs, strict=True)},
        cost_uncached=Decimal(uncached),
    )


def test_measures_say_what_caching_did():
    one = measures(
        tokens=(100, 50, 50, 800, 70, 2),
        costs=("1", "2", "3", "0.5", "4", "0.02"),
        uncached="14.02",
    )

    assert one.cost == Decimal("10.52")
    assert one.saving == Decimal("3.50")
    assert one.prompt_tokens == 1_000
    assert one.cache_hit_rate == Decimal("0.8")
    assert one.multiplier == Decimal("1.332700")


def test_caching_that_did_not_pay_is_a_negative_saving():
    assert measures(costs=("0", "2.5", "0", "0", "0", "0"), uncached="2").saving == Decimal("-0.5")


def test_nothing_has_no_rates():
    nothing = add_up([])

    assert (nothing.events, nothing.cost, nothing.saving) == (0, ZERO, ZERO)
    assert (nothing.cache_hit_rate, nothing.multiplier) == (None, None)


def test_sums_are_exact_beyond_the_digits_of_the_usual_context():
    small, large = Decimal("0.000000000000000001"), Decimal("99999999999999999999")

    both = add_up(
        [measures(costs=(small,) * 6, uncached=small), measures(costs=(large,) * 6, uncached=large)]
    )

    assert both.cost == Decimal("599999999999999999994.000000000000000006")
    assert both.cost_uncached == Decimal("99999999999999999999.000000000000000001")


def test_rows_stand_by_period_and_then_by_cost(world):
    world.acme.post(
        event("small", model="claude-haiku-4-5"),
        event("large", model="claude-opus-5"),
        event("free", model="claude-opus-9"),
        event("early", model="claude-haiku-4-5", occurred_at="2026-11-19T12:00:00Z"),
    )

    with world.acme.scope():
        rows = spend(NOVEMBER, group_by=["model"]).rows

    assert [(row.period.day, row.keys["model"]) for row in rows] == [
        (19, "claude-haiku-4-5"),
        (20, "claude-opus-5"),
        (20, "claude-haiku-4-5"),
        (20, "claude-opus-9"),
    ]


def test_a_token_class_row_has_tokens_and_cost_of_its_class_alone(world):
    world.acme.post(event())

    with world.acme.scope():
        report = spend(NOVEMBER, granularity="total", group_by=["token_class"])

    assert {row.keys["token_class"]: row.measures.cost for row in report.rows} == {
        "input": Decimal("0.0006"),
        "cache_read": Decimal("0.006"),
        "output": Decimal("0.009"),
    }
    assert all(sum(row.measures.tokens.values()) in USAGE.values() for row in report.rows)
    assert report.total.cost == Decimal(COST)


def test_the_figures_are_of_the_moment_of_asking(world):
    before = datetime.now(UTC)

    with world.acme.scope():
        as_of = spend(NOVEMBER).as_of

    assert before <= as_of <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"granularity": "week"}, "unknown_granularity"),
        ({"group_by": ["tag"]}, "unknown_group"),
        ({"group_by": ["day"]}, "unknown_group"),
        ({"group_by": ["model", "model"]}, "too_many_groups"),
        ({"group_by": ["model", "client", "project"]}, "too_many_groups"),
    ],
)
def test_a_report_that_does_not_exist_is_an_error_with_a_code(world, asked, code):
    with world.acme.scope(), pytest.raises(ReportError) as refused:
        spend(NOVEMBER, **asked)

    assert refused.value.code == code
    assert refused.value.field in asked


def test_a_client_viewer_reads_the_own_client_and_no_keys(world):
    world.acme.post(event("own"), event("other", project="contract-agent"))

    for folded in (False, True):
        if folded:
            world.acme.fold()
        with world.acme.viewer_scope("globex"):
            assert spend(NOVEMBER).total.events == 1
            assert spend(NOVEMBER, client="initech").total.events == 0
            rows = spend(NOVEMBER, group_by=["client", "project"]).rows
            assert [row.keys for row in rows] == [{"client": "globex", "project": "support-bot"}]
            assert [each.id for each in events().events] == ["own"]
            with pytest.raises(ReportError):
                spend(NOVEMBER, group_by=["api_key"])


def test_pages_of_events_hold_every_event_once_at_any_size(world):
    world.acme.post(
        *[
            event(f"e-{n}", occurred_at=(NOON + timedelta(seconds=n // 4)).isoformat())
            for n in range(23)
        ]
    )

    with world.acme.scope():
        for limit in (1, 2, 7, 22, 23, 24):
            seen, cursor = [], ""
            while True:
                page = events(cursor=cursor, limit=limit)
                seen += [each.id for each in page.events]
                if not (cursor := page.next_cursor):
                    break
            assert len(seen) == len(set(seen)) == 23, limit


def test_events_are_narrowed_by_client_and_by_project(world):
    world.acme.post(event("a"), event("b", project="contract-agent"))

    with world.acme.scope():
        assert [each.id for each in events(client="globex").events] == ["a"]
        assert [each.id for each in events(project="contract-agent").events] == ["b"]
        assert events(client="globex", project="contract-agent").events == []


def test_a_cursor_that_no_page_handed_out_is_refused(world):
    with world.acme.scope():
        for cursor in ("x", "20261120T120000.000000", "-", "\0", "20261120T120000.000000-g"):
            with pytest.raises(CursorError):
                events(cursor=cursor)


def test_why_an_event_costs_what_it_costs(world):
    world.acme.post(event("a", source="eu", session="s-1", tool_calls=0, streamed=False))

    with world.acme.scope():
        detail = event_detail("eu", "a")
        assert event_at("eu/a") == detail
        assert event_detail("", "a") is event_at("-/a") is event_at("nothing") is None

    assert [each.line.cost for each in detail.lines] == [
        Decimal("0.0006"),
        Decimal("0.006"),
        Decimal("0.009"),
    ]
    assert {each.price.model for each in detail.lines} == {"claude-sonnet-4-6"}
    assert detail.usage == USAGE
    assert detail.facts == {"session": "s-1", "tool_calls": 0, "streamed": False}
    assert detail.cost_uncached == Decimal("0.0696")
