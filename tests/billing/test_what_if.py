"""What if: every answer equals pricing each event anew by the price engine, to the last decimal."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from billing.flow.book import price_book
from billing.flow.change import Change, changed_book, changed_usage
from billing.flow.extras import raw_usage
from billing.flow.price import PriceBook, Priced, price_event
from billing.flow.reprice_run import apply_repricing, go_on, plan_repricing
from billing.flow.terms import add_terms
from billing.flow.usage import Part, Usage, read_usage
from billing.flow.void import void
from billing.models import AgreedPrice, Discount, UsageEvent
from billing.money import TOKEN_CLASSES, total
from billing.periods import DayRange
from billing.reports import what_if as reports
from billing.reports.spend import spend
from billing.reports.what_if import what_if
from tests.billing.pricing import tokens
from tests.factories import event

DAYS = DayRange(date(2026, 10, 1), date(2026, 11, 20))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MODELS = ("claude-sonnet-4-6", "claude-opus-5-5", "claude-haiku-5-5", "claude-haiku-4-5")
OWN = (("input", Decimal(2)), ("output", Decimal("7.5")))
CHANGES = [
    Change(),
    Change(model="claude-opus-5-5"),
    Change(model="claude-haiku-5-5"),
    Change(model="claude-sonnet-5-5", of_model="claude-sonnet-4-6", caching="off"),
    Change(caching="off"),
    Change(caching="1h"),
    Change(caching="5m", of_model="claude-haiku-5-5"),
    Change(batch=True),
    Change(us=True),
    Change(per_cent=-50),
    Change(per_cent=7, batch=True, us=True, caching="off"),
    Change(rates=OWN),
    Change(rates=OWN, of_model="claude-opus-5-5", batch=True, per_cent=-10),
    Change(rates=OWN[:1], model="claude-haiku-5-5", of_model="claude-sonnet-4-6"),
]


def some_events(seed):
    """Calls of every kind: over the prompt size, in batches, refused, advised, of days whose prices differ."""
    chance = random.Random(seed)  # noqa: S311  not for secrets
    made = []
    for number in range(80):
        usage = tokens(
            chance.randrange(300),
            write_5m=chance.choice((0, 0, 5_000)),
            write_1h=chance.choice((0, 0, 7_000)),
            read=chance.choice((0, 20_000, 99_900, 120_000)),
            out=chance.randrange(900),
        )
        fields = {"model": chance.choice(MODELS), "stop_reason": "end_turn"}
        kind = chance.randrange(12)
        if kind == 0:
            usage["service_tier"] = "batch"
        if kind == 1 and fields["model"] == "claude-opus-5-5":
            usage["inference_geo"] = "us"
        if kind == 2:
            usage |= {"output_tokens": 0}
            fields["stop_reason"] = "refusal"
        if kind == 3:
            advice = tokens(50, out=70) | {"type": "advisor_message", "model": "claude-opus-5"}
            usage["iterations"] = [advice]
        if kind == 4:
            fields["model"] = "claude-opus-9"
        at = datetime(2026, 10, 2, tzinfo=UTC) + timedelta(hours=chance.randrange(24 * 40))
        fields["project"] = chance.choice(("support-bot", "contract-agent"))
        made.append(event(f"e-{number}", occurred_at=at.isoformat(), usage=usage, **fields))
    return made


def by_hand(book, change):
    """The book under a change, with own rates written into its rows. There are no discounts in these tests."""
    book = changed_book(book, change.per_cent)
    own, target = dict(change.rates), change.model or change.of_model
    rates = [own.get(name) for name in TOKEN_CLASSES]
    entries = [
        replace(
            row,
            rates=tuple(
                old if new is None else new for old, new in zip(row.rates, rates, strict=True)
            ),
        )
        if target in ("", row.model)
        else row
        for row in book.entries
    ]
    return PriceBook(version="by hand", entries=entries, aliases=book.aliases)


def by_the_engine(change, *, voided=()):
    """Old and new of what can be said; nothing but the price engine, event by event."""
    book = price_book()
    new_book = by_hand(book, change)
    old, new, unsaid = [], [], 0
    for each in UsageEvent.objects.exclude(event_id__in=voided).exclude(price_id=None):
        names = ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output", "web_search")
        cost = total(getattr(each, f"cost_{name}") for name in names)
        if change.is_none or change.of_model not in ("", each.model):
            old.append(cost)
            new.append(cost)
            continue
        counts = tuple(getattr(each, f"tokens_{name}") for name in names)
        raw = raw_usage(each.extras, tokens=counts, variant=each.variant)
        usage = read_usage(raw, model=each.model, stop_reason=each.stop_reason)
        priced = price_event(
            new_book,
            provider="anthropic",
            occurred_at=NOW if change.model else each.occurred_at,
            usage=changed_usage(usage, change, own_model=each.model),
        )
        if isinstance(priced, Priced):
            old.append(cost)
            new.append(priced.cost)
        else:
            unsaid += 1
    return total(old), total(new), unsaid


@pytest.mark.parametrize("seed", [1, 2])
def test_every_change_equals_pricing_each_event_anew(world, seed):
    world.acme.post(*some_events(seed), now=NOW)
    world.acme.fold()
    with world.acme.scope():
        void(source="", event_id="e-7", reason="twice", actor="ana", now=NOW)

        for change in CHANGES:
            found = what_if(DAYS, change, now=NOW)

            old, new, unsaid = by_the_engine(change, voided=("e-7",))
            assert (found.old, found.new) == (old, new), change
            assert sum(each.events for each in found.left_out.values()) == unsaid
            booked = spend(DAYS, granularity="total").total
            kept = total((found.old, *(each.cost for each in found.left_out.values())))
            assert kept == booked.cost
            assert found.unpriced_events == booked.unpriced_events
            one_day = DayRange(date(2026, 10, 20), date(2026, 10, 21))
            part = what_if(one_day, change, now=NOW, project="support-bot")
            assert [row.old for row in part.rows] == [
                each.measures.cost
                for each in spend(one_day, granularity="total", project="support-bot").rows
            ] or part.left_out


MOVED = {
    Change(): (1, 20, 300, 4_000, 5, 6),
    Change(caching="off"): (4_321, 0, 0, 0, 5, 6),
    Change(caching="5m"): (1, 320, 0, 4_000, 5, 6),
    Change(caching="1h"): (1, 0, 320, 4_000, 5, 6),
}


@pytest.mark.parametrize(("change", "moved"), MOVED.items())
def test_caching_moves_tokens_between_classes_and_loses_none(change, moved):
    parts = (Part("sonnet", (1, 20, 300, 4_000, 5, 6)), Part("opus", (1, 20, 300, 4_000, 5, 6)))

    found = changed_usage(Usage(parts, "batch", "fast", "us"), change, own_model="sonnet")

    assert [each.tokens for each in found.parts] == [moved, moved]
    assert (found.tier, found.speed, found.geo) == ("batch", "fast", "us")


def test_another_model_answers_instead_of_the_calls_own_and_not_of_its_advisors():
    """An attempt by the same model is the call's own; an advisor is somebody else, whatever is asked."""
    names = ("sonnet", "opus", "sonnet")
    usage = Usage(tuple(Part(name, (1, 0, 0, 0, 1, 0)) for name in names), "standard", "fast", "")

    other = changed_usage(usage, Change(model="haiku"), own_model="sonnet")
    batch = changed_usage(usage, Change(batch=True, us=True), own_model="sonnet")

    assert [each.model for each in other.parts] == ["haiku", "opus", "haiku"]
    assert [each.model for each in batch.parts] == list(names)
    assert (other.tier, other.speed, other.geo) == ("standard", "fast", "")
    assert (batch.tier, batch.speed, batch.geo) == ("batch", "fast", "us")


