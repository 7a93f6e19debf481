"""The statement that re-prices plain events says to the last digit what the engine says: on every vector there
is, under terms that change every model."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from billing.flow.book import price_book
from billing.flow.price import Priced, price_event
from billing.flow.reprice_plain import PLAIN
from billing.flow.reprice_run import apply_repricing, go_on, plan_repricing
from billing.flow.terms import add_terms
from billing.flow.usage import read_usage
from billing.flow.verify import days_with_events, verify
from billing.models import AgreedPrice, Discount, EventCorrection, UsageEvent
from billing.money import TOKEN_CLASSES, total
from billing.reports.history import standing, steps_of
from tests.billing.pricing import vectors

pytestmark = pytest.mark.django_db

FILES = ("list_price.json", "reported_sessions.json", "iterations.json", "boundaries.json")
MEASURED = (*(f"cost_{name}" for name in TOKEN_CLASSES), "cost_uncached", "discount")
BY = {"actor": "test", "now": timezone.now()}


def agreed(model, *rates, **more):
    given = dict(zip(TOKEN_CLASSES, map(Decimal, rates), strict=True))
    row = {"provider": "anthropic", "model": model, "source": "-", "checked_on": date(2026, 1, 1)}
    return AgreedPrice(**row | given | more)


TERMS = {
    "every model cheaper": lambda: [Discount(provider="anthropic", percent=Decimal("12.5"))],
    "own prices with a tier, from a day on, sold in batches; the rest cheaper": lambda: [
        Discount(provider="anthropic", percent=Decimal("7.25"), since=date(2026, 2, 3)),
        Discount(provider="anthropic", model="claude-opus-5", percent=Decimal(100)),
        agreed("claude-haiku-5-5", "1", "2", "3", "0.1", "5", "10000", since=date(2026, 11, 1)),
        agreed("claude-haiku-5-5", "2", "3", "4", "0.2", "6", "20000", over_prompt_tokens=150_000),
        agreed("claude-sonnet-4-6", "9", "9", "9", "9", "9", "9", batch_multiplier=Decimal("0.25"),
               until=date(2026, 3, 13)),
        agreed("claude-no-such-model", "1", "1", "1", "1", "1", "1", us_multiplier=Decimal("1.5")),
    ],
    "nothing": list,
}  # fmt: skip


@pytest.mark.parametrize("terms", TERMS)
def test_plain_events_cost_what_the_engine_says(world, terms):
    world.acme.post(*stored_vectors())
    with world.acme.scope():
        for row in TERMS[terms]():
            add_terms(row, **BY)

        reprice_everything()

        events = list(UsageEvent.objects.all())
        steps = steps_of(events)
        for event in events:
            new, made = by_the_engine(event), steps.get(event.key, ())
            told = standing(event, made)
            assert told.cost == (new.cost if isinstance(new, Priced) else None), event.event_id
            assert counted(event, made) == measures(new), event.event_id
            assert (told.price_id, told.unpriced_reason) == of_row(new), event.event_id
        span = days_with_events()
        assert verify(span[0], until=span[1]) == []
        assert not (terms == "nothing" and EventCorrection.objects.exists())


def test_nearly_all_are_plain_and_some_are_not(world):
    world.acme.post(*stored_vectors())

    with world.acme.scope(), connection.cursor() as cursor:
        cursor.execute(f"SELECT {PLAIN}, count(*) FROM billing_usageevent e GROUP BY 1")
        counts = dict(cursor.fetchall())

    assert counts[True] > 5 * counts[False] > 50


def stored_vectors():
    """Every vector as an event, two of them with prompts on both sides of an agreed tier."""
    for file in FILES:
        for number, vector in enumerate(vectors(file)):
            said = vector["event"]
            fields = {name: said[name] for name in ("model", "occurred_at", "usage")}
            more = {"stop_reason": said["stop_reason"]} if "stop_reason" in said else {}
            yield {"id": f"{file}-{number}", "project": "support-bot", **fields, **more}
    for prompt in (149_999, 150_000, 150_001):
        yield {
            "id": f"tier-{prompt}",
            "project": "support-bot",
            "model": "claude-haiku-5-5",
            "occurred_at": "2026-11-20T12:00:00Z",
            "usage": {"input_tokens": prompt, "output_tokens": 7},
        }


def reprice_everything():
    run = plan_repricing(since=date(2020, 1, 1), until=date(2027, 1, 1), reason="test", **BY)
    for _ in "count", "apply":
        while go_on(now=timezone.now()):
            pass
        run.refresh_from_db()
        if run.state == "ready":
            apply_repricing(run, **BY)
    assert run.state == "done"


def by_the_engine(event):
    raw = next(each["usage"] for each in stored_vectors() if each["id"] == event.event_id)
    usage = read_usage(
        json.loads(json.dumps(raw)), model=event.model, stop_reason=event.stop_reason
    )
    at = event.occurred_at.astimezone(UTC)
    assert isinstance(at, datetime)
    return price_event(price_book(), provider=event.provider, occurred_at=at, usage=usage)


def counted(event, steps):
    return tuple(total(getattr(row, name) for row in (event, *steps)) for name in MEASURED)


def measures(new):
    if not isinstance(new, Priced):
        return (Decimal(0),) * len(MEASURED)
    return (*new.costs, new.cost_uncached, new.discount)


def of_row(new):
    return (new.price_id, "") if isinstance(new, Priced) else (None, new.reason)
