"""Switch a channel off when sending to it cannot work, and tell the tenant's owners, once."""

from datetime import datetime

from billing.channels.message import Link, Message, absolute
from billing.flow.deliver import enqueue
from billing.models import Channel, Delivery
from billing.models.channels import DeliveryState
from tenants.audit import record
from tenants.models import Membership, Role, Tenant, User
from tenants.scoping import active_scope

ACTOR = "costtrack"


def switch_off(channel: Channel, *, reason: str, now: datetime) -> None:
    """Nothing more is sent to the channel: what waits for it is marked as failed and can be sent again by hand.

    A channel that is off already stays as it is, and nobody is told a second time.
    """
    channel = Channel.objects.select_for_update(of=("self",)).get(pk=channel.pk)
    if channel.disabled_at or channel.archived_at:
        return
    channel.disabled_at, channel.disabled_reason = now, reason[:300]
    channel.save(update_fields=["disabled_at", "disabled_reason"])
    fail_waiting(channel)
    record(
        "channel.switched_off", actor=ACTOR, subject=f"channel {channel.pk}", after={"why": reason}
    )
    enqueue(
        _channel_failed(channel), people=owners(), about=f"channel:{channel.pk}:{now:%Y%m%dT%H%M%S}"
    )


def fail_waiting(channel: Channel) -> None:
    """What is due for a channel that is off waits no longer. What is being sent decides for itself."""
    Delivery.objects.filter(channel=channel, state=DeliveryState.DUE).update(
        state=DeliveryState.FAILED, error=f"The channel was off: {channel.disabled_reason}"[:300]
    )


def mailbox_refuses(delivery: Delivery, *, reason: str, now: datetime) -> None:
    """A member's mailbox takes no mail: the other owners are told, once a month for each person."""
    person = delivery.person
    if person is None:
        return
    message = Message(
        kind="person.unreachable",
        subject=f"Mail to {person} does not arrive",
        headline=f"Mail to {person} does not arrive: {reason}",
        facts=(("What was not delivered", str(delivery.message["subject"])),),
        links=(Link("Deliveries", absolute(f"/t/{_slug()}/channels/")),),
        data={"person": person.email, "reason": reason},
    )
    others = [each for each in owners() if each.pk != person.pk]
    enqueue(message, people=others, about=f"person:{person.pk}:unreachable:{now:%Y-%m}")


def owners() -> list[User]:
    members = Membership.objects.filter(role=Role.OWNER, user__is_active=True)
    return [each.user for each in members.select_related("user").order_by("user_id")]


def _channel_failed(channel: Channel) -> Message:
    return Message(
        kind="channel.failed",
        subject=f"Channel {channel.name} is switched off",
        headline=f"Nothing is sent to {channel.name} ({channel.shown}) any more: {channel.disabled_reason}",
        facts=(
            ("Channel", f"{channel.name}, {channel.get_kind_display()}"),
            (
                "What to do",
                "Mend its address, then switch it on again. What waited can be sent again.",
            ),
        ),
        links=(Link("Open the channel", absolute(f"/t/{_slug()}/channels/{channel.pk}/")),),
        data={
            "channel": {"id": channel.pk, "name": channel.name, "kind": channel.kind},
            "reason": channel.disabled_reason,
        },
    )


def _slug() -> str:
    return Tenant.objects.values_list("slug", flat=True).get(pk=active_scope().tenant_id)
