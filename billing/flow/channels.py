"""Set up channels: make one, name it, change its secret, switch it off and on, archive it, try it.

In:   what a person or a key asks for, inside the tenant's scope.   Out: the changed row, an audit entry.
Errors: ActionError with a stable code. Never: an address or a secret in the audit log; `shown` stands for it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from billing.channels.message import Link, Message, absolute
from billing.channels.post import LOOPBACK, UnsafeAddress, check_address
from billing.channels.webhook import new_secret
from billing.flow.deliver import GIVE_UP, enqueue
from billing.flow.switch_off import fail_waiting
from billing.models import Channel, ChannelKind, Delivery
from billing.models.channels import DeliveryState
from tenants.actions import ActionError
from tenants.audit import Actor, label_of, record
from tenants.models import Tenant
from tenants.sealed import seal

BOTH_SIGN_FOR = timedelta(hours=24)
SLACK_HOSTS = {"hooks.slack.com", "hooks.slack-gov.com"}
NAME_AT_MOST = 120


@dataclass(frozen=True, slots=True)
class NewChannel:
    """`secret` is what a webhook is signed with, empty for other kinds; it is shown this one time."""

    channel: Channel
    secret: str


def create_channel(*, actor: Actor, kind: str, name: str, target: str) -> NewChannel:
    """A new channel; ActionError names `kind`, `name` or `target` and says what is wrong with it."""
    if kind not in ChannelKind.values:
        raise ActionError("invalid_field", "There is no such kind of channel.", field="kind")
    target = target.strip()
    shown = _shown(kind, target)
    secret = new_secret() if kind == ChannelKind.WEBHOOK else ""
    channel = Channel.objects.create(
        kind=kind,
        name=_named(name),
        shown=shown,
        target=seal(target),
        secret=seal(secret) if secret else "",
    )
    _record("created", channel, actor=actor, after={"kind": kind, "name": name, "to": shown})
    return NewChannel(channel, secret)


def rename_channel(channel: Channel, *, actor: Actor, name: str) -> None:
    before, channel.name = channel.name, _named(name)
    channel.save(update_fields=["name"])
    _record("renamed", channel, actor=actor, before={"name": before}, after={"name": name})


def rotate_secret(channel: Channel, *, actor: Actor, now: datetime) -> str:
    """A new signing secret, shown this one time. For a day messages carry a signature of the old one too."""
    if channel.kind != ChannelKind.WEBHOOK or channel.archived_at:
        raise ActionError("invalid_field", "Only webhooks are signed.", field="kind")
    secret = new_secret()
    channel.old_secret, channel.old_secret_until = channel.secret, now + BOTH_SIGN_FOR
    channel.secret = seal(secret)
    channel.save(update_fields=["secret", "old_secret", "old_secret_until"])
    _record("secret_rotated", channel, actor=actor)
    return secret


def disable_channel(channel: Channel, *, actor: Actor, now: datetime) -> None:
    """Nothing is sent to it until it is enabled; what is written meanwhile can be sent again by hand."""
    if channel.disabled_at is None and channel.archived_at is None:
        channel.disabled_at = now
        channel.disabled_reason = f"{label_of(actor)} switched it off."
        channel.save(update_fields=["disabled_at", "disabled_reason"])
        fail_waiting(channel)
        _record("disabled", channel, actor=actor)


def enable_channel(channel: Channel, *, actor: Actor) -> None:
    if channel.archived_at:
        raise ActionError("invalid_field", "An archived channel stays off.", field="disabled")
    if channel.disabled_at is not None:
        channel.disabled_at, channel.disabled_reason = None, ""
        channel.save(update_fields=["disabled_at", "disabled_reason"])
        _record("enabled", channel, actor=actor)


def archive_channel(channel: Channel, *, actor: Actor, now: datetime) -> None:
    """For ever: its address and secrets are forgotten, its name and its log stay. Twice changes nothing."""
    if channel.archived_at is not None:
        return
    disable_channel(channel, actor=actor, now=now)
    channel.archived_at = now
    channel.target = channel.secret = channel.old_secret = ""
    channel.save(update_fields=["archived_at", "target", "secret", "old_secret"])
    _record("archived", channel, actor=actor)


def send_test(channel: Channel, *, actor: Actor, tenant: Tenant, now: datetime) -> Delivery | None:
    """Queue a real message that says it is a test; None when one was queued this minute already."""
    about = f"channel:{channel.pk}:test:{now:%Y%m%dT%H%M}"
    if not enqueue(
        test_message(channel, by=label_of(actor), tenant=tenant), channels=[channel], about=about
    ):
        return None
    _record("tested", channel, actor=actor)
    return Delivery.objects.get(about=about, channel=channel)


def test_message(channel: Channel, *, by: str, tenant: Tenant) -> Message:
    """What a test says: every part of a message is in it."""
    return Message(
        kind="channel.test",
        subject=f"Test of {channel.name}",
        headline=f"This is a test: messages of {tenant.name} reach {channel.name}.",
        facts=(("Asked for by", by), ("Channel", f"{channel.name}, {channel.get_kind_display()}")),
        links=(
            Link("Open the channel", absolute(f"/t/{tenant.slug}/channels/{channel.pk}/")),
            Link("Open costtrack", absolute(f"/t/{tenant.slug}/")),
        ),
        data={"channel": {"id": channel.pk, "name": channel.name, "kind": channel.kind}},
    )


def send_again(delivery: Delivery, *, actor: Actor, now: datetime) -> None:
    """Try a failed delivery anew, under its old message id: a receiver that had it sees that."""
    if delivery.state != DeliveryState.FAILED:
        raise ActionError("invalid_field", "Only what failed is sent again.", field="state")
    channel = delivery.channel
    if channel and (channel.archived_at or channel.disabled_at):
        raise ActionError("invalid_field", "Switch the channel on first.", field="channel")
    delivery.state, delivery.next_at, delivery.give_up_at = DeliveryState.DUE, now, now + GIVE_UP
    delivery.save(update_fields=["state", "next_at", "give_up_at"])
    record("delivery.sent_again", actor=actor, subject=f"delivery {delivery.pk}")


def _shown(kind: str, target: str) -> str:
    """What people may see of an address: a mailbox, or the host of a URL, whose path is a secret."""
    if kind == ChannelKind.EMAIL:
        try:
            validate_email(target)
        except ValidationError as error:
            raise ActionError(
                "invalid_field", "This is no e-mail address.", field="target"
            ) from error
        return target
    try:
        host = check_address(target).hostname or ""
    except UnsafeAddress as error:
        raise ActionError("invalid_field", str(error), field="target") from error
    if kind == ChannelKind.SLACK and host not in SLACK_HOSTS | LOOPBACK:
        detail = "The address of a Slack webhook begins with https://hooks.slack.com/."
        raise ActionError("invalid_field", detail, field="target")
    return host


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= NAME_AT_MOST:
        raise ActionError("invalid_field", "A name has 1 to 120 characters.", field="name")
    return name


def _record(
    verb: str,
    channel: Channel,
    *,
    actor: Actor,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
    subject = f"channel {channel.pk}"
    record(f"channel.{verb}", actor=actor, subject=subject, before=before, after=after)
