"""What a night writes down adds up to the spend; no saving is claimed that pricing again does not confirm."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.flow.book import price_book
from billing.flow.extras import raw_usage
from billing.flow.price import price_event
from billing.flow.usage import read_usage
from billing.flow.void import void
from billing.insights.night import build_day, due_days, look
from billing.models import CacheBreak, InsightSum, TaskDay, UsageEvent
from billing.models.insights import SumKind
from billing.money import TOKEN_CLASSES, total
from billing.periods import DayRange
from billing.reports.spend import spend
from tests.factories import event

SOON = timedelta(seconds=30)
AT = datetime(2026, 11, 17, 9, tzinfo=UTC)
"""A Tuesday."""


def chat(number, minute, *, read=0, written=0, hour=0, fresh=100, output=500, **more):
    usage = {
        "input_tokens": fresh,
        "output_tokens": output,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written + hour,
        "cache_creation": {
            "ephemeral_5m_input_tokens": written,
            "ephemeral_1h_input_tokens": hour,
        },
    }
    return event(
        f"c-{number}",
        occurred_at=(AT + timedelta(minutes=minute)).isoformat(),
        usage=usage | more.pop("usage", {}),
        session=more.pop("session", "s-1"),
        **more,
    )


PAUSED = [
    chat(1, 0, written=10_000),
    chat(2, 1, read=10_000, written=600),
    chat(3, 21, written=11_200),
    chat(4, 22, read=11_200, written=600),
]


def night(company):
    company.fold()
    with company.scope():
        return look(now=timezone.now(), within=SOON)


def sums(kind):
    rows = InsightSum.objects.filter(kind=kind).order_by("label", "detail")
    return {(row.label, row.detail): row for row in rows}


def priced_again(row, **tokens):
    """By the engine, from the raw usage of the ledger, with other token counts."""
    stored = UsageEvent.objects.get(occurred_at=row.occurred_at, key=row.key)
    before = {name: getattr(stored, f"tokens_{name}") for name in TOKEN_CLASSES}
    costs = []
    for counts in (before, before | {k: before[k] + change for k, change in tokens.items()}):
        raw = raw_usage(stored.extras, tokens=tuple(counts.values()), variant=stored.variant)
        usage = read_usage(raw, model=stored.model, stop_reason=stored.stop_reason)
        priced = price_event(
            price_book(), provider=stored.provider, occurred_at=stored.occurred_at, usage=usage
        )
        costs.append(priced.cost)
    return costs


def test_a_pause_is_found_and_costs_what_pricing_again_says(world):
    world.acme.post(*PAUSED)

    looked = night(world.acme)

    with world.acme.scope():
        (found,) = CacheBreak.objects.all()
        now, other = priced_again(found, cache_write_5m=-10_600, cache_read=10_600)
        hour = sums(SumKind.LIFETIME)["1h", "claude-sonnet-4-6"]
        summed = sums(SumKind.BREAK)["lifetime_expired", "claude-sonnet-4-6"]
    assert (looked.breaks, found.cause, found.tokens) == (1, "lifetime_expired", 10_600)
    assert (found.wasted, found.gap_seconds) == (now - other, 1200)
    # 10,600 tokens x ($3.75 - $0.30) a million
    assert found.wasted == summed.saving == Decimal("0.03657")
    # written for an hour: 11,800 tokens x ($3.75 - $6) a million, and what had expired is read
    assert hour.saving == Decimal("10600") * Decimal("0.00000345") - Decimal(11_800) * Decimal(
        "0.00000225"
    )


def test_a_night_that_is_done_again_changes_nothing_and_a_void_is_noticed(world):
    world.acme.post(*PAUSED, chat(9, 30, session="s-2", task="t-1", tool_calls=3))
    night(world.acme)
    with world.acme.scope():
        before = list(InsightSum.objects.order_by("pk").values()), list(TaskDay.objects.values())
        assert due_days(now=timezone.now()) == []
        day = TaskDay.objects.get().day
        build_day(day, book=price_book(), zone="Europe/Sofia", now=timezone.now())
        again = list(InsightSum.objects.order_by("pk").values()), list(TaskDay.objects.values())
        assert again == before

        void("", "c-3", reason="test", actor="test", now=timezone.now())
    world.acme.fold()
    with world.acme.scope():
        assert len(due_days(now=timezone.now() + timedelta(hours=2))) == 1
        look(now=timezone.now() + timedelta(hours=2), within=SOON)
        assert not CacheBreak.objects.exists()
        assert sum(row.events for row in sums(SumKind.BAND).values()) == 4


def test_where_there_is_nothing_to_say_nothing_is_said(world):
    talk = [chat(0, 0, written=9_000)]
    talk += [chat(n, n, read=9_000 + 300 * (n - 1), written=300) for n in range(1, 6)]
    unpriced = [each | {"id": f"u-{each['id']}", "model": "claude-opus-99"} for each in PAUSED]
    world.acme.post(*talk, *(each | {"session": "other"} for each in unpriced))

    assert night(world.acme).breaks == 0

    with world.acme.scope():
        assert not sums(SumKind.BREAK) and not sums(SumKind.TRIM) and not sums(SumKind.BATCH)
        assert all(row.saving < 0 for row in sums(SumKind.LIFETIME).values())
        assert {detail for _, detail in sums(SumKind.LIFETIME)} == {"claude-sonnet-4-6"}


def test_a_cost_that_the_book_does_not_explain_claims_nothing(world):
    world.acme.post(*(each | {"environment": "staging"} for each in PAUSED))
    world.acme.fold()
    with world.acme.scope():
        with connection.cursor() as cursor:  # a step that no price of the book accounts for
            cursor.execute(
                "INSERT INTO billing_eventcorrection (tenant_id, client_id, occurred_at, key, number,"
                " events, kind, variant, reason, actor_label, made_at, cost_uncached, price_id, "
                + ", ".join(f"tokens_{n}, cost_{n}" for n in TOKEN_CLASSES)
                + ") SELECT tenant_id, client_id, occurred_at, key, 1, 0, 'reprice', variant, '', '',"
                " now(), 0, price_id, 0, 0.01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0"
                " FROM billing_usageevent WHERE event_id = 'c-3'"
            )
        look(now=timezone.now(), within=SOON)

        assert not CacheBreak.objects.exists()
        assert not sums(SumKind.BREAK)
        assert sums(SumKind.BATCH)["staging", ""].events == 3


def test_tasks_bands_streams_and_what_can_wait(world):
    shared = {"project": "contract-agent", "task": "t-1", "session": "s-t"}
    world.acme.post(
        chat(1, 0, fresh=60_000, tool_calls=2, streamed=True, **shared),
        chat(2, 1, fresh=70_000, tool_calls=1, streamed=False, **shared),
        chat(3, 2, fresh=300, environment="staging", feature="reports"),
        chat(4, -420, fresh=300, environment="staging"),  # four in the morning in Sofia
    )
    night(world.acme)

    with world.acme.scope():
        task = TaskDay.objects.get()
        bands, trims, wait = sums(SumKind.BAND), sums(SumKind.TRIM), sums(SumKind.BATCH)
        idle, streams = sums(SumKind.IDLE), sums(SumKind.STREAMED)
        turns = sums(SumKind.TURN)
        first = UsageEvent.objects.get(event_id="c-1")
    assert (task.turns, task.tool_calls) == (2, 3)
    assert (task.cost, task.first_cost) == (Decimal("0.405"), first.cost_input + first.cost_output)
    assert {label: row.events for (label, _), row in bands.items()} == {"0": 2, "50000": 2}
    trimmed = trims["50000", "claude-sonnet-4-6"]
    assert (trimmed.events, trimmed.tokens) == (2, 30_000)
    assert trimmed.saving == 30_000 * Decimal("0.000003")
    assert {label: row.events for (label, _), row in streams.items()} == {
        "yes": 1,
        "no": 1,
        "unknown": 2,
    }
    waiting = wait["staging", "reports"]
    assert waiting.saving * 2 == waiting.cost == Decimal("0.0084")
    assert idle["staging", ""].events == 1
    assert (len(turns), turns["2", ""].events) == (2, 1)


USAGES = st.fixed_dictionaries(
    {name: st.integers(0, 300_000) for name in ("fresh", "read", "written", "hour", "output")}
)
CALLS = st.lists(
    st.tuples(
        USAGES,
        st.integers(0, 2_000),
        st.sampled_from(["claude-sonnet-4-6", "claude-haiku-4-5", "claude-opus-99"]),
        st.sampled_from(["support-bot", "contract-agent"]),
        st.sampled_from(["a", "b", None]),
        st.sampled_from(["staging", "production", None]),
        st.sampled_from([{}, {"inference_geo": "us"}, {"service_tier": "batch"}]),
    ),
    min_size=1,
    max_size=12,
)
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=20, deadline=None, suppress_health_check=QUIET)
@given(calls=CALLS)
def test_sums_reconcile_with_spend_and_savings_with_the_engine(world, calls):
    run = timezone.now().timestamp()
    world.acme.post(
        *(
            chat(
                f"{run}-{number}",
                minute,
                model=model,
                project=project,
                session=session,
                task=session,
                environment=environment,
                usage=modifiers,
                **usage,
            )
            for number, (
                usage,
                minute,
                model,
                project,
                session,
                environment,
                modifiers,
            ) in enumerate(calls)
        )
    )
    world.acme.fold()
    with world.acme.scope():
        look(now=timezone.now(), within=SOON, again_after=timedelta(0))
        days = DayRange(AT.date() - timedelta(days=1), AT.date() + timedelta(days=4))
        everything = spend(days, granularity="total").total

        for kind in (SumKind.BAND, SumKind.STREAMED):
            rows = InsightSum.objects.filter(kind=kind)
            assert total(row.cost for row in rows) == everything.cost
            assert sum(row.events for row in rows) == everything.events
        tasks = TaskDay.objects.all()
        listed = UsageEvent.objects.exclude(task="")
        assert sum(each.turns for each in tasks) == listed.count()
        for found in CacheBreak.objects.all():
            stored = UsageEvent.objects.get(occurred_at=found.occurred_at, key=found.key)
            hour = min(found.tokens, stored.tokens_cache_write_1h)
            now, other = priced_again(
                found,
                cache_write_1h=-hour,
                cache_write_5m=hour - found.tokens,
                cache_read=found.tokens,
            )
            assert found.wasted == now - other > 0
        for row in InsightSum.objects.all():
            assert row.saving <= row.cost
            if row.kind == SumKind.BATCH:
                assert row.saving > 0
