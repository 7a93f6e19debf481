"""Ingest in one round trip: what the desk said is remembered, and nothing is stored that it no longer says."""

import json
import threading
import time
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.flow import doorbell, intake
from billing.flow.terms import add_terms
from billing.models import Discount, UsageEvent
from tenants.actions import create_project
from tenants.scoping import NoActiveTenant, in_one_trip
from tests.factories import NOON, event


def costs(verdicts):
    return [each.cost for each in verdicts]


def halve_prices(company):
    with company.scope():
        half = Discount(provider="anthropic", percent=Decimal(50), since=NOON.date())
        add_terms(half, actor="test", now=timezone.now())


@pytest.mark.django_db
def test_a_batch_is_priced_by_the_terms_that_hold_and_not_by_those_remembered(world):
    (full,) = costs(world.acme.post(event("before")))

    halve_prices(world.acme)

    assert costs(world.acme.post(event("after"), event("before"))) == [full / 2, full]


@pytest.mark.django_db
def test_a_project_that_was_unknown_a_moment_ago_is_known_once_it_is_there(world):
    said = [each.code for each in world.acme.post(event(project="new"), event("e-2"))]
    assert said == ["unknown_project", ""]

    with world.acme.scope():
        create_project(actor="test", slug="new", name="New", client=world.acme.clients["globex"])

    assert [each.status for each in world.acme.post(event(project="new"))] == ["accepted"]


@pytest.mark.django_db
def test_nobody_is_asked_about_a_batch_in_which_nothing_can_be_stored(world):
    key = world.acme.found_key()
    with CaptureQueriesContext(connection) as asked:
        checked = intake.check_items([b"{}", b"["], now=timezone.now())
        intake.accept(checked, tenant_id=key.tenant_id, key=key, now=timezone.now())

    assert len(asked) == 0


@pytest.mark.django_db
def test_what_is_remembered_has_an_end(world, monkeypatch):
    monkeypatch.setattr(intake, "DESKS", 2)
    for slugs in (["support-bot"], ["contract-agent"], ["support-bot", "contract-agent"]):
        world.acme.post(*(event(f"{slugs}", project=slug) for slug in slugs))
        assert len(intake._desks) <= 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.smoke
def test_a_batch_of_a_known_project_is_stored_and_committed_in_one_round_trip(committed):
    acme = committed.acme
    acme.post(event("first"))
    key, now = acme.found_key(), timezone.now()

    with CaptureQueriesContext(connection) as asked:
        checked = intake.check_items([json.dumps(event("second")).encode()], now=now)
        intake.accept(checked, tenant_id=key.tenant_id, key=key, now=now)

    assert len(asked) == 1
    connection.close()  # whatever was not committed is gone
    with acme.scope():
        assert UsageEvent.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_terms_that_change_while_a_batch_is_priced_make_it_priced_again(committed, monkeypatch):
    acme, priced = committed.acme, intake._priced
    (full,) = costs(acme.post(event("before")))

    def meanwhile(*args, **kwargs):
        monkeypatch.setattr(intake, "_priced", priced)
        rows = priced(*args, **kwargs)
        thread = threading.Thread(target=lambda: (halve_prices(acme), connection.close()))
        thread.start()
        thread.join()
        return rows

    monkeypatch.setattr(intake, "_priced", meanwhile)

    assert costs(acme.post(event("after"))) == [full / 2]


@pytest.mark.django_db(transaction=True)
@pytest.mark.smoke
def test_one_trip_leaves_nothing_behind_neither_its_wall_nor_what_failed(committed):
    tenant = committed.acme.tenant.pk
    insert = "INSERT INTO tenants_client (slug) VALUES (%s) RETURNING 1"

    assert in_one_trip(tenant, "SELECT current_setting('app.tenant_id')", []) == (str(tenant),)
    with pytest.raises(DatabaseError):
        in_one_trip(tenant, insert, ["x"])

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.tenant_id', true)")
        assert cursor.fetchone()[0] in {"", None}
    assert not connection.in_atomic_block
    with pytest.raises(NoActiveTenant):
        UsageEvent.objects.count()


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_one_trip_is_undone_with_it(committed):
    acme = committed.acme
    with transaction.atomic():
        acme.post(event())
        transaction.set_rollback(True)

    with acme.scope():
        assert not UsageEvent.objects.exists()


def test_a_bell_that_breaks_in_an_unforeseen_way_does_not_end_the_ringing(monkeypatch):
    heard = threading.Event()

    def ring(tenant_id):
        if tenant_id == 1:
            raise ValueError("nobody thought of this")
        heard.set()

    monkeypatch.setattr(doorbell, "ring", ring)
    doorbell.ring_soon(1)
    time.sleep(5 * doorbell.PAUSE.total_seconds())
    doorbell.ring_soon(2)

    assert heard.wait(10)


def test_bells_that_are_rung_soon_are_gathered_and_rung_by_another_thread(monkeypatch):
    rung, heard = [], threading.Event()

    def ring(tenant_id):
        rung.append((tenant_id, threading.current_thread().name))
        if len({tenant for tenant, _ in rung}) == 2:
            heard.set()

    monkeypatch.setattr(doorbell, "ring", ring)
    for _ in range(50):
        doorbell.ring_soon(1)
        doorbell.ring_soon(2)

    assert heard.wait(10)
    assert {name for _, name in rung} == {"ringer"}
    assert len(rung) < 50
