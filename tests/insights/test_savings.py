"""No saving is claimed that pricing the very events again does not confirm: every kind, event by event.

The reference knows nothing of how nights reckon: it takes each event's raw usage from the ledger, changes it,
and asks the price engine for both.
"""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

from django.utils import timezone
from hypothesis import example, given, settings
from hypothesis import strategies as st

from billing.flow.book import price_book
from billing.flow.extras import raw_usage
from billing.flow.price import Priced, price_event
from billing.flow.usage import read_usage
from billing.insights.night import look
from billing.insights.ranked import LEAST, ranked
from billing.insights.sessions import TRIMS
from billing.models import CacheBreak, InsightSum, Patient, UsageEvent
from billing.models.insights import SumKind
from billing.money import TOKEN_CLASSES, ZERO, total
from tests.insights.test_night import AT, QUIET, SOON, USAGES, chat
from tests.insights.test_ranked import post_broken_talk

EXPLAINED = {SumKind.TRIM, SumKind.BATCH, SumKind.LIFETIME}
CALLS = st.lists(
    st.tuples(
        USAGES,
        st.integers(0, 2_000),
        st.sampled_from(["claude-sonnet-4-6", "claude-sonnet-4-5", "claude-haiku-4-5", "nobody-1"]),
        st.sampled_from(["a", "b", None]),
        st.sampled_from(["staging", "production", None]),
        st.sampled_from([{}, {"inference_geo": "us"}, {"service_tier": "batch"}]),
        st.sampled_from(["end_turn", "refusal"]),
    ),
    min_size=1,
    max_size=8,
)


def cost(event, tokens=(), **usage):
    """By the engine, with these tokens of these classes instead; None: it has no price."""
    counts = {name: getattr(event, f"tokens_{name}") for name in TOKEN_CLASSES} | dict(tokens)
    raw = raw_usage(event.extras, tokens=tuple(counts.values()), variant=event.variant) | usage
    read = read_usage(raw, model=event.model, stop_reason=event.stop_reason)
    at = event.occurred_at
    priced = price_event(price_book(), provider=event.provider, occurred_at=at, usage=read)
    return priced.cost if isinstance(priced, Priced) else None


def cut(tokens, order, amount):
    left = dict(tokens)
    for name in order:
        part = min(left[name], amount)
        left[name], amount = left[name] - part, amount - part
    return left


def confirmed(events, expired):
    """What the engine confirms: (kind, project, label, detail) -> dollars."""
    found = defaultdict(lambda: ZERO)
    for event in events:
        now = cost(event)
        if now is None:
            continue
        prompt = {name: getattr(event, f"tokens_{name}") for name in TOKEN_CLASSES[:4]}
        for limit in (each for each in TRIMS if sum(prompt.values()) > each):
            ways = permutations(prompt)
            less = [cost(event, cut(prompt, way, sum(prompt.values()) - limit)) for way in ways]
            found["trim", event.project_id, str(limit), event.model] += now - max(less)
        if event.environment or event.feature:
            batch = cost(event, service_tier="batch")
            found["batch", event.project_id, event.environment, event.feature] += now - batch
        short, hour = prompt["cache_write_5m"], prompt["cache_write_1h"]
        gone = expired.get(event.key, 0)
        read = {"cache_read": prompt["cache_read"] + gone, "cache_write_5m": 0}
        read["cache_write_1h"] = hour + short - gone
        if short:
            found["lifetime", event.project_id, "1h", event.model] += now - cost(event, read)
        all_short = {"cache_write_5m": short + hour, "cache_write_1h": 0}
        found["lifetime", event.project_id, "5m", event.model] += now - cost(event, all_short)
        plain = dict.fromkeys(prompt, 0) | {"input": sum(prompt.values())}
        found["cache", event.project_id, "", event.model] += now - cost(event, plain)
    return found


MIXED = [
    ({"fresh": 1, "read": 250_000, "written": 9, "hour": 0, "output": 5}, 0, "a", {}),
    ({"fresh": 99_000, "read": 0, "written": 300_000, "hour": 0, "output": 0}, 1, "a", {}),
    ({"fresh": 9, "read": 0, "written": 0, "hour": 290_000, "output": 7}, 40, None, {}),
]


@example(
    calls=[
        (usage, minute, "claude-sonnet-4-5", session, "staging", more, "end_turn")
        for usage, minute, session, more in MIXED
    ]
)
@settings(max_examples=15, deadline=None, suppress_health_check=QUIET)
@given(calls=CALLS)
def test_every_kind_of_saving_is_confirmed_event_by_event(world, calls):
    run = timezone.now().timestamp()
    batch = [
        chat(
            f"{run}-{number}",
            minute,
            model=model,
            session=session,
            environment=environment,
            stop_reason=stop_reason,
            usage=modifiers,
            **usage,
        )
        for number, (usage, minute, model, session, environment, modifiers, stop_reason) in (
            enumerate(calls)
        )
    ]
    world.acme.post(*batch)
    world.acme.fold()
    with world.acme.scope():
        if not Patient.objects.exists():
            Patient.objects.create(
                dimension="environment", value="staging", marked_by="t", marked_at=timezone.now()
            )
        look(now=timezone.now(), within=SOON, again_after=timedelta(0))
        breaks = CacheBreak.objects.filter(cause="lifetime_expired")
        truth = confirmed(UsageEvent.objects.all(), dict(breaks.values_list("key", "tokens")))

        claimed = defaultdict(lambda: ZERO)
        for row in InsightSum.objects.filter(kind__in=EXPLAINED):
            claimed[row.kind, row.project_id, row.label, row.detail] += row.saving
        for key, saving in claimed.items():
            if key[0] == "lifetime" and key[2] == "5m":
                assert saving <= truth[key], key  # what was read after a pause is written again
            else:
                assert saving == truth[key], key
        project = world.acme.projects["support-bot"].pk
        told = {each.key: each.monthly for each in ranked(today=AT.date() + timedelta(days=3))}
        waiting = total(
            row for key, row in truth.items() if key[:3] == ("batch", project, "staging")
        )
        assert told.get(f"batch:{project}", ZERO) == (waiting if waiting >= LEAST else ZERO)
        for (kind, _, _, model), saving in truth.items():
            if kind == "cache":
                lost = saving if saving >= LEAST else ZERO
                assert told.get(f"cache:support-bot:{model}", ZERO) == lost


def test_a_break_of_another_cause_is_no_gain_of_a_longer_lifetime(world):
    post_broken_talk(world.acme)

    with world.acme.scope():
        (hour,) = InsightSum.objects.filter(kind=SumKind.LIFETIME, label="1h")
    # 585,000 tokens written for five minutes, at $3.75 instead of $6 a million: nothing of it is read
    assert hour.saving == -585_000 * Decimal("0.00000225")


def test_what_was_billed_as_several_calls_claims_nothing(world):
    one = {"type": "message", "input_tokens": 90_000, "output_tokens": 500}
    one |= {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
    usage = {"input_tokens": 180_000, "output_tokens": 1_000, "iterations": [one, one]}
    world.acme.post(chat("several", 0, environment="staging", usage=usage))
    world.acme.fold()

    with world.acme.scope():
        look(now=timezone.now(), within=SOON)
        assert total(UsageEvent.objects.values_list("cost_input", flat=True)) > 0
        assert not InsightSum.objects.filter(kind__in=EXPLAINED).exists()
