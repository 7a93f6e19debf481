"""Alerts: each threshold once per version and period, with its deliveries; words with the figures."""

import json
import threading
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.utils import timezone

from billing.channels import mail, slack, teams, webhook
from billing.channels.message import from_json
from billing.flow.set_budget import archive_budget
from billing.flow.void import void
from billing.models import Alert, BudgetChannel, Channel, Delivery, SpendDay
from billing.watch.check import check_budgets
from tenants.actions import add_member
from tenants.models import Membership, Role, User
from tenants.sealed import seal
from tests.billing.budgets import budget, changed, spend
from tests.factories import NOON, event

DECEMBER = datetime(2026, 12, 2, 12, 0, tzinfo=UTC)


def check(company, *, now=NOON, **how):
    with company.scope():
        return check_budgets(now=now, **how).alerts


def told(company):
    """(kind, version, period's start, threshold), in the order in which it was told."""
    with company.scope():
        rows = Alert.objects.order_by("pk").values_list("kind", "version", "since", "threshold")
        return [(kind, version, f"{since:%m-%d}", each) for kind, version, since, each in rows]


def sent(company):
    with company.scope():
        return [each.message for each in Delivery.objects.order_by("pk")]


def channel(company, name="ops"):
    with company.scope():
        return Channel.objects.create(
            kind="email", name=name, shown=f"{name}@acme.test", target=seal(f"{name}@acme.test")
        )


# --- once


def test_each_threshold_is_told_once_as_it_is_reached(world):
    budget(world.acme, amount=10)
    for dollars, expected in [(4, 0), (1, 1), (2, 0), (1, 1), (2, 1), (5, 0)]:
        spend(world.acme, dollars, name=f"e{timezone.now().timestamp()}")
        assert check(world.acme) == expected
        assert check(world.acme) == 0

    assert told(world.acme) == [("spent", 1, "11-01", each) for each in (50, 80, 100)]
    assert len(sent(world.acme)) == 3


def test_thresholds_reached_at_once_are_one_message_that_names_them_all(world):
    budget(world.acme, amount=10)
    spend(world.acme, 9)

    assert check(world.acme) == 2

    (message,) = sent(world.acme)
    assert message["subject"] == "Globex: 50 % and 80 % of $10.00 used"
    assert message["headline"] == (
        "50 % and 80 % used: $9.00 of $10.00 (month to 30 Nov, Europe/Sofia)."
    )
    assert message["data"]["thresholds"] == [50, 80]


def test_a_new_period_and_new_terms_tell_anew_and_a_retry_does_not(world):
    found = budget(world.acme, amount=10, thresholds=(50,))
    spend(world.acme, 6, name="a")
    assert [check(world.acme), check(world.acme)] == [1, 0]

    changed(world.acme, found, amount=12, now=NOON)
    assert [check(world.acme), check(world.acme)] == [1, 0]

    spend(world.acme, 6, name="b", at=DECEMBER)
    assert [check(world.acme, now=DECEMBER), check(world.acme, now=DECEMBER)] == [1, 0]
    assert told(world.acme) == [
        ("spent", 1, "11-01", 50),
        ("spent", 2, "11-01", 50),
        ("spent", 2, "12-01", 50),
    ]


def test_another_name_or_audience_tells_nothing_anew(world):
    found = budget(world.acme, amount=10)
    spend(world.acme, 6)
    check(world.acme)

    changed(world.acme, found, name="Another", shared=True)

    assert check(world.acme) == 0


def test_a_budget_out_of_use_and_a_fixed_one_that_is_over_tell_nothing(world):
    over = {"since": NOON.date() - timedelta(days=9), "until": NOON.date() - timedelta(days=5)}
    budget(world.acme, name="over", amount=1, period="fixed", now=NOON, **over)
    gone = budget(world.acme, amount=1)
    with world.acme.scope():
        archive_budget(gone, actor="test", now=NOON)
    spend(world.acme, 5, name="a")
    spend(world.acme, 5, name="b", at=NOON - timedelta(days=7))

    assert check(world.acme) == 0


