"""Celery's door into billing: parse ids, call one function, log one line. Every task may run twice."""

from datetime import timedelta

import structlog
from celery import shared_task
from django.db import connection, transaction
from django.utils import timezone

from billing.flow.doorbell import ring, take_down
from billing.flow.fold import fold as fold_journal
from billing.flow.partitions import make_partitions as make_month_partitions
from billing.flow.verify import days_with_events, months, verify
from tenants.directory import all_tenants
from tenants.scoping import dispatch_scope
from tenants.tasks import ScopedTask

STRETCH = 5_000

log = structlog.get_logger("costtrack.tasks")


@shared_task(name="billing.tasks.fold", base=ScopedTask)
def fold(*, tenant_id: int) -> None:
    """Fold one stretch of the tenant's journal; ring again when there may be more."""
    take_down(tenant_id)
    folded = fold_journal(limit=STRETCH)
    if folded.entries == STRETCH:
        transaction.on_commit(lambda: ring(tenant_id))
    log.info("folded", tenant=tenant_id, entries=folded.entries, days=len(folded.days))


@shared_task(name="billing.tasks.sweep")
def sweep() -> None:
    """Ring for every tenant that has unfolded rows: the bell may have been lost."""
    with dispatch_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tenant_id FROM billing_spendentry ORDER BY tenant_id")
        due = [tenant for (tenant,) in cursor.fetchall()]
    for tenant_id in due:
        ring(tenant_id)
    log.info("swept", tenants=len(due))


@shared_task(name="billing.tasks.make_partitions")
def make_partitions() -> None:
    made = make_month_partitions(today=timezone.now().date())
    log.info("partitions", made=made)


@shared_task(name="billing.tasks.verify_all")
def verify_all() -> None:
    """Prove for every tenant that ledger = rollup + journal over the last 35 days; log an error if not."""
    tenants = all_tenants()
    for tenant_id in tenants.values():
        verify_tenant.delay(tenant_id=tenant_id)
    log.info("verify_dispatched", tenants=len(tenants))


@shared_task(name="billing.tasks.verify_tenant", base=ScopedTask)
def verify_tenant(*, tenant_id: int) -> None:
    differences = 0
    span = days_with_events()
    if span:
        first = max(span[0], span[1] - timedelta(days=35))
        for since, until in months(first, until=span[1]):
            differences += len(verify(since, until=until))
    report = log.error if differences else log.info
    report("verified", tenant=tenant_id, differences=differences)
