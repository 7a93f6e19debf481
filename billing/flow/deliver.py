"""Deliver: write down what is to be sent, with what it tells of, in one transaction.

In:   a message, people and channels.   Out: Delivery rows; after commit the bell rings (flow/send_due.py).
Promise: the same `about` to the same target once, by a unique key. What is written is sent, or says why not.
Not promised: that messages arrive in the order in which they were written.
"""

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from billing.channels.message import Message, as_json
from billing.flow.doorbell import ring
from billing.models import Channel, Delivery
from billing.models.channels import DeliveryState
from tenants.models import User
from tenants.scoping import active_scope

GIVE_UP = timedelta(days=3)
"""How long a message is tried."""


def enqueue(
    message: Message,
    *,
    people: Iterable[User] = (),
    channels: Iterable[Channel] = (),
    about: str = "",
    now: datetime | None = None,
) -> int:
    """Write one Delivery row per person (e-mail) and channel in the active scope and transaction.

    Returns how many were new. `about` is a stable key such as `alert:17:escalated`; the same about and target
    is never enqueued twice. Without one the message stands alone. To a channel that is off the row says so.
    """
    tenant_id = active_scope().tenant_id
    rows = [
        *(Delivery(person=each, target=f"person:{each.pk}") for each in people),
        *_to_channels(channels),
    ]
    now, stored = now or timezone.now(), as_json(message)
    for row in rows:
        row.about = about or f"message:{uuid.uuid4()}"
        row.message, row.message_id = stored, uuid.uuid4()
        row.created_at = row.next_at = now
        row.give_up_at = now + GIVE_UP
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    transaction.on_commit(lambda: ring(tenant_id, task="deliver"))
    return Delivery.objects.filter(
        about__in={row.about for row in rows}, message_id__in=[row.message_id for row in rows]
    ).count()


def _to_channels(channels: Iterable[Channel]) -> Iterator[Delivery]:
    for channel in channels:
        if channel.archived_at:
            continue
        row = Delivery(channel=channel, target=f"channel:{channel.pk}")
        if channel.disabled_at:
            row.state = DeliveryState.FAILED
            row.error = f"The channel was off: {channel.disabled_reason}"[:300]
        yield row