def test_what_is_not_folded_yet_counts_as_well(world):
    budget(world.acme, amount=10)
    spend(world.acme, 6)
    assert check(world.acme) == 1
    world.acme.fold()

    assert check(world.acme) == 0


def test_a_void_in_the_open_period_tells_nothing(world):
    budget(world.acme, amount=10)
    spend(world.acme, 6, name="a")
    check(world.acme)
    with world.acme.scope():
        void("", "a", reason="twice", actor="test", now=NOON)

    assert check(world.acme) == 0


def test_companies_are_told_of_their_own(world):
    for company in (world.acme, world.brix):
        budget(company, amount=10)
    spend(world.acme, 6)

    assert (check(world.acme), check(world.brix)) == (1, 0)


@pytest.mark.smoke
def test_fifty_workers_race_and_one_alert_with_one_delivery_per_target_is_left(committed):
    found = budget(committed.acme, amount=10)
    with committed.acme.scope():
        BudgetChannel.objects.create(budget=found, channel=channel(committed.acme))
    spend(committed.acme, 9)
    start, errors = threading.Barrier(50), []

    def worker():
        try:
            start.wait()
            check(committed.acme)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=worker) for _ in range(50)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert errors == []
    assert [threshold for *_, threshold in told(committed.acme)] == [50, 80]
    with committed.acme.scope():
        targets = list(Delivery.objects.values_list("person", "channel"))
    assert len(targets) == 2
    assert len(set(targets)) == 2


# --- whom


def test_the_owner_and_the_budgets_channels_are_told_and_nobody_else(world):
    with world.acme.scope():
        add_member(actor="test", email="max@acme.test", role=Role.MEMBER)
        owner = User.objects.get(email="max@acme.test")
    found, ops = budget(world.acme, amount=10, owner=owner), channel(world.acme)
    channel(world.acme, name="others")
    with world.acme.scope():
        BudgetChannel.objects.create(budget=found, channel=ops)
    spend(world.acme, 6)

    check(world.acme)

    with world.acme.scope():
        rows = Delivery.objects.values_list("person__email", "channel__name").order_by("pk")
        assert list(rows) == [("max@acme.test", None), (None, "ops")]


def test_a_personal_link_goes_to_the_person_only(world):
    found, ops = budget(world.acme, amount=10), channel(world.acme)
    with world.acme.scope():
        BudgetChannel.objects.create(budget=found, channel=ops)
    spend(world.acme, 6)
    check(world.acme)

    mail, other = sent(world.acme)

    assert "/acknowledge/" in mail["links"][0]["url"]
    assert "/acknowledge/" not in str(other)
    assert other["links"][0]["url"].endswith(
        "/t/acme/alerts/" + str(mail["data"]["alerts"][0]) + "/"
    )


def test_when_the_owner_has_gone_the_owners_of_the_company_are_told(world):
    with world.acme.scope():
        add_member(actor="test", email="max@acme.test", role=Role.MEMBER)
        owner = User.objects.get(email="max@acme.test")
    budget(world.acme, amount=10, owner=owner)
    with world.acme.scope():
        Membership.objects.filter(user=owner).delete()
    spend(world.acme, 6)

    check(world.acme)

    with world.acme.scope():
        assert Delivery.objects.get().person == world.ana


# --- words


