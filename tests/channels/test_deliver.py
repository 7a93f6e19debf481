"""Deliveries by mail: written once, sent once, and not lost while the mail server is away."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from billing.channels.message import Link, Message, from_json
from billing.flow.deliver import GIVE_UP, enqueue
from billing.flow.send_due import (
    LONGEST_WAIT,
    TAKEN_UP_AGAIN,
    claim_next,
    send_due,
    wait_after,
)
from billing.models import Channel, Delivery, DeliveryAttempt
from tenants.models import AuditEntry, Membership
from tenants.sealed import seal
from tests.channels.sinks import smtp_server

MESSAGE = Message(
    kind="budget.threshold",
    subject="80 % of Support used",
    headline="80 % used: $812.40 of $1,000.00.",
    facts=(("Left", "9 days"), ("Responsible", "Ana")),
    links=(Link("Acknowledge", "https://costs.test/a/1"), Link("Budget", "https://costs.test/b/1")),
    data={"percent": 80, "used": "812.40"},
)


@pytest.fixture
def mailbox(settings):
    with smtp_server(settings) as found:
        yield found


class Hours:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.now = timezone.now() + timedelta(seconds=1)

    def __call__(self):
        return self.now

    def wait(self, **span):
        self.now += timedelta(**span)


@pytest.fixture
def clock():
    return Hours()


def send(world, clock, *, between=max):
    return send_due(world.acme.tenant.pk, within=timedelta(hours=1), clock=clock, between=between)


def make_channel(world, address="finops@acme.test", **fields):
    with world.acme.scope():
        return Channel.objects.create(
            **{"kind": "email", "name": "FinOps", "shown": address, "target": seal(address)}
            | fields
        )


def told(world, *, about="alert:1", people=(), channels=()):
    with world.acme.scope():
        return enqueue(MESSAGE, people=people, channels=channels, about=about)


def deliveries(world):
    with world.acme.scope():
        return list(Delivery.objects.order_by("id"))


def attempts(world):
    with world.acme.scope():
        found = DeliveryAttempt.objects.order_by("delivery_id", "number")
        return [(each.number, each.outcome, each.code) for each in found]


# --- Writing ---------------------------------------------------------------------------------------


def test_the_same_message_is_written_once_for_each_target(world):
    channel = make_channel(world)

    assert told(world, people=[world.ana], channels=[channel]) == 2
    assert told(world, people=[world.ana, world.vik], channels=[channel]) == 1
    assert told(world, about="alert:2", people=[world.ana, world.ana]) == 1
    assert len(deliveries(world)) == 4


def test_messages_that_are_about_nothing_in_particular_are_each_sent(world):
    assert told(world, about="", people=[world.ana]) == 1
    assert told(world, about="", people=[world.ana]) == 1
    assert told(world, about="") == 0


def test_the_bell_rings_after_the_commit(world, django_capture_on_commit_callbacks, monkeypatch):
    rung = []
    monkeypatch.setattr("billing.flow.deliver.ring", lambda *who, **what: rung.append((who, what)))

    with django_capture_on_commit_callbacks(execute=True):
        told(world, people=[world.ana])
        assert rung == []

    assert rung == [((world.acme.tenant.pk,), {"task": "deliver"})]


def test_what_is_written_to_a_channel_that_is_off_says_so(world):
    now = timezone.now()
    off = make_channel(world, disabled_at=now, disabled_reason="It answered 404.")
    gone = make_channel(world, archived_at=now)

    assert told(world, channels=[off, gone]) == 1

    row = deliveries(world)[0]
    assert (row.state, row.error) == ("failed", "The channel was off: It answered 404.")


def test_a_message_comes_out_as_it_went_in(world):
    told(world, people=[world.ana])

    assert from_json(deliveries(world)[0].message) == MESSAGE


def test_a_subject_is_one_line():
    message = Message("x", "a\r\nBcc: b@c.test\n", "h", (), (), {})

    assert message.subject == "a Bcc: b@c.test"


# --- Sending ---------------------------------------------------------------------------------------


def test_a_mail_reaches_person_and_channel_with_text_and_html(world, mailbox, clock):
    told(world, people=[world.ana], channels=[make_channel(world)])

    done = send(world, clock)

    assert (done.sent, done.is_done) == (2, True)
    assert mailbox.addresses == ["ana@acme.test", "finops@acme.test"]
    mail = mailbox.mails[0][1]
    assert mail["Subject"] == MESSAGE.subject
    assert mail["Message-ID"] == f"<{deliveries(world)[0].message_id}@127.0.0.1>"
    text = mail.get_body(["plain"]).get_content()
    assert "80 % used: $812.40 of $1,000.00." in text
    assert "Left: 9 days" in text
    assert "Acknowledge: https://costs.test/a/1" in text
    html = mail.get_body(["html"]).get_content()
    assert 'href="https://costs.test/a/1"' in html
    assert "src=" not in html
    assert attempts(world) == [(1, "sent", "accepted"), (1, "sent", "accepted")]
    assert Channel.objects.model is Channel


def test_names_are_escaped_in_the_html(world, mailbox, clock):
    message = Message("x", "s", "<b>Evil & Co</b>", (("<i>", "<script>"),), (), {})
    with world.acme.scope():
        enqueue(message, people=[world.ana])

    send(world, clock)

    html = mailbox.mails[0][1].get_body(["html"]).get_content()
    assert "<script>" not in html
    assert "&lt;b&gt;Evil &amp; Co&lt;/b&gt;" in html


def test_no_transaction_is_open_while_it_sends(committed, settings, clock, monkeypatch):
    seen = []
    with smtp_server(settings) as mailbox:
        told(committed, people=[committed.ana])
        monkeypatch.setattr(
            "django.core.mail.EmailMultiAlternatives.send",
            lambda self: seen.append(connection.in_atomic_block),
        )
        send(committed, clock)

    assert seen == [False]
    assert mailbox.mails == []


def test_what_was_sent_is_not_sent_again(world, mailbox, clock):
    told(world, people=[world.ana])

    send(world, clock)
    clock.wait(days=2)
    send(world, clock)

    assert len(mailbox.mails) == 1


def test_a_mail_server_that_is_down_for_a_day_loses_nothing(world, settings, clock):
    with smtp_server(settings) as mailbox:
        port = mailbox.port
    told(world, people=[world.ana], channels=[make_channel(world)])

    for _ in range(24 * 60):
        send(world, clock)
        clock.wait(minutes=1)
    with smtp_server(settings, port=port) as mailbox:
        clock.wait(seconds=LONGEST_WAIT.total_seconds())
        send(world, clock)

    assert mailbox.addresses == ["ana@acme.test", "finops@acme.test"]
    assert {str(mail["Message-ID"]) for _, mail in mailbox.mails} == {
        f"<{each.message_id}@127.0.0.1>" for each in deliveries(world)
    }
    assert [each.state for each in deliveries(world)] == ["sent", "sent"]
    assert 25 < deliveries(world)[0].attempts < 40
    with world.acme.scope():
        assert Channel.objects.get().disabled_at is None


def test_after_three_days_it_gives_up_and_says_so(world, settings, clock):
    with smtp_server(settings):
        pass
    told(world, people=[world.ana])

    for _ in range(80):
        send(world, clock)
        clock.wait(hours=1)

    row = deliveries(world)[0]
    assert (row.state, row.error) == ("failed", "The mail server did not answer.")
    assert row.next_at < row.created_at + GIVE_UP + TAKEN_UP_AGAIN


def test_waits_grow_and_are_spread():
    def seconds(attempts, between):
        return int(wait_after(attempts, between=between).total_seconds())

    assert [seconds(each, max) for each in (1, 2, 3, 7, 8, 500)] == [30, 60, 120, 1920, 3600, 3600]
    assert [seconds(each, min) for each in (1, 2, 500)] == [15, 30, 1800]


# --- What cannot arrive ----------------------------------------------------------------------------


def test_a_mailbox_that_does_not_exist_switches_its_channel_off_and_tells_the_owners_once(
    world, mailbox, clock
):
    mailbox.answers["finops@acme.test"] = "550 5.1.1 no such user"
    channel = make_channel(world)
    told(world, channels=[channel])
    told(world, about="alert:2", channels=[channel])

    send(world, clock)
    send(world, clock)

    with world.acme.scope():
        channel.refresh_from_db()
        audit = AuditEntry.objects.filter(action="channel.switched_off").count()
    assert channel.disabled_reason == "The mail server says that this address takes no mail (550)."
    assert [each.state for each in deliveries(world)] == ["failed", "failed", "sent"]
    assert mailbox.addresses == ["ana@acme.test"]
    assert "FinOps" in mailbox.mails[0][1]["Subject"]
    assert audit == 1


@pytest.mark.parametrize(
    "answer", ["450 4.2.0 greylisted", "550 5.7.1 relaying denied", "451 later", "421 busy"]
)
def test_a_server_that_will_not_now_is_asked_again(world, mailbox, clock, answer):
    mailbox.answers["finops@acme.test"] = answer
    told(world, channels=[make_channel(world)])

    send(world, clock)
    mailbox.answers.clear()
    clock.wait(minutes=1)
    send(world, clock)

    assert mailbox.addresses == ["finops@acme.test"]
    assert [outcome for _, outcome, _ in attempts(world)] == ["later", "sent"]


def test_a_members_dead_mailbox_is_told_to_the_other_owners(world, mailbox, clock):
    mailbox.answers["ana@acme.test"] = "550 5.1.1 gone"
    with world.acme.scope():
        Membership.objects.create(user=world.sam, role="owner")
    told(world, people=[world.ana])
    told(world, about="alert:2", people=[world.ana])

    send(world, clock)

    assert mailbox.addresses == ["sam@nowhere.test"]
    assert mailbox.mails[0][1]["Subject"] == "Mail to ana@acme.test does not arrive"


def test_who_has_left_the_company_is_sent_nothing_more(world, mailbox, clock):
    told(world, people=[world.ana])
    with world.acme.scope():
        Membership.objects.filter(user=world.ana).delete()

    send(world, clock)

    assert mailbox.mails == []
    assert deliveries(world)[0].state == "failed"


def test_an_address_whose_key_is_gone_waits_for_the_key(world, mailbox, clock, settings):
    told(world, channels=[make_channel(world)])
    ring, settings.KEY_RING = settings.KEY_RING, ["bm90IHRoZSBrZXkgdGhhdCBzZWFsZWQgaXQgLi4uLi4="]

    send(world, clock)
    settings.KEY_RING = [*settings.KEY_RING, *ring]
    clock.wait(minutes=1)
    send(world, clock)

    assert mailbox.addresses == ["finops@acme.test"]


def test_an_error_of_our_own_is_an_attempt_and_not_a_loss(world, mailbox, clock, monkeypatch):
    told(world, people=[world.ana])
    with monkeypatch.context() as broken:
        broken.setattr("billing.channels.mail.as_html", lambda message: 1 // 0)
        send(world, clock)

    clock.wait(minutes=1)
    send(world, clock)

    assert attempts(world) == [(1, "later", "ZeroDivisionError"), (2, "sent", "accepted")]


# --- A process that dies ---------------------------------------------------------------------------


def test_a_claim_whose_process_died_is_taken_up_again_with_the_same_id(world, mailbox, clock):
    told(world, people=[world.ana])
    with world.acme.scope():
        claim = claim_next(now=clock())

    send(world, clock)
    assert mailbox.mails == []
    clock.wait(seconds=TAKEN_UP_AGAIN.total_seconds())
    send(world, clock)

    assert str(mailbox.mails[0][1]["Message-ID"]) == f"<{claim.delivery.message_id}@127.0.0.1>"
    assert attempts(world) == [(1, "unknown", ""), (2, "sent", "accepted")]
