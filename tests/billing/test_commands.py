"""The commands: verify_spend proves, rebuild_spend restores, seed_demo makes a demo once."""

import json
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db.models import Q
from django.utils import timezone

from billing.models import (
    Alert,
    DailySpend,
    Delivery,
    Discount,
    HourlySpend,
    ListedPrice,
    Markup,
    ProjectDay,
    SpendEntry,
    UsageEvent,
)
from billing.periods import DayRange, today_in
from billing.reports.spend import spend
from tenants.directory import all_tenants
from tenants.models import ApiKey, Client, Invitation, User
from tenants.scoping import tenant_scope
from tests.api.conftest import EVENTS
from tests.billing.test_ledger import differences, total
from tests.factories import event


def run(name, *args, **options):
    out, err = StringIO(), StringIO()
    try:
        call_command(name, *args, stdout=out, stderr=err, **options)
    except CommandError as error:
        return out.getvalue(), err.getvalue(), str(error)
    return out.getvalue(), err.getvalue(), ""


@pytest.fixture
def spent(world):
    """Acme with three months, half folded; Brix with a day."""
    for month in ("09", "10", "11"):
        world.acme.post(event(f"a-{month}", occurred_at=f"2026-{month}-15T12:00:00Z"))
    world.acme.fold()
    world.acme.post(event("unfolded"), event("unpriced", model="claude-opus-9"))
    world.brix.post(event())
    world.brix.fold()
    return world


DAMAGES = {
    "a cost": lambda: DailySpend.objects.filter(day__month=10).update(cost_output=Decimal("9.99")),
    "the last decimal": lambda: HourlySpend.objects.filter(day__month=10).update(
        cost_input=Decimal("0.000600000000000001")
    ),
    "tokens": lambda: DailySpend.objects.update(tokens_cache_read=1),
    "the count": lambda: HourlySpend.objects.update(events=7),
    "the uncached cost": lambda: DailySpend.objects.update(cost_uncached=0),
    "a missing bucket": lambda: DailySpend.objects.filter(day__month=9).delete(),
    "a bucket of nothing": lambda: HourlySpend.objects.filter(day__month=9).update(model="other"),
    "a lost journal row": lambda: SpendEntry.objects.all().delete(),
    "the day of a project": lambda: ProjectDay.objects.filter(day__month=10).update(cost=1),
    "what it has no price for": lambda: ProjectDay.objects.filter(day__month=9).update(unpriced=1),
    "a missing day of a project": lambda: ProjectDay.objects.filter(day__month=9).delete(),
    "a project": lambda: DailySpend.objects.update(project_id=2**31 - 1),
}


@pytest.mark.smoke
def test_verify_says_that_all_is_well(spent):
    out, err, error = run("verify_spend")

    assert (err, error) == ("", "")
    assert out.splitlines()[-1] == "ledger = rollups + journal"
    assert {"acme", "brix"} <= {each.partition(":")[0] for each in out.splitlines()}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_verify_finds_any_damage_and_rebuild_restores_every_total(spent, damage):
    before = total(spent.acme)
    with spent.acme.scope():
        damage()

    _, found, failed = run("verify_spend")
    run("rebuild_spend", tenant="acme")
    _, found_after, failed_after = run("verify_spend")

    assert "rebuild_spend" in failed
    assert all(each.startswith("acme: billing_") for each in found.splitlines())
    assert (found_after, failed_after) == ("", "")
    assert total(spent.acme) == before
    assert total(spent.brix).events == 1


def test_a_command_for_one_tenant_leaves_the_others_alone(spent):
    with spent.brix.scope():
        DailySpend.objects.update(events=5)

    assert run("verify_spend", tenant="acme")[2] == ""
    assert run("verify_spend", tenant="brix")[2] != ""
    run("rebuild_spend", tenant="acme")
    assert run("verify_spend", tenant="brix")[2] != ""
    for name in ("verify_spend", "rebuild_spend"):
        assert "nobody" in run(name, tenant="nobody")[2]


def test_rebuilding_what_is_right_changes_nothing(spent):
    before = total(spent.acme)

    run("rebuild_spend")
    run("rebuild_spend")

    assert total(spent.acme) == before
    assert differences(spent.acme) == differences(spent.brix) == []


def test_tenants_without_events_are_no_trouble(world):
    assert run("verify_spend")[2] == ""
    assert run("rebuild_spend")[2] == ""


def test_the_demo_is_made_once_and_holds_together(db, client):
    made = json.loads(run("seed_demo", json=True)[0])
    again = run("seed_demo")[0]

    assert "there already" in again
    assert ListedPrice.objects.filter(provider="openai").exists()
    tenants = all_tenants()
    assert {"northwind", "brightside"} <= set(tenants)
    assert run("verify_spend")[2] == ""
    for tenant_id in (tenants["northwind"], tenants["brightside"]):
        with tenant_scope(tenant_id):
            assert UsageEvent.objects.count() > 500
    with tenant_scope(tenants["northwind"]):
        assert UsageEvent.objects.filter(price_id=None).exists()
        assert UsageEvent.objects.values("client_id").distinct().count() >= 5
        assert UsageEvent.objects.filter(tool_calls__gt=0).exclude(task="").exists()
        assert UsageEvent.objects.filter(variant__contains="long").exists()
        assert UsageEvent.objects.exclude(components=None).exists()
        assert ApiKey.objects.exclude(replaced_by=None).count() == 1
        assert Invitation.objects.get(accepted_at=None).sealed_token == ""
        assert Client.objects.exclude(archived_at=None).get().slug == "contoso"
        today = today_in("Europe/Sofia", now=timezone.now())
        fortnight = DayRange(today - timedelta(days=13), today)
        rows = spend(fortnight, project="support-bot").rows
        rates = {(today - row.period).days: row.measures.cache_hit_rate for row in rows}
        assert min(rates[9], rates[2]) > Decimal("0.7") > Decimal("0.2") > max(rates[6], rates[5])
        assert Markup.objects.exists() and Discount.objects.exists()
        assert Client.objects.filter(price_view="billed").exists()
        state = {
            "open": Q(acknowledged_at=None, snoozed_until=None, escalated_at=None),
            "acknowledged": Q(acknowledged_at__isnull=False),
            "snoozed": Q(snoozed_until__gt=timezone.now()),
            "passed on": Q(escalated_at__isnull=False),
        }
        assert [name for name, each in state.items() if not Alert.objects.filter(each)] == []
        assert {each.kind for each in Alert.objects.all()} >= {"spent", "forecast", "spike"}
        assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    assert mail.outbox == []
    for label in ("owner", "client viewer"):
        email, password = made[label].split()
        assert User.objects.get(email=email).check_password(password)
    answer = client.post(
        EVENTS,
        json.dumps(event(project="support-bot")),
        content_type="application/json",
        headers={"Authorization": f"Bearer {made['ingest key']}"},
    )
    assert answer.json()["accepted"] == 1