def test_the_words_have_every_figure(world):
    world.ana.name = "Ana"
    world.ana.save()
    budget(world.acme, amount=1000, owner=world.ana)
    for number in range(1, 20):
        spend(world.acme, 40, name=f"n{number}", at=datetime(2026, 11, number, 12, tzinfo=UTC))
    spend(world.acme, 100, name="october", at=datetime(2026, 10, 5, 12, tzinfo=UTC))
    spend(world.acme, "52.40", name="today")
    for number in range(3):
        world.acme.post(event(f"u{number}", model="claude-opus-9"))

    check(world.acme)

    (message,) = sent(world.acme)
    facts = dict(map(tuple, message["facts"]))
    assert message["headline"] == (
        "50 % and 80 % used: ≥ $812.40 of $1,000.00 (month to 30 Nov, Europe/Sofia)."
    )
    assert facts["Budget"] == "Globex, all of Globex of Acme"
    assert facts["Time"] == "10 days left."
    assert facts["Forecast"].startswith("$1,")
    assert "by 30 Nov, 100 % on 2" in facts["Forecast"]
    assert facts["Biggest mover"] == ("Support bot +$712.40 against the same days of last month.")
    assert facts["Unpriced"] == "3 events, so the true figure is higher."
    assert facts["Responsible"] == "Ana"
    assert message["data"]["spent"] == "812.4"
    assert [each["label"] for each in message["links"]] == ["Acknowledge", "Budget"]
    with world.acme.scope():
        assert {each.headline for each in Alert.objects.all()} == {message["headline"]}


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"period": "day"}, "day of 20 Nov"),
        ({"period": "week"}, "week to 22 Nov"),
        ({"period": "quarter"}, "quarter to 31 Dec"),
        (
            {"period": "fixed", "since": NOON.date(), "until": NOON.date() + timedelta(days=7)},
            "20 Nov to 26 Nov",
        ),
    ],
)
def test_the_period_is_named_as_people_say_it(world, terms, words):
    budget(world.acme, amount=10, **terms)
    spend(world.acme, 6)

    check(world.acme)

    assert f"({words}, Europe/Sofia)." in sent(world.acme)[0]["headline"]


# --- forecasts


def test_a_forecast_is_told_once_before_the_amount_is_used(world):
    budget(world.acme, amount=100, thresholds=(100,), forecast_thresholds=(90, 100))
    for number in range(1, 20):
        spend(world.acme, 4, name=f"n{number}", at=datetime(2026, 11, number, 12, tzinfo=UTC))

    assert check(world.acme) == 0
    assert check(world.acme, forecasts=True) == 2
    assert check(world.acme, forecasts=True) == 0

    (message,) = sent(world.acme)
    assert message["kind"] == "budget.forecast"
    assert message["headline"].startswith("90 % and 100 % expected: $1")
    assert "$76.00 of $100.00 used so far" in message["headline"]


def test_a_forecast_is_silent_before_three_days_of_data(world):
    budget(world.acme, amount=10, thresholds=(1000,), forecast_thresholds=(50,))
    for number in (18, 19):
        spend(world.acme, 4, name=f"n{number}", at=datetime(2026, 11, number, 12, tzinfo=UTC))
    spend(world.acme, 4, name="today")

    assert check(world.acme, forecasts=True) == 0


# --- periods that have ended


def late(company, dollars, *, name="late"):
    """An event of November that arrives in December."""
    spend(company, dollars, name=name, at=datetime(2026, 11, 29, 12, tzinfo=UTC), now=DECEMBER)
    company.fold()
    with company.scope():
        SpendDay.objects.update(changed_at=DECEMBER)


@pytest.fixture
def december(world):
    """A budget of November, checked at 60 %; it is December now."""
    found = budget(world.acme, amount=10, now=NOON)
    spend(world.acme, 6, name="a")
    world.acme.fold()
    check(world.acme)
    return found


def test_late_events_that_cross_a_closed_period_make_a_marked_notice(world, december):
    late(world.acme, 5)

    assert [check(world.acme, now=DECEMBER), check(world.acme, now=DECEMBER)] == [2, 0]

    message = sent(world.acme)[-1]
    assert told(world.acme)[1:] == [("late", 1, "11-01", 80), ("late", 1, "11-01", 100)]
    assert message["kind"] == "budget.late"
    assert message["subject"] == (
        "Globex: 80 % and 100 % of $10.00 reached in the month to 30 Nov, which has ended"
    )
    assert message["headline"] == (
        "80 % and 100 % used in a period that has ended: $11.00 of $10.00 (month to 30 Nov, Europe/Sofia),"
        " since 1 event arrived after its end (+$5.00)."
    )