def test_a_day_of_the_zone_that_two_prices_share_is_priced_event_by_event(world):
    """At 23:00 UTC it is the next day in Sofia. Only what was not used then has changed its price since."""
    rates = dict.fromkeys(TOKEN_CLASSES, Decimal(1)) | {"model": "own", "provider": "anthropic"}
    said = {"source": "contract", "checked_on": date(2026, 11, 1), **rates}
    with world.acme.scope():
        for since, hour in ((date(2026, 11, 1), "6"), (date(2026, 11, 10), "60")):
            row = AgreedPrice(**said | {"since": since, "cache_write_1h": Decimal(hour)})
            add_terms(row, actor="ana", now=NOW)
    usage = tokens(0, write_5m=1_000_000, out=0)
    late = event("a", occurred_at="2026-11-09T23:00:00Z", model="own", usage=usage)
    world.acme.post(late, now=NOW)

    with world.acme.scope():
        found = what_if(DAYS, Change(caching="1h"), now=NOW)

    assert [row.day for row in found.rows] == [date(2026, 11, 10)]
    assert (found.old, found.new, found.one_by_one) == (1, 6, 1)


def test_sums_are_priced_where_that_is_the_same_and_events_where_not(world):
    at = datetime(2026, 11, 10, 12, tzinfo=UTC)
    small = [event(f"s-{n}", occurred_at=at.isoformat()) for n in range(5)]
    world.acme.post(*small, now=NOW)
    with world.acme.scope():
        off = what_if(DAYS, Change(caching="off"), now=NOW)
        tiers = what_if(DAYS, Change(model="claude-haiku-5-5"), now=NOW)

    assert (off.old, off.new, off.one_by_one) == (Decimal("0.078"), Decimal("0.348"), 0)
    assert tiers.one_by_one == 5
    assert tiers.new == Decimal("0.00052") * 5


