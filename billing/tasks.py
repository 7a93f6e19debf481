"""Celery's door into billing: parse ids, call one function, log one line. Every task may run twice."""

import random
from datetime import timedelta

import structlog
from celery import shared_task
from django.db import connection, transaction
from django.utils import timezone

from billing.flow.compare_prices import compare_prices as compare_with_list
from billing.flow.doorbell import ring, take_down
from billing.flow.fold import fold as fold_journal
from billing.flow.heartbeat import beat
from billing.flow.partitions import make_partitions as make_month_partitions
from billing.flow.proof import prove_changed
from billing.flow.send_due import send_due
from tenants.directory import all_tenants
from tenants.scoping import dispatch_scope
from tenants.tasks import ScopedTask

STRETCH = 5_000
AT_A_STRETCH = timedelta(seconds=20)
DUE = """
SELECT DISTINCT tenant_id FROM billing_delivery
WHERE state IN ('due', 'sending') AND next_at <= %s ORDER BY tenant_id
"""
LAST = 9
"""Priority of what may wait: a night of proofs keeps no fold and no sweep from its turn."""

log = structlog.get_logger("costtrack.tasks")


@shared_task(name="billing.tasks.fold", base=ScopedTask)
def fold(*, tenant_id: int) -> None:
    """Fold one stretch of the tenant's journal; ring again when there may be more."""
    take_down(tenant_id)
    folded = fold_journal(limit=STRETCH)
    if folded.entries == STRETCH:
        transaction.on_commit(lambda: ring(tenant_id))
    log.info("folded", entries=folded.entries, days=len(folded.days))


@shared_task(name="billing.tasks.sweep")
def sweep() -> None:
    """Ring for every tenant that has unfolded rows or due deliveries: the bell may have been lost.

    That it ran is the sign of life of beat, broker and worker together (/readyz).
    """
    with dispatch_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tenant_id FROM billing_spendentry ORDER BY tenant_id")
        unfolded = [tenant for (tenant,) in cursor.fetchall()]
        cursor.execute(DUE, [timezone.now()])
        undelivered = [tenant for (tenant,) in cursor.fetchall()]
    for tenant_id in unfolded:
        ring(tenant_id)
    for tenant_id in undelivered:
        ring(tenant_id, task="deliver")
    beat("sweep", now=timezone.now())
    log.info("swept", tenants=len(unfolded), with_deliveries=len(undelivered))


@shared_task(name="billing.tasks.deliver")
def deliver(*, tenant_id: int) -> None:
    """Send what is due for a while, in no transaction; ring again when there may be more."""
    take_down(tenant_id, task="deliver")
    done = send_due(
        tenant_id, within=AT_A_STRETCH, clock=timezone.now, between=random.SystemRandom().randint
    )
    if not done.is_done:
        ring(tenant_id, task="deliver")
    log.info("delivered", sent=done.sent, failed=done.failed, later=done.later)


@shared_task(name="billing.tasks.make_partitions")
def make_partitions() -> None:
    made = make_month_partitions(today=timezone.now().date())
    beat("partitions", now=timezone.now())
    log.info("partitions", made=made)


@shared_task(name="billing.tasks.verify_all")
def verify_all() -> None:
    """Each night: prove for every tenant that ledger = rollup + journal, where something has changed."""
    tenants = all_tenants()
    for tenant_id in tenants.values():
        verify_tenant.apply_async(kwargs={"tenant_id": tenant_id}, priority=LAST)
    beat("verify", now=timezone.now())
    log.info("verify_dispatched", tenants=len(tenants))


@shared_task(name="billing.tasks.verify_tenant", base=ScopedTask)
def verify_tenant(*, tenant_id: int) -> None:
    """One stretch of a tenant's night; where days are left it rings for the next."""
    night = prove_changed(now=timezone.now(), within=AT_A_STRETCH, choose=random.choice)
    if night.left:
        transaction.on_commit(
            lambda: verify_tenant.apply_async(kwargs={"tenant_id": tenant_id}, priority=LAST)
        )
    report = log.error if night.differences else log.info
    report("verified", days=night.days, differences=night.differences, left=night.left)


@shared_task(name="billing.tasks.compare_prices")
def compare_prices() -> None:
    """Each night: the book beside the other list. A difference is logged once and shown until it is gone."""
    compared = compare_with_list(now=timezone.now())
    for each in compared.new:
        log.warning(
            "price_differs",
            provider=each.provider,
            model=each.model,
            what=each.what,
            ours=each.ours,
            theirs=each.theirs,
        )
    beat("prices", now=timezone.now())
    log.info(
        "prices_compared",
        differences=len(compared.differences),
        new=len(compared.new),
        proposals=compared.models,
    )
