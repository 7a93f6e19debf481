"""Budgets: what they count, in which days, and that nothing is a counter."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.actions import change_timezone
from billing.flow.set_budget import archive_budget
from billing.flow.void import void
from billing.flow.zone import move_on
from billing.models import Budget, BudgetVersion
from billing.reports.budgets import Window, consumption, day_by_day, standings
from tenants.actions import ActionError, add_member, create_project
from tenants.models import AuditEntry, Role, User
from tests.billing.budgets import budget, changed, spend
from tests.factories import NOON, event

TODAY = date(2026, 11, 20)


def standing(company, found, *, today=TODAY):
    with company.scope():
        (one,) = standings([Budget.objects.get(pk=found.pk)], today=today)
    return one


def spent(company, found, *, today=TODAY):
    return standing(company, found, today=today).spent


# --- what is counted


@pytest.mark.parametrize("folded", [False, True])
def test_a_budget_counts_its_scope_and_nothing_else(world, folded):
    with world.acme.scope():  # several projects of one client, so that no id stands for another
        for slug in ("second", "third"):
            globex = world.acme.clients["globex"]
            create_project(actor="test", slug=slug, name=slug, client=globex)
    spend(world.acme, 1, name="a", project="support-bot")
    spend(world.acme, 10, name="b", project="contract-agent")
    spend(world.acme, 100, name="c", project="third")
    spend(world.brix, 1000, name="c")
    if folded:
        world.acme.fold()
        world.brix.fold()

    found = {
        "all": spent(world.acme, budget(world.acme, name="all", client=None)),
        "client": spent(world.acme, budget(world.acme, name="client", client="globex")),
        "project": spent(world.acme, budget(world.acme, name="project", project="support-bot")),
    }

    assert found == {"all": 111, "client": 101, "project": 1}


def test_a_budget_may_count_one_model_feature_or_environment(world):
    spend(world.acme, 1, name="a", feature="chat", environment="production")
    spend(world.acme, 2, name="b", feature="draft", environment="production")
    spend(world.acme, 4, name="c", feature="chat", environment="staging")
    world.acme.post(event("d"))

    def counted(**only):
        name = "-".join(only.values())
        return spent(world.acme, budget(world.acme, name=name, **only))

    assert counted(feature="chat") == 5
    assert counted(environment="production") == 3
    assert counted(feature="chat", environment="staging") == 4
    assert counted(model="claude-haiku-4-5") == 7
    assert counted(model="claude-sonnet-4-6") == Decimal("0.0156")
    assert counted(model="unheard-of") == 0


def test_rollup_and_journal_are_added_whichever_holds_a_row(world):
    found = budget(world.acme, amount=10)
    spend(world.acme, 1, name="a")
    world.acme.fold()
    spend(world.acme, 2, name="b")

    before = spent(world.acme, found)
    world.acme.fold()

    assert (before, spent(world.acme, found)) == (3, 3)


def test_an_event_without_a_price_is_counted_beside_the_sum(world):
    found = budget(world.acme, amount=10)
    world.acme.post(event("a", model="claude-opus-9"), event("b", model="claude-opus-9"))

    one = standing(world.acme, found)

    assert (one.spent, one.used.unpriced_events) == (0, 2)


def test_a_voided_event_is_not_spent(world):
    found = budget(world.acme, amount=10)
    spend(world.acme, 4, name="a")
    with world.acme.scope():
        void("", "a", reason="sent twice", actor="test", now=timezone.now())

    assert spent(world.acme, found) == 0


def test_percent_is_never_said_too_early(world):
    found = budget(world.acme, amount="0.100001")
    spend(world.acme, "0.1")

    one = standing(world.acme, found)

    assert (one.percent, one.reaches(100), one.next_threshold) == (99, False, 100)
    spend(world.acme, "0.000001", name="b")
    one = standing(world.acme, found)
    assert (one.percent, one.reaches(100), one.next_threshold) == (100, True, None)


# --- in which days


@pytest.mark.parametrize(
    ("terms", "inside", "outside"),
    [
        ({"period": "day"}, "2026-11-19T22:00:00Z", "2026-11-19T21:59:59Z"),
        ({"period": "week", "starts_on": 3}, "2026-11-18T00:00:00Z", "2026-11-17T21:00:00Z"),
        ({"period": "month"}, "2026-10-31T22:00:00Z", "2026-10-31T21:59:59Z"),
        ({"period": "month", "starts_on": 31}, "2026-10-31T12:00:00Z", "2026-10-30T12:00:00Z"),
        ({"period": "quarter"}, "2026-10-01T00:00:00Z", "2026-09-30T12:00:00Z"),
        (
            {"period": "fixed", "since": date(2026, 11, 3), "until": date(2026, 11, 5)},
            "2026-11-04T21:59:59Z",
            "2026-11-04T22:00:00Z",
        ),
    ],
)
def test_a_period_is_days_of_the_tenants_zone(world, terms, inside, outside):
    found = budget(world.acme, amount=10, **terms)  # Sofia: midnight is 22:00 UTC, 21:00 in summer
    spend(world.acme, 1, name="in", at=datetime.fromisoformat(inside))
    spend(world.acme, 5, name="out", at=datetime.fromisoformat(outside))

    assert spent(world.acme, found) == 1


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_on_which_the_clocks_change_counts_all_of_its_hours(world, day, hours):
    found = budget(world.acme, amount=100, period="day")
    start = datetime.fromisoformat(f"{day}T00:30:00+0{3 if hours == 25 else 2}:00").astimezone(UTC)
    for hour in range(-1, hours + 1):
        spend(world.acme, 1, name=f"e{hour}", at=start + timedelta(hours=hour))

    assert spent(world.acme, found, today=date.fromisoformat(day)) == hours


def test_another_zone_in_mid_period_moves_the_days_and_no_boundary(world):
    found = budget(world.acme, amount=10)
    spend(world.acme, 1, name="a", at=datetime(2026, 10, 31, 22, 30, tzinfo=UTC))
    spend(world.acme, 2, name="b")
    world.acme.fold()
    assert spent(world.acme, found) == 3

    with world.acme.scope():
        change_timezone("America/New_York", actor="test")
        while not move_on(now=timezone.now()).is_done:
            pass

    assert spent(world.acme, found) == 2
    assert standing(world.acme, found).period.since == date(2026, 11, 1)


def test_a_new_period_starts_at_nothing_without_a_reset(world):
    found = budget(world.acme, amount=10)
    spend(world.acme, 4)

    assert spent(world.acme, found, today=date(2026, 11, 30)) == 4
    assert spent(world.acme, found, today=date(2026, 12, 1)) == 0
    assert spent(world.acme, found, today=date(2026, 11, 1)) == 4


def test_other_terms_in_mid_period_count_from_the_periods_start(world):
    found = budget(world.acme, amount=10)
    spend(world.acme, 4)

    changed(world.acme, found, amount=5)

    one = standing(world.acme, found)
    assert (one.spent, one.percent, one.budget.version) == (4, 80, 2)


def test_day_by_day_adds_up_to_the_period(world):
    found = budget(world.acme, amount=10)
    for number in range(5):
        spend(world.acme, number, name=f"e{number}", at=NOON - timedelta(days=number))
    with world.acme.scope():
        window = Window(found, found.cycle.around(TODAY))
        (days,), (used,) = day_by_day([window]), consumption([window])

    assert {day: each.spent for day, each in days.items()} == {
        TODAY - timedelta(days=number): number for number in range(5)
    }
    assert sum(each.spent for each in days.values()) == used.spent


def test_many_budgets_are_one_query(world):
    for number in range(30):
        budget(world.acme, name=f"b{number}", client=None if number % 2 else "globex")
    spend(world.acme, 1)

    with world.acme.scope():
        budgets = list(Budget.objects.all())
        with CaptureQueriesContext(connection) as asked:
            found = standings(budgets, today=TODAY)

    assert len(asked) == 1
    assert [each.spent for each in found] == [1] * 30


def test_a_viewers_scope_counts_the_own_client_only(world):
    everything = budget(world.acme, name="all", client=None)
    spend(world.acme, 1, name="a")
    spend(world.acme, 2, name="b", project="contract-agent")

    with world.acme.viewer_scope():
        (one,) = standings([everything], today=TODAY)

    assert one.spent == 1


# --- setting


def test_every_change_of_terms_is_a_version_and_others_are_not(world):
    found = budget(world.acme, amount=10)

    changed(world.acme, found, amount=20)
    changed(world.acme, found, amount=20)
    changed(world.acme, found, name="Globex, all of it", shared=True)
    changed(world.acme, found, thresholds=(100, 50, 50))

    with world.acme.scope():
        kept = [(each.number, each.amount, each.thresholds) for each in found.versions.all()]
        assert kept == [(3, 20, [50, 100]), (2, 20, [50, 80, 100]), (1, 10, [50, 80, 100])]
        now = Budget.objects.get()
        assert (now.version, now.name, now.shared_with_id) == (
            3,
            "Globex, all of it",
            now.client_id,
        )
        actions = AuditEntry.objects.filter(action__startswith="budget.").values_list(
            "action", flat=True
        )
        assert sorted(actions) == ["budget.changed"] * 3 + ["budget.set"]


def test_a_version_says_who_made_it(world):
    found = budget(world.acme)
    changed(world.acme, found, amount=3, actor="key ct_abc")

    with world.acme.scope():
        second, first = found.versions.all()
        assert (first.made_by, first.made_label) == (world.ana, "ana@acme.test")
        assert (second.made_by, second.made_label) == (None, "key ct_abc")


@pytest.mark.parametrize(
    ("field", "terms"),
    [
        ("amount", {"amount": 0}),
        ("amount", {"amount": -1}),
        ("period", {"period": "year"}),
        ("since", {"period": "fixed"}),
        ("since", {"period": "month", "since": TODAY}),
        ("until", {"period": "fixed", "since": TODAY}),
        ("until", {"period": "fixed", "since": TODAY, "until": TODAY}),
        ("starts_on", {"period": "week", "starts_on": 8}),
        ("starts_on", {"period": "month", "starts_on": 0}),
        ("starts_on", {"period": "quarter", "starts_on": 2}),
        ("basis", {"basis": "wishes"}),
        ("thresholds", {"thresholds": ()}),
        ("thresholds", {"thresholds": (0,)}),
        ("thresholds", {"thresholds": tuple(range(1, 12))}),
        ("forecast_thresholds", {"forecast_thresholds": (1001,)}),
        ("escalate_after_hours", {"escalate_after_hours": 0}),
    ],
)
def test_terms_that_make_no_sense_are_refused_by_name(world, field, terms):
    with pytest.raises(ActionError) as caught:
        budget(world.acme, **terms)

    assert (caught.value.code, caught.value.field) == ("invalid_field", field)


@pytest.mark.parametrize(
    "change",
    [
        "amount = 0",
        "thresholds = '{}'",
        "thresholds = '{0}'",
        "period = 'fixed'",
        "period = 'year'",
        "starts_on = 32",
        "basis = 'x'",
        "owner_id = NULL",
        "shared_with_id = (SELECT max(id) FROM tenants_client WHERE slug = 'initech')",
    ],
)
def test_the_database_refuses_them_as_well(world, change):
    found = budget(world.acme)

    with (
        world.acme.scope(),
        pytest.raises(IntegrityError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE billing_budget SET {change} WHERE id = {found.pk}")


def test_thresholds_above_a_hundred_are_allowed(world):
    found = budget(world.acme, amount=1, thresholds=(50, 120, 300))
    spend(world.acme, 2)

    assert standing(world.acme, found).next_threshold == 300


def test_the_owner_must_be_able_to_see_the_scope(world):
    with world.acme.scope():
        add_member(actor="test", email="max@acme.test", role=Role.MEMBER)
    budget(world.acme, name="of Max", owner=User.objects.get(email="max@acme.test"))
    budget(world.acme, name="of Vik", owner=world.vik, shared=True)

    for name, owner, changes in [
        ("of a stranger", world.sam, {}),
        ("of another company", world.bo, {}),
        ("not shared", world.vik, {}),
        ("of another client", world.vik, {"client": "initech", "shared": True}),
    ]:
        with pytest.raises(ActionError) as caught:
            budget(world.acme, name=name, owner=owner, **changes)
        assert (caught.value.code, caught.value.field) == ("unknown_member", "owner")


def test_sharing_ends_only_when_no_viewer_answers_for_it(world):
    found = budget(world.acme, owner=world.vik, shared=True)

    with pytest.raises(ActionError, match="may not see"):
        changed(world.acme, found, shared=False)


def test_a_budget_of_everything_is_shared_with_nobody(world):
    with pytest.raises(ActionError, match="can be shared"):
        budget(world.acme, client=None, shared=True)


def test_a_name_is_taken_once_while_the_budget_lives(world):
    found = budget(world.acme)
    with pytest.raises(ActionError) as caught:
        budget(world.acme)
    assert caught.value.code == "already_exists"

    with world.acme.scope():
        archive_budget(found, actor="test", now=timezone.now())
        archive_budget(found, actor="test", now=timezone.now())
    budget(world.acme)

    with world.acme.scope():
        assert AuditEntry.objects.filter(action="budget.archived").count() == 1
        assert BudgetVersion.objects.count() == 2


def test_a_viewer_reads_shared_budgets_of_the_own_client_only(world):
    budget(world.acme, name="shared", shared=True)
    budget(world.acme, name="not shared")
    budget(world.acme, name="other client", client="initech", shared=True)
    budget(world.acme, name="of a project", project="support-bot", shared=True)
    budget(world.acme, name="everything", client=None)

    with world.acme.viewer_scope():
        assert [each.name for each in Budget.objects.all()] == ["of a project", "shared"]
        with connection.cursor() as cursor:  # the database itself, past every manager
            cursor.execute("SELECT name FROM billing_budget ORDER BY name")
            assert cursor.fetchall() == [("of a project",), ("shared",)]
