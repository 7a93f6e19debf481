"""Mail invitations: each row says whether its mail went out, so nothing is lost when the mail server is down.

In:   open invitations that were not mailed.   Out: mails, at least once each, with a stable message id.
Safe: run twice, at once, or killed half-way: a row is claimed for five minutes before its mail is sent, outside
      of any transaction. Then it is tried again, until the invitation ends.
"""

from datetime import datetime, timedelta
from smtplib import SMTPException

import structlog
from django.db import connection
from django.db.models import Q

from tenants.invitations import HOLDS, link_of
from tenants.letters import invitation_letter, mail_of
from tenants.models import Invitation, Tenant
from tenants.scoping import dispatch_scope, tenant_scope
from tenants.sealed import CannotOpen, opened
from tenants.words import role_in_words

TRIED_AGAIN_AFTER = timedelta(minutes=5)
UNMAILED = """
SELECT DISTINCT tenant_id FROM tenants_invitation
WHERE mailed_at IS NULL AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > %s
  AND (mail_tried_at IS NULL OR mail_tried_at < %s) ORDER BY tenant_id
"""

log = structlog.get_logger("costtrack.mailing")


def tenants_with_unmailed(*, now: datetime) -> list[int]:
    with dispatch_scope(), connection.cursor() as cursor:
        cursor.execute(UNMAILED, [now, now - TRIED_AGAIN_AFTER])
        return [tenant for (tenant,) in cursor.fetchall()]


def mail_invitations(tenant_id: int, *, now: datetime) -> int:
    """Send what waits; how many went out."""
    sent = 0
    while (claimed := _claim(tenant_id, now=now)) is not None:
        sent += _send(claimed, company=claimed.tenant.name, now=now)
    return sent


def _claim(tenant_id: int, *, now: datetime) -> Invitation | None:
    with tenant_scope(tenant_id):
        untried = Q(mail_tried_at=None) | Q(mail_tried_at__lt=now - TRIED_AGAIN_AFTER)
        row = (
            Invitation.objects.select_for_update(skip_locked=True)
            .filter(untried, mailed_at=None, accepted_at=None, revoked_at=None, expires_at__gt=now)
            .order_by("id")
            .first()
        )
        if row is not None:
            row.mail_tried_at = now
            row.save(update_fields=["mail_tried_at"])
            row.tenant = Tenant.objects.get()
            row.client_id and row.client  # noqa: B018  read while the scope is open
        return row


def _send(row: Invitation, *, company: str, now: datetime) -> bool:
    try:
        letter = invitation_letter(
            company=company,
            invited_by=row.invited_by_label,
            role=role_in_words(row.role, client=row.client.name if row.client else ""),
            url=link_of(opened(row.sealed_token)),
            days=HOLDS.days,
        )
        headers = {"Message-ID": f"<invitation-{row.tenant_id}-{row.pk}@costtrack>"}
        mail_of(letter, to=row.email, headers=headers).send()
    except (SMTPException, OSError, CannotOpen) as error:
        log.warning("invitation_not_mailed", invitation=row.pk, error=type(error).__name__)
        _note(row, mail_trouble=type(error).__name__)
        return False
    _note(row, mailed_at=now, sealed_token="", mail_trouble="")
    return True


def _note(row: Invitation, **changes: object) -> None:
    with tenant_scope(row.tenant_id):
        Invitation.objects.filter(pk=row.pk).update(**changes)
