"""Rotate a key: another secret with the same rights, while the old one still works for a chosen time.

In:   a key that works, who asks, how long both shall work.   Out: the new key and its secret.
Promise: nothing is refused in between, and of two who rotate the same key at once one is told that it is done.
Both rows stay in the list with their last use, so that one sees when nobody uses the old secret any more.
"""

from datetime import datetime, timedelta

from tenants.actions import ActionError, create_key
from tenants.audit import Actor, record
from tenants.models import ApiKey

LONGEST_OVERLAP = timedelta(days=7)


def rotate_key(
    key: ApiKey, *, actor: Actor, overlap: timedelta, now: datetime
) -> tuple[ApiKey, str]:
    """A new key in the place of this one, which ends after `overlap`, or sooner where it had an end already.

    ActionError: `already_ended` for one that is revoked, has expired or was rotated before; `invalid_field`.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise ActionError("invalid_field", "Both work for 0 to 168 hours.", field="overlap_hours")
    old = ApiKey.objects.select_for_update(of=("self",)).select_related("project").get(pk=key.pk)
    if old.replaced_by_id or not old.works_at(now):
        raise ActionError("already_ended", "This key has ended, or another one took its place.")
    new, secret = create_key(
        actor=actor,
        name=old.name,
        scopes=old.scopes,
        project=old.project,
        expires_at=old.expires_at,
    )
    until = now + overlap
    old.replaced_by, old.expires_at = new, min(until, old.expires_at or until)
    old.save(update_fields=["replaced_by", "expires_at"])
    after = {"replaced_by": new.prefix, "works_until": old.expires_at.isoformat()}
    record("key.rotated", actor=actor, subject=old.prefix, after=after)
    return new, secret
