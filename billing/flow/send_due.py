"""Send what is due: claim one delivery, send it outside any transaction, record what came of it.

In:   Delivery rows whose `next_at` has come.   Out: messages, attempts, and the next time where it failed.
Promise: however many workers look, each attempt is one worker's; a claim whose process died is taken up again
      after TAKEN_UP_AGAIN, with the same message id, so that a receiver can tell the second copy.
      While the other side is down a message waits, ever longer, until `give_up_at`; then it has failed.
Not promised: order. Never: a network call inside a transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from billing.channels.bound import at_most
from billing.channels.message import from_json
from billing.channels.outgoing import NotSent, Outgoing
from billing.channels.senders import sender_of
from billing.flow.switch_off import mailbox_refuses, switch_off
from billing.models import Channel, ChannelKind, Delivery, DeliveryAttempt
from billing.models.channels import OPEN, DeliveryState, Outcome
from tenants.models import Membership
from tenants.scoping import tenant_scope
from tenants.sealed import CannotOpen, opened

TAKEN_UP_AGAIN = timedelta(minutes=2)
"""Far above the time that one attempt may take."""
ATTEMPT_AT_MOST = 30
"""Seconds."""
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)

Between = Callable[[int, int], int]
"""A whole number between two others, by chance: `random.randint`."""
Clock = Callable[[], datetime]

log = structlog.get_logger("costtrack.deliveries")


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt. What is sealed stays so until it is sent."""

    delivery_id: int
    number: int
    kind: str
    address: str
    secrets: tuple[str, ...]
    delivery: Delivery


@dataclass(slots=True)
class Sent:
    """What a stretch of sending did; `is_done`: nothing more was due."""

    sent: int = 0
    failed: int = 0
    later: int = 0
    is_done: bool = False


def send_due(tenant_id: int, *, within: timedelta, clock: Clock, between: Between) -> Sent:
    """Send what is due of one tenant, one after the other, and stop after `within`. Opens its own scopes."""
    done, until = Sent(), clock() + within
    while clock() < until:
        with tenant_scope(tenant_id):
            claim = claim_next(now=clock())
        if claim is None:
            done.is_done = True
            break
        started = clock()
        outcome = _attempt(claim, now=started)
        with tenant_scope(tenant_id):
            state = record(claim, outcome, started=started, now=clock(), between=between)
        done.sent += state == DeliveryState.SENT
        done.failed += state == DeliveryState.FAILED
        done.later += state == DeliveryState.DUE
    return done


def claim_next(*, now: datetime) -> Claim | None:
    """Take the delivery that waits longest; nobody else takes it before TAKEN_UP_AGAIN has passed."""
    delivery = (
        Delivery.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("channel", "person")
        .filter(state__in=OPEN, next_at__lte=now)
        .order_by("next_at", "id")
        .first()
    )
    if delivery is None:
        return None
    if delivery.state == DeliveryState.SENDING:
        _note_lost(delivery)
    delivery.state, delivery.attempts = DeliveryState.SENDING, delivery.attempts + 1
    delivery.claimed_at, delivery.next_at = now, now + TAKEN_UP_AGAIN
    delivery.save(update_fields=["state", "attempts", "claimed_at", "next_at"])
    channel = delivery.channel
    return Claim(
        delivery_id=delivery.pk,
        number=delivery.attempts,
        kind=channel.kind if channel else ChannelKind.EMAIL,
        address=channel.target if channel else _mailbox(delivery),
        secrets=_secrets(channel, now=now) if channel else (),
        delivery=delivery,
    )


def record(
    claim: Claim, outcome: str | NotSent, *, started: datetime, now: datetime, between: Between
) -> str:
    """Write down what came of an attempt, and what comes next. Returns the delivery's state.

    Where the delivery was taken up again meanwhile, only a success still counts.
    """
    delivery = Delivery.objects.select_for_update(of=("self",)).get(pk=claim.delivery_id)
    problem = outcome if isinstance(outcome, NotSent) else None
    is_mine = delivery.attempts == claim.number and delivery.state == DeliveryState.SENDING
    if is_mine or (problem is None and delivery.state != DeliveryState.SENT):
        delivery.error = problem.words[:300] if problem else ""
        if problem is None:
            delivery.state, delivery.sent_at = DeliveryState.SENT, now
            Channel.objects.filter(pk=delivery.channel_id or 0, verified_at=None).update(
                verified_at=now
            )
        else:
            _fail_or_wait(delivery, problem, now=now, between=between)
        delivery.save(update_fields=["state", "sent_at", "next_at", "error"])
    DeliveryAttempt.objects.update_or_create(
        delivery_id=claim.delivery_id,
        number=claim.number,
        defaults={
            "at": started,
            "outcome": _outcome(problem),
            "code": (problem.code if problem else str(outcome))[:40],
            "error": problem.words[:300] if problem else "",
            "milliseconds": (now - started) // timedelta(milliseconds=1),
        },
    )
    return delivery.state


