"""Whatever happens in whatever order, ledger = rollups + journal, and the report says what was accepted."""

import os
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from billing.actions import ActionError, change_timezone, set_retention
from billing.flow import zone
from billing.flow.book import price_book
from billing.flow.price import Priced, price_event
from billing.flow.proof import prove_changed
from billing.flow.reprice_run import apply_repricing, go_on, plan_repricing
from billing.flow.retention import forget, kept_since, move_horizon
from billing.flow.terms import add_terms, close_terms
from billing.flow.usage import read_usage
from billing.flow.verify import days_with_events, rebuild, verify, whole_days
from billing.flow.void import NoLongerKept, void
from billing.flow.zone import move_on
from billing.models import AgreedPrice, Discount, SpendDay, UsageEvent
from billing.money import TOKEN_CLASSES
from billing.periods import DayRange, start_of
from billing.reports.spend import spend
from tenants.models import Tenant
from tests.factories import NOON, USAGE, event, make_company

ZONES = ("Europe/Sofia", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "UTC")
EVER = DayRange(date(2025, 1, 1), date(2027, 1, 1))
BORDER = (datetime.combine(kept_since(2, now=timezone.now()), time(), UTC) - NOON) // timedelta(
    hours=1
)
"""The hour that retention comes to, from noon; the days around it are where a change of zone is hardest."""
ids = st.integers(0, 30).map("e-{}".format)


