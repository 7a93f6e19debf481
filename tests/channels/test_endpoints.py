"""Deliveries to customers' endpoints: down for a day, gone for good, and while a secret changes."""

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from billing.channels.outgoing import NotSent
from billing.flow.channels import BOTH_SIGN_FOR, create_channel, rotate_secret, send_again
from billing.flow.send_due import claim_next, record
from billing.models import Channel, Delivery
from tests.channels.sinks import http_server
from tests.channels.test_deliver import Hours, attempts, deliveries, send, told


@pytest.fixture
def clock():
    return Hours()


@pytest.fixture
def endpoint(settings):
    settings.LOOPBACK_CHANNELS = True
    with http_server() as found:
        yield found


@pytest.fixture
def hook(world, endpoint):
    with world.acme.scope():
        return create_channel(actor=world.ana, kind="webhook", name="Bot", target=endpoint.url)


@pytest.fixture(autouse=True)
def _console_mail(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def test_an_endpoint_that_is_down_for_a_day_gets_everything_afterwards(
    world, endpoint, hook, clock
):
    endpoint.status = 503
    for number in range(3):
        told(world, about=f"alert:{number}", channels=[hook.channel])
    for _ in range(24 * 60):
        send(world, clock)
        clock.wait(minutes=1)
    refused = len(endpoint.requests)

    endpoint.status = 204
    clock.wait(hours=1)
    send(world, clock)

    assert {each.state for each in deliveries(world)} == {"sent"}
    arrived = {headers["webhook-id"] for _, headers, _ in endpoint.requests[refused:]}
    assert arrived == {f"msg_{each.message_id.hex}" for each in deliveries(world)}
    with world.acme.scope():
        channel = Channel.objects.get()
    assert channel.disabled_at is None
    assert channel.verified_at is not None


@pytest.mark.parametrize("status", [404, 410])
def test_an_endpoint_that_is_gone_is_switched_off_and_the_owners_are_told_once(
    world, endpoint, hook, clock, status, mailoutbox
):
    endpoint.status = status
    told(world, channels=[hook.channel])
    told(world, about="alert:2", channels=[hook.channel])

    for _ in range(3):
        send(world, clock)
        clock.wait(days=1)

    assert len(endpoint.requests) == 1
    assert [(mail.subject, mail.to) for mail in mailoutbox] == [
        ("Channel Bot is switched off", ["ana@acme.test"])
    ]
    assert f"It answered {status}" in mailoutbox[0].body
    with world.acme.scope():
        assert f"answered {status}" in Channel.objects.get().disabled_reason


def test_two_messages_that_fail_at_once_switch_it_off_once(world, hook, clock, mailoutbox):
    gone = NotSent("404", "It answered 404.", is_permanent=True)
    for number in range(2):
        told(world, about=f"alert:{number}", channels=[hook.channel])
    with world.acme.scope():
        claims = [claim_next(now=clock()) for _ in range(2)]
        for claim in claims:
            clock.wait(seconds=1)
            record(claim, gone, started=clock(), now=clock(), between=max)

    send(world, clock)

    assert [each.state for each in deliveries(world)] == ["failed", "failed", "sent"]
    assert len(mailoutbox) == 1


def test_an_endpoint_that_answers_nothing_for_three_days_is_switched_off(
    world, endpoint, hook, clock, mailoutbox
):
    endpoint.status = 500
    told(world, channels=[hook.channel])

    for _ in range(75):
        send(world, clock)
        clock.wait(hours=1)

    assert deliveries(world)[0].state == "failed"
    assert "So it was for three days." in mailoutbox[0].body


def test_a_name_that_begins_to_lead_inside_switches_its_channel_off(
    world, endpoint, hook, clock, settings
):
    settings.LOOPBACK_CHANNELS = False
    told(world, channels=[hook.channel])

    send(world, clock)

    assert endpoint.requests == []
    assert attempts(world)[0] == (1, "refused", "refused")
    with world.acme.scope():
        assert Channel.objects.get().disabled_at is not None


def test_what_failed_is_sent_again_by_hand_under_the_same_id(world, endpoint, hook, clock):
    endpoint.status = 404
    told(world, channels=[hook.channel])
    send(world, clock)
    clock.wait(days=30)
    endpoint.status = 200

    with world.acme.scope():
        Channel.objects.update(disabled_at=None, disabled_reason="")
        send_again(Delivery.objects.get(channel=hook.channel), actor=world.ana, now=clock())
    send(world, clock)

    ids = [headers["webhook-id"] for _, headers, _ in endpoint.requests]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert deliveries(world)[0].state == "sent"


def test_for_a_day_after_a_change_both_secrets_sign_and_then_the_new_one_alone(
    world, endpoint, hook, clock
):
    with world.acme.scope():
        new = rotate_secret(hook.channel, actor=world.ana, now=clock())
    for number in range(2):
        told(world, about=f"alert:{number}", channels=[hook.channel])
        send(world, clock)
        clock.wait(seconds=BOTH_SIGN_FOR.total_seconds())
        with world.acme.scope():
            Delivery.objects.filter(state="due").update(next_at=clock() - timedelta(seconds=1))

    (_, first, body), (_, later, again) = endpoint.requests
    assert len(first["webhook-signature"].split()) == 2
    assert len(later["webhook-signature"].split()) == 1
    for secret in (hook.secret, new):
        assert Webhook(secret).verify(body, first)
    at = datetime.fromtimestamp(int(later["webhook-timestamp"]), UTC)
    by_new = Webhook(new).sign(later["webhook-id"], at, again.decode())
    assert later["webhook-signature"] == by_new
    assert by_new != Webhook(hook.secret).sign(later["webhook-id"], at, again.decode())