def wait_after(attempts: int, *, between: Between) -> timedelta:
    """How long to wait after this many attempts: doubled each time up to LONGEST_WAIT, half to all of it."""
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts - 1, 20))
    seconds = longest // timedelta(seconds=1)
    return timedelta(seconds=between(seconds // 2, seconds))


def _attempt(claim: Claim, *, now: datetime) -> str | NotSent:
    """The one place that speaks to the world: what the other side said, or why it was not sent."""
    delivery, channel = claim.delivery, claim.delivery.channel
    if claim.number > 1 and now > delivery.give_up_at + LONGEST_WAIT:
        return NotSent("late", "It was tried for three days.")
    if channel and channel.disabled_at:
        words = f"The channel was off: {channel.disabled_reason}"
        return NotSent("off", words, is_permanent=True)
    if not claim.address:
        return NotSent("gone", "There is no such member or channel any more.", is_permanent=True)
    try:
        outgoing = Outgoing(
            message=from_json(delivery.message),
            message_id=delivery.message_id,
            made_at=delivery.created_at,
            address=opened(claim.address) if channel else claim.address,
            secrets=tuple(opened(each) for each in claim.secrets),
        )
        with at_most(ATTEMPT_AT_MOST):
            return sender_of(claim.kind)(outgoing, now=now)
    except NotSent as problem:
        return problem
    except CannotOpen:
        return NotSent("sealed", "No key of KEY_RING opens the channel's address.")
    except Exception as error:
        log.exception("delivery_broke", delivery=delivery.pk)
        return NotSent(type(error).__name__, "An error on our side; the log says which.")


def _fail_or_wait(delivery: Delivery, problem: NotSent, *, now: datetime, between: Between) -> None:
    wait = wait_after(delivery.attempts, between=between)
    is_over = now + wait > delivery.give_up_at
    if not problem.is_permanent and not is_over:
        delivery.state, delivery.next_at = DeliveryState.DUE, now + wait
        return
    delivery.state = DeliveryState.FAILED
    reason = problem.words if problem.is_permanent else f"{problem.words} So it was for three days."
    if delivery.channel is None:
        if problem.is_permanent:
            mailbox_refuses(delivery, reason=reason, now=now)
    elif problem.is_permanent or _is_its_own(delivery.channel):
        switch_off(delivery.channel, reason=reason, now=now)


def _is_its_own(channel: Channel) -> bool:
    """Whether nobody answering is the channel's fault: mail goes over a server that all share."""
    return channel.kind != ChannelKind.EMAIL


def _note_lost(delivery: Delivery) -> None:
    """The process that held it has ended, or hangs: nobody knows whether the message left."""
    DeliveryAttempt.objects.get_or_create(
        delivery_id=delivery.pk,
        number=delivery.attempts,
        defaults={
            "at": delivery.claimed_at or delivery.created_at,
            "outcome": Outcome.UNKNOWN,
            "error": "The process that sent it ended before it could say what came of it.",
        },
    )


def _mailbox(delivery: Delivery) -> str:
    """The person's address now; none for somebody who has left the company meanwhile."""
    person = delivery.person
    if person is None or not person.is_active:
        return ""
    return person.email if Membership.objects.filter(user=person).exists() else ""


def _secrets(channel: Channel, *, now: datetime) -> tuple[str, ...]:
    both = channel.old_secret_until is not None and channel.old_secret_until > now
    return tuple(each for each in (channel.secret, channel.old_secret if both else "") if each)


def _outcome(problem: NotSent | None) -> Outcome:
    if problem is None:
        return Outcome.SENT
    return Outcome.REFUSED if problem.is_permanent else Outcome.LATER