class Ledger(RuleBasedStateMachine):
    """Keeps beside the database the simplest possible account: what was accepted and not taken back."""

    company = None

    def __init__(self):
        super().__init__()
        self.counted: dict[str, Decimal | None] = {}
        self.void: set[str] = set()
        self.posted: dict[str, dict] = {}
        self.days = count()

    @rule(
        event_id=ids,
        hours=st.integers(-24 * 200, 0) | st.integers(-40, 40).map(BORDER.__add__),
        output=st.integers(0, 3),
        model=st.sampled_from(["claude-sonnet-4-6", "claude-opus-9"]),
        feature=st.sampled_from(["", "chat", "search"]),
        project=st.sampled_from(["support-bot", "contract-agent"]),
        prompt=st.sampled_from([None, [("system", 8_000), ("user", 333)], [("user", 0)]]),
    )
    def post(self, event_id, hours, output, model, feature, project, prompt):
        said = event(
            event_id,
            occurred_at=(NOON + timedelta(hours=hours)).isoformat(),
            usage=USAGE | {"output_tokens": output},
            model=model,
            feature=feature,
            project=project,
            components=prompt and [{"name": name, "tokens": tokens} for name, tokens in prompt],
        )
        (verdict,) = self.company.post(said)
        if event_id not in self.posted:
            assert verdict.status == "accepted"
            self.posted[event_id], self.counted[event_id] = said, verdict.cost
        else:
            same = self.posted[event_id] == said
            assert verdict.status == ("duplicate" if same else "conflict")

    @precondition(lambda self: self.posted)
    @rule(data=st.data())
    def replay(self, data):
        event_id = data.draw(st.sampled_from(sorted(self.posted)))
        (verdict,) = self.company.post(self.posted[event_id])
        assert verdict.status == "duplicate"

    @precondition(lambda self: self.posted)
    @rule(data=st.data())
    def take_back(self, data):
        event_id = data.draw(st.sampled_from(sorted(self.posted)))
        with self.company.scope():
            if not UsageEvent.objects.filter(event_id=event_id).exists():
                with pytest.raises(NoLongerKept):
                    void("", event_id, reason="test", actor="test", now=timezone.now())
                return
            done = void("", event_id, reason="test", actor="test", now=timezone.now())
        assert done.was_void == (event_id in self.void)
        self.void.add(event_id)

    @rule(percent=st.sampled_from([0, 10, 50]), days=st.integers(1, 300))
    def price_again(self, percent, days):
        """Other terms, and some days of the past priced by them."""
        until = NOON.date() + timedelta(days=1)
        since = until - timedelta(days=days)
        with self.company.scope():
            self.agree(percent)
            run = plan_repricing(
                since=since, until=until, reason="test", actor="test", now=timezone.now()
            )
            self.go_on()
            apply_repricing(run, actor="test", now=timezone.now())
            self.go_on()
            first, book = start_of(since, timezone=Tenant.objects.get().timezone), price_book()
            kept = {*UsageEvent.objects.values_list("event_id", flat=True)}
        for event_id in kept - self.void:
            said = self.posted[event_id]
            at = datetime.fromisoformat(said["occurred_at"])
            if at >= first:
                usage = read_usage(said["usage"], model=said["model"], stop_reason="")
                new = price_event(book, provider="anthropic", occurred_at=at, usage=usage)
                self.counted[event_id] = new.cost if isinstance(new, Priced) else None

    def agree(self, percent):
        """End the terms of before, each by a day of its own long ago, and begin others."""
        now = timezone.now()
        for row in (*Discount.objects.filter(until=None), *AgreedPrice.objects.filter(until=None)):
            close_terms(row, until=row.since + timedelta(days=1), actor="test", now=now)
        since = date(2000, 1, 1) + timedelta(days=next(self.days))
        rates = dict.fromkeys(TOKEN_CLASSES, Decimal(percent))
        terms = {"provider": "anthropic", "since": since}
        if percent:
            price = AgreedPrice(
                **terms, model="claude-opus-9", **rates, source="-", checked_on=since
            )
            add_terms(Discount(**terms, percent=Decimal(percent)), actor="test", now=now)
            add_terms(price, actor="test", now=now)

    def go_on(self):
        while go_on(now=timezone.now()):
            pass

    @rule()
    def fold(self):
        self.company.fold()

    @rule(months=st.sampled_from([None, 2, 4]))
    def keep_for(self, months):
        with self.company.scope():
            set_retention(months, actor="test")

    @rule()
    def night(self):
        """The proof, then what was proved is let go, then it is gone."""
        now = timezone.now()
        with self.company.scope():
            prove_changed(now=now, within=timedelta(seconds=60), choose=min)
            SpendDay.objects.update(changed_at=now - timedelta(days=1))
            move_horizon(now=now)
            while forget(limit=3):
                pass

    @rule()
    def rebuild(self):
        with self.company.scope():
            span = days_with_events()
            if span:
                rebuild(span[0], until=span[1])

    @rule(wanted=st.sampled_from(ZONES))
    def wish_to_move(self, wanted):
        """A change of zone that is under way is not changed; pieces of it come between everything else."""
        with self.company.scope(), suppress(ActionError):
            change_timezone(wanted, actor="test")

    @rule()
    def move_on(self):
        with self.company.scope():
            move_on(now=timezone.now())

    @invariant()
    def ledger_is_rollups_and_journal(self):
        with self.company.scope():
            span = whole_days()
            assert not span or verify(span[0], until=span[1]) == []

    @invariant()
    def every_report_says_what_was_counted(self):
        counted = {key: cost for key, cost in self.counted.items() if key not in self.void}
        cost = sum((each for each in counted.values() if each is not None), Decimal(0))
        with self.company.scope():
            for granularity in ("day", "hour", "total"):
                total = spend(EVER, granularity=granularity, group_by=["project", "feature"]).total
                assert (total.events, total.cost) == (len(counted), cost)
                assert total.unpriced_events == sum(each is None for each in counted.values())
            split = spend(EVER, granularity="day", group_by=["component", "feature"])
        assert (split.total.events, split.total.cost) == (len(counted), cost)
        described = [key for key in counted if len(self.posted[key].get("components", ())) == 2]
        found = {row.keys["component"] for row in split.rows}
        answers = [row.measures.events for row in split.rows if row.keys["component"] == "response"]
        assert sum(answers) == len(described)
        assert found - {"not_split"} == ({"system", "user", "response"} if described else set())


@pytest.mark.django_db
def test_any_order_of_what_can_happen_keeps_the_books(monkeypatch):
    """Every run has a company of its own, so that the runs do not meet; days move in pieces of few events."""
    monkeypatch.setattr(zone, "PIECE", 2)
    numbers = count()

    class OneCompany(Ledger):
        def __init__(self):
            super().__init__()
            number = next(numbers)
            self.company = make_company(f"Run {number}", f"run-{number}", f"o{number}@run.test")

    run_state_machine_as_test(
        OneCompany,
        settings=settings(
            max_examples=int(os.environ.get("ANY_ORDER_RUNS", "14")),
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