def test_a_correction_that_uncrosses_a_closed_period_makes_one_too(world, december):
    with world.acme.scope():
        void("", "a", reason="sent twice", actor="test", now=DECEMBER)
    world.acme.fold()
    with world.acme.scope():
        SpendDay.objects.update(changed_at=DECEMBER)

    assert [check(world.acme, now=DECEMBER), check(world.acme, now=DECEMBER)] == [1, 0]

    message = sent(world.acme)[-1]
    assert told(world.acme)[1:] == [("undone", 1, "11-01", 50)]
    assert message["headline"] == (
        "50 % no longer reached in a period that has ended: $0.00 of $10.00 (month to 30 Nov, Europe/Sofia),"
        " since 1 event was corrected afterwards (−$6.00)."
    )


def test_whatever_is_told_wherever_says_that_the_true_figure_is_higher(world):
    budget(world.acme, amount=100, thresholds=(50, 80), forecast_thresholds=(90,), now=NOON)
    for number in range(1, 20):
        spend(world.acme, 4, name=f"n{number}", at=datetime(2026, 11, number, 12, tzinfo=UTC))
    for number in range(3):
        world.acme.post(event(f"u{number}", model="claude-opus-9"))
    world.acme.fold()
    check(world.acme, forecasts=True)
    late(world.acme, 5)
    check(world.acme, now=DECEMBER)
    for number in range(1, 10):
        with world.acme.scope():
            void("", f"n{number}", reason="sent twice", actor="test", now=DECEMBER)
    world.acme.fold()
    with world.acme.scope():
        SpendDay.objects.update(changed_at=DECEMBER)
    check(world.acme, now=DECEMBER)

    messages = [from_json(each) for each in sent(world.acme)]

    assert [each.kind for each in messages] == [
        f"budget.{kind}" for kind in ("threshold", "forecast", "late", "undone")
    ]
    for message in messages:
        for form in (
            mail.as_text(message),
            unescape(mail.as_html(message)),
            json.dumps(slack.payload(message), ensure_ascii=False),
            json.dumps(teams.payload(message), ensure_ascii=False),
            json.dumps(webhook.payload(message, made_at=NOON), ensure_ascii=False),
        ):
            assert "≥ $" in form, (message.kind, form)
            assert "3 events, so the true figure is higher." in form, (message.kind, form)


def test_days_that_did_not_change_lately_are_not_looked_at(world, december):
    spend(world.acme, 5, name="late", at=datetime(2026, 11, 29, 12, tzinfo=UTC))
    world.acme.fold()
    with world.acme.scope():
        SpendDay.objects.update(changed_at=DECEMBER - timedelta(days=5))

    assert check(world.acme, now=DECEMBER) == 0


def test_a_budget_set_afterwards_says_nothing_of_what_was_before_it(world):
    spend(world.acme, 50, name="a")
    world.acme.fold()
    with world.acme.scope():
        SpendDay.objects.update(changed_at=DECEMBER)
    budget(world.acme, amount=10, now=DECEMBER)

    assert check(world.acme, now=DECEMBER) == 0


def test_a_closed_period_is_judged_by_the_terms_of_its_time(world, december):
    changed(world.acme, december, amount=1000, now=DECEMBER - timedelta(hours=3))
    late(world.acme, 5)

    check(world.acme, now=DECEMBER)

    assert told(world.acme)[1:] == [("late", 1, "11-01", 80), ("late", 1, "11-01", 100)]
    with world.acme.scope():
        assert {each.amount for each in Alert.objects.all()} == {10}
