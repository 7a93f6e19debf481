"""Re-pricing: both figures stay, totals follow, twice is once, and a run that was killed goes on."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.flow import reprice
from billing.flow.reprice_run import apply_repricing, cancel_repricing, go_on, plan_repricing
from billing.flow.terms import add_terms, close_terms
from billing.flow.verify import rebuild, verify
from billing.flow.void import void
from billing.models import (
    AgreedPrice,
    Discount,
    EventCorrection,
    RepricedDay,
    Repricing,
    UsageEvent,
)
from billing.models.repricing import RunState
from billing.money import TOKEN_CLASSES
from billing.periods import DayRange
from billing.reports.events import event_detail, events
from billing.reports.spend import spend
from tenants.actions import ActionError
from tenants.models import AuditEntry
from tests.factories import MODEL, NOON, event

pytestmark = pytest.mark.django_db

SINCE, UNTIL = date(2026, 11, 1), date(2026, 12, 1)
DAYS = DayRange(SINCE, UNTIL)
BY = {"actor": "test", "now": NOON}
OLD, NEW = Decimal("0.0156"), Decimal("0.0078")


def half_price(company):
    with company.scope():
        return add_terms(Discount(provider="anthropic", percent=Decimal(50)), **BY)


def plan(company, **changes):
    asked = {"since": SINCE, "until": UNTIL, "reason": "contract signed late"} | changes
    with company.scope():
        return plan_repricing(**asked, actor="fay@acme.test", now=timezone.now())


def work(company, *, batches=100):
    for _ in range(batches):
        with company.scope():
            if not go_on(now=timezone.now()):
                return


def apply(company, run):
    with company.scope():
        apply_repricing(run, actor="fay@acme.test", now=timezone.now())


def run_through(company, **changes):
    run = plan(company, **changes)
    work(company)
    apply(company, run)
    work(company)
    with company.scope():
        return Repricing.objects.get(pk=run.pk)


def total_of(company):
    with company.scope():
        assert verify(SINCE - timedelta(days=40), until=UNTIL) == []
        return spend(DAYS, granularity="total").total


def test_a_dry_run_shows_what_would_change_and_changes_nothing(world):
    world.acme.post(event("a"), event("b", project="contract-agent"), event("c", model="gpt-0"))
    half_price(world.acme)

    run = plan(world.acme)
    work(world.acme)

    with world.acme.scope():
        run.refresh_from_db()
        assert (run.state, run.seen, run.expected) == (RunState.READY, 3, 3)
        days = list(
            RepricedDay.objects.values_list("client_id", "day", "events", "old_cost", "new_cost")
        )
        assert sorted(days) == sorted(
            (client.pk, NOON.date(), 1, OLD, NEW) for client in world.acme.clients.values()
        )
        assert not EventCorrection.objects.exists()
    assert total_of(world.acme).cost == 2 * OLD


def test_applied_the_totals_move_and_both_figures_stay(world):
    world.acme.post(event("a"), event("b"))
    world.acme.fold()
    half_price(world.acme)

    run = run_through(world.acme)

    assert (run.state, total_of(world.acme).cost) == (RunState.DONE, 2 * NEW)
    assert total_of(world.acme).events == 2
    assert total_of(world.acme).cost_list == 2 * OLD
    with world.acme.scope():
        detail = event_detail("", "a")
        assert (detail.summary.cost, detail.cost_uncached) == (NEW, Decimal("0.0348"))
        (step,) = detail.history
        assert (step.old_cost, step.new_cost) == (OLD, NEW)
        assert (step.actor, step.reason) == ("fay@acme.test", "contract signed late")
        assert sum(each.line.cost for each in detail.lines) == NEW
        assert {each.cost for each in events().events} == {NEW}
        ledger = UsageEvent.objects.first()
        assert sum(getattr(ledger, f"cost_{name}") for name in TOKEN_CLASSES) == OLD
    world.acme.fold()
    assert total_of(world.acme).cost == 2 * NEW


def test_a_second_run_changes_nothing(world):
    world.acme.post(event("a"), event("b", model="gpt-0"))
    half_price(world.acme)
    run_through(world.acme)
    with world.acme.scope():
        steps = EventCorrection.objects.count()

    again = run_through(world.acme)

    with world.acme.scope():
        assert EventCorrection.objects.count() == steps == 1
        assert not RepricedDay.objects.filter(repricing_id=again.pk).exists()
    assert total_of(world.acme).cost == NEW


def test_unpriced_events_are_priced_by_the_same_road_when_a_row_appears(world):
    (verdict,) = world.acme.post(event("a", model="new-model"))
    assert verdict.unpriced_reason == "unknown_model"
    rates = dict.fromkeys(TOKEN_CLASSES, Decimal(1))
    with world.acme.scope():
        add_terms(
            AgreedPrice(provider="anthropic", model="new-model", source="letter", checked_on=SINCE, **rates),
            **BY,
        )  # fmt: skip

    run_through(world.acme, only_unpriced=True, models=["new-model"])

    total = total_of(world.acme)
    assert (total.cost, total.events, total.unpriced_events) == (Decimal("0.0208"), 1, 0)
    (again,) = world.acme.post(event("a", model="new-model"))
    assert (again.status, again.cost) == ("duplicate", Decimal("0.0208"))
    with world.acme.scope():
        detail = event_detail("", "a")
        assert detail.summary.unpriced_reason == ""
        assert len(detail.lines) == 3
        assert (detail.history[0].old_cost, detail.history[0].new_cost) == (None, Decimal("0.0208"))


def test_an_event_can_lose_its_price_and_get_it_back(world):
    rates = dict.fromkeys(TOKEN_CLASSES, Decimal(1))
    with world.acme.scope():
        row = add_terms(
            AgreedPrice(provider="own", model="m", source="letter", checked_on=SINCE, **rates), **BY
        )
    world.acme.post(event("a", provider="own", model="m"))
    with world.acme.scope():
        close_terms(row, until=SINCE, **BY)

    run_through(world.acme)
    lost = total_of(world.acme)
    with world.acme.scope():
        assert event_detail("", "a").summary.unpriced_reason == "no_price_at_date"
        add_terms(
            AgreedPrice(
                provider="own", model="m", source="letter", checked_on=SINCE, since=SINCE, **rates
            ),
            **BY,
        )
    run_through(world.acme)

    assert (lost.cost, lost.events, lost.unpriced_events) == (0, 1, 1)
    found = total_of(world.acme)
    assert (found.cost, found.events, found.unpriced_events) == (Decimal("0.0208"), 1, 0)
    with world.acme.scope():
        costs = [(step.old_cost, step.new_cost) for step in event_detail("", "a").history]
        assert costs == [(Decimal("0.0208"), None), (None, Decimal("0.0208"))]


def test_only_the_range_and_the_models_that_were_asked_for(world):
    world.acme.post(
        event("in"),
        event("before", occurred_at="2026-10-31T21:59:59Z"),  # 23:59:59 in Sofia
        event("first", occurred_at="2026-10-31T22:00:00Z"),
        event("other", model="claude-haiku-4-5"),
    )
    half_price(world.acme)

    run_through(world.acme, models=[MODEL])

    with world.acme.scope():
        moved = {each.id: len(event_detail("", each.id).history) for each in events().events}
    assert moved == {"in": 1, "before": 0, "first": 1, "other": 0}


def test_an_event_that_was_taken_back_stays_so_and_a_repriced_one_can_be(world):
    world.acme.post(event("void"), event("b"))
    half_price(world.acme)
    with world.acme.scope():
        void("", "void", reason="test", **BY)

    run_through(world.acme)
    with world.acme.scope():
        taken = void("", "b", reason="test", **BY)

    assert taken.cost == NEW
    total = total_of(world.acme)
    assert (total.events, total.cost, total.discount, total.cost_uncached) == (0, 0, 0, 0)


def agree(company, rate, **changes):
    rates = dict.fromkeys(TOKEN_CLASSES, Decimal(rate))
    row = {"provider": "anthropic", "model": MODEL, "source": "letter", "checked_on": SINCE}
    with company.scope():
        return add_terms(AgreedPrice(**row | rates | changes), **BY)


def test_an_event_that_moved_to_another_row_is_taken_back_whole(world):
    world.acme.post(event("a"))
    agree(world.acme, 1)
    run_through(world.acme)

    with world.acme.scope():
        taken = void("", "a", reason="test", **BY)

    assert taken.cost == Decimal("0.0208")
    total = total_of(world.acme)
    assert (total.events, total.cost, total.discount) == (0, 0, 0)


def test_a_run_for_the_unpriced_leaves_alone_what_has_got_a_price(world):
    world.acme.post(event("a", model="new-model"))
    row = agree(world.acme, 1, model="new-model")
    run_through(world.acme, only_unpriced=True)
    with world.acme.scope():
        close_terms(row, until=SINCE, **BY)
    agree(world.acme, 2, model="new-model", since=SINCE)

    run_through(world.acme, only_unpriced=True)

    assert total_of(world.acme).cost == Decimal("0.0208")


def test_a_run_that_is_killed_between_batches_goes_on_and_moves_nothing_twice(world, monkeypatch):
    monkeypatch.setattr(reprice, "BATCH", 2)
    monkeypatch.setattr("billing.flow.reprice_run.BATCH", 2)
    world.acme.post(*(event(f"e-{n}", occurred_at=NOON.isoformat()) for n in range(7)))
    half_price(world.acme)
    run = plan(world.acme)
    work(world.acme)
    apply(world.acme, run)

    work(world.acme, batches=2)
    with world.acme.scope():
        run.refresh_from_db()
        assert (run.state, run.seen) == (RunState.APPLYING, 4)
    with pytest.raises(ZeroDivisionError), world.acme.scope():
        go_on(now=timezone.now())
        raise ZeroDivisionError
    assert total_of(world.acme).cost == 4 * NEW + 3 * OLD
    work(world.acme)

    assert total_of(world.acme).cost == 7 * NEW
    with world.acme.scope():
        run.refresh_from_db()
        assert (run.state, run.seen) == (RunState.DONE, 7)
        assert EventCorrection.objects.count() == 7
        counted, applied = (
            list(RepricedDay.objects.filter(is_applied=phase).values_list("events", "new_cost"))
            for phase in (False, True)
        )
        assert counted == applied == [(7, 7 * NEW)]


def test_a_cancelled_run_moves_nothing_more_and_what_it_moved_is_history(world):
    world.acme.post(event("a"))
    half_price(world.acme)
    run = plan(world.acme)
    work(world.acme)
    apply(world.acme, run)

    with world.acme.scope():
        cancel_repricing(run, **BY)
    work(world.acme)

    assert total_of(world.acme).cost == OLD
    with world.acme.scope(), pytest.raises(ActionError, match="cancelled"):
        apply_repricing(run, **BY)


def test_of_two_runs_over_the_same_days_one_is_applied_at_a_time(world):
    half_price(world.acme)
    first, second = plan(world.acme), plan(world.acme, since=date(2026, 11, 29))
    beside = plan(world.acme, since=UNTIL, until=date(2026, 12, 2))
    work(world.acme)
    apply(world.acme, first)

    with pytest.raises(ActionError) as refused:
        apply(world.acme, second)

    assert refused.value.code == "repricing_under_way"
    apply(world.acme, beside)
    work(world.acme)
    apply(world.acme, second)


def test_a_run_is_applied_by_the_book_it_was_counted_by_or_not_at_all(world):
    world.acme.post(event("a"))
    row = half_price(world.acme)
    counted = plan(world.acme)
    work(world.acme)
    applying = plan(world.acme, since=UNTIL, until=date(2026, 12, 2))
    work(world.acme)
    apply(world.acme, applying)

    with world.acme.scope():
        close_terms(row, until=UNTIL, **BY)
    work(world.acme)

    with pytest.raises(ActionError) as refused:
        apply(world.acme, counted)
    assert refused.value.code == "prices_changed"
    with world.acme.scope():
        applying.refresh_from_db()
        assert (applying.state, bool(applying.stopped_because)) == (RunState.STOPPED, True)
    assert total_of(world.acme).cost == OLD


@pytest.mark.parametrize(
    ("changes", "field"), [({"until": SINCE}, "until"), ({"reason": " "}, "reason")]
)
def test_a_run_needs_days_and_a_reason(world, changes, field):
    with pytest.raises(ActionError) as refused:
        plan(world.acme, **changes)

    assert (refused.value.code, refused.value.field) == ("invalid_field", field)


def test_every_step_of_a_run_is_in_the_audit_log(world):
    run_through(world.acme)

    with world.acme.scope():
        actions = AuditEntry.objects.filter(action__startswith="repricing").order_by("id")
        assert list(actions.values_list("action", "actor_label")) == [
            ("repricing.planned", "fay@acme.test"),
            ("repricing.applied", "fay@acme.test"),
        ]


def test_rebuilt_days_have_the_new_figures(world):
    world.acme.post(event("a"), event("b", model="gpt-0"))
    half_price(world.acme)
    run_through(world.acme)

    with world.acme.scope():
        rebuild(SINCE, until=UNTIL)

    assert total_of(world.acme).cost == NEW