def test_own_rates_are_asked_without_a_discount_and_other_classes_keep_theirs(world):
    with world.acme.scope():
        add_terms(Discount(provider="anthropic", percent=Decimal(10)), actor="ana", now=NOW)
    world.acme.post(event("a", occurred_at="2026-11-10T12:00:00Z"), now=NOW)

    with world.acme.scope():
        sums = what_if(DAYS, Change(rates=(("output", Decimal(5)),)), now=NOW)
        batch = what_if(DAYS, Change(rates=(("output", Decimal(5)),), batch=True), now=NOW)

    # 200 x $3 and 20,000 x $0.30 per million less a tenth, 600 x $5
    assert (sums.old, sums.new) == (Decimal("0.01404"), Decimal("0.00894"))
    assert batch.new == Decimal("0.00447")


def test_what_needs_its_events_says_so_where_they_are_too_many_gone_or_without_a_price(
    world, monkeypatch
):
    """Three days of Haiku 5.5, whose prompts have two prices: another model's price may not tell by sums."""
    haiku = {"model": "claude-haiku-4-5"}
    for day in (10, 11, 12):
        at = f"2026-11-{day}T12:00:00Z"
        world.acme.post(*(event(f"{day}-{n}", occurred_at=at, **haiku) for n in range(3)), now=NOW)
    contract = tokens(5, out=5) | {"service_tier": "priority"}
    world.acme.post(
        event("p", occurred_at="2026-11-10T12:00:00Z", usage=contract, **haiku), now=NOW
    )
    change = Change(model="claude-haiku-5-5")

    with world.acme.scope():
        every = what_if(DAYS, change, now=NOW)
        some = what_if(DAYS, change, now=NOW, most=7)
        monkeypatch.setattr(reports, "events_of", lambda *_, **__: [])
        gone = what_if(DAYS, change, now=NOW)

    assert (every.one_by_one, every.events, every.left_out, every.unpriced_events) == (10, 9, {}, 1)
    assert some.one_by_one == 7
    assert {each.reason: each.events for each in some.left_out.values()} == {"too_many_events": 3}
    assert {each.reason: each.events for each in gone.left_out.values()} == {"no_longer_kept": 9}
    assert (gone.old, gone.left_out["no_longer_kept"].cost) == (0, every.old)


def test_an_event_that_was_priced_again_was_paid_at_its_new_price(world):
    at = "2026-11-10T12:00:00Z"
    world.acme.post(event("a", occurred_at=at, model="claude-haiku-4-5"), now=NOW)
    with world.acme.scope():
        add_terms(Discount(provider="anthropic", percent=Decimal(50)), actor="ana", now=NOW)
        days = {"since": DAYS.since, "until": DAYS.until}
        run = plan_repricing(reason="half", actor="ana", now=NOW, **days)
        go_on(now=NOW)
        apply_repricing(run, actor="ana", now=NOW)
        go_on(now=NOW)

        found = what_if(DAYS, Change(model="claude-haiku-5-5"), now=NOW)

    assert (found.one_by_one, found.old) == (1, Decimal("0.0026"))


def test_long_prompts_are_priced_by_their_sums_too(world):
    long = tokens(150_000, out=10)
    at = "2026-11-10T12:00:00Z"
    world.acme.post(event("l", occurred_at=at, model="claude-haiku-5-5", usage=long), now=NOW)

    with world.acme.scope():
        found = what_if(DAYS, Change(per_cent=-50), now=NOW)

    assert (found.one_by_one, found.new * 2) == (0, found.old)


def test_what_cannot_be_said_is_said_and_in_no_figure(world):
    at = datetime(2026, 11, 10, 12, tzinfo=UTC).isoformat()
    world.acme.post(event("a", occurred_at=at), event("b", occurred_at=at, model="opus-9"), now=NOW)
    with world.acme.scope():
        geo = what_if(DAYS, Change(model="claude-haiku-4-5", us=True), now=NOW)
        unknown = what_if(DAYS, Change(model="claude-opus-9"), now=NOW)
        many = what_if(DAYS, Change(model="claude-haiku-5-5"), now=NOW, most=0)

    for found, reason in ((geo, "us_not_offered"), (unknown, "unknown_model")):
        assert list(found.left_out) == [reason]
        assert found.left_out[reason].cost == Decimal("0.0156")
        assert found.left_out[reason].words
        assert (found.old, found.new, found.unpriced_events) == (0, 0, 1)
    assert list(many.left_out) == ["too_many_events"]


def test_own_terms_count_and_a_price_change_is_on_top(world):
    with world.acme.scope():
        row = Discount(provider="anthropic", percent=Decimal(10))
        add_terms(row, actor="ana", now=NOW)
    world.acme.post(event("a", occurred_at="2026-11-10T12:00:00Z"), now=NOW)

    with world.acme.scope():
        half = what_if(DAYS, Change(per_cent=-50), now=NOW)
        both = what_if(DAYS, replace(Change(per_cent=-50), batch=True), now=NOW)

    assert (half.old, half.new) == (Decimal("0.01404"), Decimal("0.00702"))
    assert both.new == Decimal("0.00351")
    with world.brix.scope():
        assert what_if(DAYS, Change(batch=True), now=NOW).rows == []
