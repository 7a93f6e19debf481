"""What caching was worth: the page and its twin in the API, on calls whose answer is known."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.insights.caching import by_day, by_project_and_model, caching
from billing.money import total
from billing.periods import DayRange
from billing.reports.measures import add_up
from billing.reports.spend import spend
from tests.factories import event
from tests.look.test_pages import text_of

READ = {"input_tokens": 200, "output_tokens": 600, "cache_read_input_tokens": 20_000}
WRITTEN = {"input_tokens": 200, "output_tokens": 0, "cache_creation_input_tokens": 20_000}
PAGE, URL = "/t/acme/insights/caching/", "/api/v1/insights/caching"


def days():
    today = timezone.now().date()
    return DayRange(today - timedelta(days=20), today + timedelta(days=2))


def test_the_articles_call_is_4_46_times_cheaper(client, world):
    at = (timezone.now() - timedelta(hours=1)).isoformat()
    world.acme.post(event("read", occurred_at=at, usage=READ, feature="chat"))
    client.force_login(world.ana)

    said = text_of(client.get(PAGE + "?range=7d"))
    answer = client.get(
        URL + "?range=7d&granularity=total",
        headers={"Authorization": f"Bearer {world.acme.keys['read']}"},
    ).json()

    (row,) = answer["rows"]
    assert (row["cost"], row["cost_uncached"], row["saving"]) == ("0.0156", "0.0696", "0.054")
    assert (row["multiplier"], row["hit_rate"]) == ("4.461538", "0.990099")
    assert answer["total"] == {k: v for k, v in row.items() if k not in ("project", "model")}
    assert "4.5×" in said and "99 %" in said


def test_writes_that_nobody_reads_are_a_loss_and_said_so(client, world):
    at = (timezone.now() - timedelta(hours=1)).isoformat()
    world.acme.post(
        event("w", occurred_at=at, usage=WRITTEN),
        event("x", occurred_at=at, usage=WRITTEN, model="claude-opus-99"),
    )
    client.force_login(world.ana)

    with world.acme.scope():
        rows = by_project_and_model(caching(days()).rows)
    said = text_of(client.get(PAGE + "?range=7d"))

    known, unknown = rows
    assert known.measures.saving == Decimal("-0.015")  # 20,000 tokens x $3 x (1.25 - 1)
    assert (known.days_lost, unknown.days_lost, unknown.measures.saving) == (1, 0, 0)
    assert "On 1 day the cache cost $0.02 more than it saved." in said
    assert "≥" in said and "unpriced" in said


def test_without_a_cache_nothing_is_claimed(client, world):
    at = (timezone.now() - timedelta(hours=1)).isoformat()
    world.acme.post(event(occurred_at=at, usage={"input_tokens": 5000, "output_tokens": 5}))
    client.force_login(world.ana)

    said = text_of(client.get(PAGE + "?range=7d"))

    assert "No call used the cache" in said and "cheaper" not in said


USAGES = st.fixed_dictionaries(
    {
        name: st.integers(0, 300_000)
        for name in (
            "input_tokens",
            "output_tokens",
            "cache_read_input_tokens",
            "cache_creation_input_tokens",
        )
    }
)
CALLS = st.lists(
    st.tuples(
        USAGES,
        st.sampled_from(["claude-sonnet-4-6", "claude-haiku-4-5", "claude-opus-99"]),
        st.sampled_from(["support-bot", "contract-agent"]),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=12,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(calls=CALLS)
def test_caching_reconciles_with_spend_to_the_last_decimal(world, calls):
    now = timezone.now() - timedelta(minutes=1)
    world.acme.post(
        *(
            event(
                f"{now.timestamp()}-{number}",
                usage=usage,
                model=model,
                project=project,
                occurred_at=(now - timedelta(days=age)).isoformat(),
            )
            for number, (usage, model, project, age) in enumerate(calls)
        )
    )

    with world.acme.scope():
        report, everything = caching(days()), spend(days(), granularity="total").total
        sums = [each.measures for each in by_project_and_model(report.rows)]
        daily = by_day(report.rows).values()

    assert report.total == add_up(sums) == add_up(daily) == everything
    assert total((everything.cost, everything.saving)) == everything.cost_uncached
