"""The Celery door: a `ScopedTask` runs in the scope of its `tenant_id` argument. And the tasks about people."""

from typing import Any

import structlog
from celery import Task, shared_task
from django.utils import timezone

from tenants import mailing
from tenants.bell import ring_for_invitations
from tenants.scoping import tenant_scope

log = structlog.get_logger("costtrack.tasks")


class ScopedTask(Task[Any, Any]):
    """Opens the tenant's scope around the task: one transaction, so it does all of its work or none."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with tenant_scope(kwargs["tenant_id"]):
            return super().__call__(*args, **kwargs)


@shared_task(name="tenants.tasks.mail_invitations")
def mail_invitations(*, tenant_id: int) -> None:
    """Send the tenant's invitations that wait, in no transaction."""
    sent = mailing.mail_invitations(tenant_id, now=timezone.now())
    log.info("invitations_mailed", sent=sent)


@shared_task(name="tenants.tasks.sweep_invitations")
def sweep_invitations() -> None:
    """Ring for every tenant with an invitation that was not mailed: the bell or the mail may have been lost."""
    tenants = mailing.tenants_with_unmailed(now=timezone.now())
    for tenant_id in tenants:
        ring_for_invitations(tenant_id)
    log.info("invitations_swept", tenants=len(tenants))
