"""Celery's door into billing: parse ids, call one function, log one line. Every task may run twice."""

import random
from datetime import datetime, timedelta

import structlog
from celery import shared_task
from django.db import connection, transaction
from django.utils import timezone

from billing.flow.compare_prices import compare_prices as compare_with_list
from billing.flow.doorbell import ring, take_down
from billing.flow.fold import BucketFull
from billing.flow.fold import fold as fold_journal
from billing.flow.heartbeat import beat
from billing.flow.partitions import make_partitions as make_month_partitions
from billing.flow.proof import prove_changed
from billing.flow.reprice_run import go_on
from billing.flow.retention import empty_a_month, forget, move_horizon
from billing.flow.send_due import send_due
from billing.flow.zone import move_on
from billing.insights.night import AGAIN_AFTER, look
from billing.insights.what_if_run import TASK, answer_a_day
from billing.models import Budget
from billing.watch import check
from billing.watch.alarms import check_alarms
from billing.watch.pass_on import pass_on_alerts, wake_alerts
from billing.watch.week import tell_week
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

LEFT_AFTER = timedelta(minutes=2)
REPRICING = """SELECT DISTINCT tenant_id FROM billing_repricing
    WHERE state IN ('counting', 'applying') ORDER BY tenant_id"""
ASKED = """SELECT DISTINCT tenant_id FROM billing_whatifrun WHERE state = 'running' ORDER BY tenant_id"""
LEFT_STANDING = """SELECT tenant_id FROM billing_zonechange
    WHERE finished_at IS NULL AND worked_at < %s ORDER BY tenant_id"""

log = structlog.get_logger("costtrack.tasks")


@shared_task(name="billing.tasks.fold", base=ScopedTask)
def fold(*, tenant_id: int) -> None:
    """Fold one stretch of the tenant's journal; ring again when there may be more."""
    take_down(tenant_id)
    try:
        folded = fold_journal(limit=STRETCH)
    except BucketFull as error:
        log.error("bucket_full", reason=str(error))
        raise
    if folded.entries == STRETCH:
        transaction.on_commit(lambda: ring(tenant_id))
    if folded.entries and Budget.objects.filter(archived_at=None).exists():
        transaction.on_commit(lambda: ring(tenant_id, task="check_budgets"))
    log.info("folded", entries=folded.entries, days=len(folded.days))


@shared_task(name="billing.tasks.sweep")
def sweep() -> None:
    """Ring for every tenant with unfolded rows, due deliveries, or a re-pricing, question or change of zone
    under way.

    The bell may have been lost. That it ran is the sign of life of beat, broker and worker (/readyz).
    """
    now = timezone.now()
    with dispatch_scope():
        unfolded = _tenants("SELECT DISTINCT tenant_id FROM billing_spendentry ORDER BY tenant_id")
        undelivered = _tenants(DUE, now)
        moving = _tenants(LEFT_STANDING, now - LEFT_AFTER)
        repricing = _tenants(REPRICING)
        asked = _tenants(ASKED)
    for tenant_id in unfolded:
        ring(tenant_id)
    for tenant_id in undelivered:
        ring(tenant_id, task="deliver")
    for tenant_id in moving:
        ring(tenant_id, task="move_days")
    for tenant_id in repricing:
        ring(tenant_id, task="reprice")
    for tenant_id in asked:
        ring(tenant_id, task=TASK)
    beat("sweep", now=now)
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


@shared_task(name="billing.tasks.check_budgets", base=ScopedTask)
def check_budgets(*, tenant_id: int) -> None:
    """After a fold: tell of the thresholds that are reached now."""
    take_down(tenant_id, task="check_budgets")
    checked = check.check_budgets(now=timezone.now())
    log.info("budgets_checked", budgets=checked.budgets, alerts=checked.alerts)


@shared_task(name="billing.tasks.watch")
def watch() -> None:
    """Ring for every tenant: periods turn, forecasts move, projects fall silent, people do not answer."""
    tenants = all_tenants()
    for tenant_id in tenants.values():
        ring(tenant_id, task="watch_tenant")
    beat("watch", now=timezone.now())
    log.info("watched", tenants=len(tenants))


@shared_task(name="billing.tasks.watch_tenant", base=ScopedTask)
def watch_tenant(*, tenant_id: int) -> None:
    """By the clock: budgets with forecasts, alarms, what waits for an answer, the week's mail."""
    take_down(tenant_id, task="watch_tenant")
    now = timezone.now()
    checked = check.check_budgets(now=now, forecasts=True)
    alarms = check_alarms(now=now)
    passed_on, woken = pass_on_alerts(now=now), wake_alerts(now=now)
    weeks = tell_week(now=now)
    log.info(
        "tenant_watched",
        budgets=checked.budgets,
        alerts=checked.alerts,
        alarms=alarms,
        passed_on=passed_on,
        woken=woken,
        weeks=weeks,
    )


@shared_task(name="billing.tasks.reprice", base=ScopedTask)
def reprice(*, tenant_id: int) -> None:
    """One batch of the tenant's oldest run of re-pricing; ring for the next, and for its journal rows."""
    take_down(tenant_id, task="reprice")
    if go_on(now=timezone.now()):
        transaction.on_commit(lambda: ring(tenant_id, task="reprice"))
        transaction.on_commit(lambda: ring(tenant_id))


@shared_task(name="billing.tasks.answer_what_if", base=ScopedTask)
def answer_what_if(*, tenant_id: int) -> None:
    """One day of the tenant's oldest question; ring for the next."""
    take_down(tenant_id, task=TASK)
    if answer_a_day(now=timezone.now()):
        transaction.on_commit(lambda: ring(tenant_id, task=TASK))


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
    log.info(
        "prices_compared",
        differences=len(compared.differences),
        new=len(compared.new),
        proposals=compared.models,
    )


@shared_task(name="billing.tasks.move_days", base=ScopedTask)
def move_days(*, tenant_id: int) -> None:
    """One piece of a tenant's move to another time zone; where days are left it rings for the next."""
    take_down(tenant_id, task="move_days")
    moved = move_on(now=timezone.now())
    if moved is None:
        return
    if not moved.is_done:
        transaction.on_commit(lambda: ring(tenant_id, task="move_days"))
    log.info("days_moved", percent=moved.percent)


@shared_task(name="billing.tasks.move_horizons")
def move_horizons() -> None:
    """Each night, after the proofs: which months are let go from now on?"""
    for tenant_id in _with_retention():
        move_one_horizon.apply_async(kwargs={"tenant_id": tenant_id}, priority=LAST)


@shared_task(name="billing.tasks.move_one_horizon", base=ScopedTask)
def move_one_horizon(*, tenant_id: int) -> None:
    found = move_horizon(now=timezone.now())
    report = log.warning if found.waits_for else log.info
    report("horizon", since=str(found.since), waits_for=str(found.waits_for or ""))


@shared_task(name="billing.tasks.forget_all")
def forget_all() -> None:
    """Each night, when horizons have moved: months that nobody keeps at once, then row by row what is left."""
    months = 0
    while empty_a_month():
        months += 1
    for tenant_id in _with_retention():
        forget_some.apply_async(kwargs={"tenant_id": tenant_id}, priority=LAST)
    log.info("months_emptied", months=months)


@shared_task(name="billing.tasks.forget_some", base=ScopedTask)
def forget_some(*, tenant_id: int) -> None:
    """One batch of what a tenant has let go; while there is more it calls for the next."""
    gone = forget(limit=STRETCH)
    if gone:
        transaction.on_commit(
            lambda: forget_some.apply_async(kwargs={"tenant_id": tenant_id}, priority=LAST)
        )
    log.info("forgotten", rows=gone)


def _with_retention() -> list[int]:
    with dispatch_scope():
        return _tenants("SELECT tenant_id FROM billing_retention ORDER BY tenant_id")


def _tenants(sql: str, *parameters: datetime) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [tenant for (tenant,) in cursor.fetchall()]


@shared_task(name="billing.tasks.find_insights")
def find_insights() -> None:
    """Each night, after the proofs: look at what has changed, company by company."""
    tenants = all_tenants()
    for tenant_id in tenants.values():
        insights_of_tenant.apply_async(kwargs={"tenant_id": tenant_id}, priority=LAST)
    log.info("insights_dispatched", tenants=len(tenants))


@shared_task(name="billing.tasks.insights_of_tenant", base=ScopedTask)
def insights_of_tenant(*, tenant_id: int, again: bool = False) -> None:
    """One stretch of days; where some are left it calls for the next. `again`: somebody asked for it."""
    take_down(tenant_id, task="insights_of_tenant")
    after = timedelta(minutes=1) if again else AGAIN_AFTER
    looked = look(now=timezone.now(), within=AT_A_STRETCH, again_after=after)
    if looked.left:
        transaction.on_commit(
            lambda: insights_of_tenant.apply_async(kwargs={"tenant_id": tenant_id}, priority=LAST)
        )
    log.info("insights", days=looked.days, breaks=looked.breaks, left=looked.left)
