"""The week's mail: once, on its morning, to owners who want it, with the figures of the pages."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes
from email.policy import default
from threading import Barrier, Thread

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from billing import tasks
from billing.channels.message import from_json
from billing.flow.send_due import send_due
from billing.insights.notes import answer
from billing.models import Delivery, InsightSum
from billing.models.insights import SumKind
from billing.periods import preset_range
from billing.watch.week import tell_week, week_token
from tenants.actions import add_member
from tenants.models import AuditEntry, Membership, Role
from tests.billing.budgets import spend
from tests.factories import event

MONDAY = datetime(2026, 11, 16, 5, 0, tzinfo=UTC)
"""Seven in the morning of the first day of a week, in Sofia."""
DAY = timedelta(days=1)


def told(company, *, now=MONDAY):
    """The messages that are written at this moment, by whom they are for."""
    with company.scope():
        before = set(Delivery.objects.values_list("pk", flat=True))
        count = tell_week(now=now)
        new = Delivery.objects.exclude(pk__in=before).select_related("person").order_by("pk")
        assert len(new) == count
        return {each.person.email: from_json(each.message) for each in new}


@pytest.fixture
def acme(world):
    spend(world.acme, 30, name="before", at=MONDAY - 10 * DAY)
    spend(world.acme, 50, name="last", at=MONDAY - 3 * DAY)
    spend(world.acme, 20, name="other", at=MONDAY - 2 * DAY, project="contract-agent")
    spend(world.acme, 9, name="new", at=MONDAY - timedelta(hours=1))
    return world.acme


def test_an_owner_reads_what_the_pages_say_of_the_last_whole_week(acme):
    (message,) = told(acme).values()

    assert message.subject == "Acme: $70.00 last week"
    assert message.headline == (
        "Acme spent $70.00 from 9–15 Nov 2026, $40.00 more than in the week before."
    )
    facts = dict(message.facts)
    assert facts["Clients"] == "Globex of Acme $50.00, Initech of Acme $20.00"
    assert facts["Biggest mover"] in {"Support bot +$20.00", "Contracts +$20.00"}
    assert facts["Days"] == "9–15 Nov 2026 (Europe/Sofia)"
    assert (message.data["spent"], message.data["spent_before"]) == ("70", "30")


@pytest.mark.parametrize(
    ("moment", "count"),
    [
        (MONDAY - timedelta(minutes=1), 0),
        (MONDAY, 1),
        (MONDAY + 2 * DAY - timedelta(minutes=1), 1),
        (MONDAY + 2 * DAY, 0),
    ],
)
def test_it_is_written_from_seven_in_the_morning_for_two_days(acme, moment, count):
    assert len(told(acme, now=moment)) == count


def test_once_a_week_and_the_next_week_again(acme):
    assert [len(told(acme, now=MONDAY + n * DAY / 4)) for n in range(4)] == [1, 0, 0, 0]

    assert len(told(acme, now=MONDAY + 7 * DAY)) == 1


@pytest.mark.parametrize(
    ("today", "starts_on", "days"),
    [
        ("2026-11-16", 1, "2026-11-09"),
        ("2026-11-15", 1, "2026-11-02"),
        ("2026-11-15", 7, "2026-11-08"),
        ("2026-11-14", 7, "2026-11-01"),
        ("2026-03-30", 1, "2026-03-23"),
    ],
)
def test_a_week_begins_where_the_company_says(today, starts_on, days):
    day = datetime.fromisoformat(today).date()
    found = preset_range("last-week", today=day, week_starts_on=starts_on)

    assert found.since.isoformat() == days
    assert found.until - found.since == timedelta(days=7)


@pytest.mark.parametrize(
    "at", [datetime(2026, 3, 30, 4, tzinfo=UTC), datetime(2026, 10, 26, 5, tzinfo=UTC)]
)
def test_seven_is_seven_where_the_clock_was_changed_the_night_before(world, at):
    spend(world.acme, 5, at=at - 3 * DAY)

    assert told(world.acme, now=at - timedelta(minutes=1)) == {}
    assert len(told(world.acme, now=at)) == 1


def test_who_gets_it_are_owners_who_want_it(acme, world):
    with acme.scope():
        for email, role in (
            ("second@acme.test", Role.OWNER),
            ("adm@acme.test", Role.ADMIN),
            ("third@acme.test", Role.OWNER),
            ("gone@acme.test", Role.OWNER),
        ):
            add_member(actor="test", email=email, role=role)
        Membership.objects.filter(user__email="third@acme.test").update(week_mail=False)
        gone = Membership.objects.select_related("user").get(user__email="gone@acme.test").user
        gone.is_active = False
        gone.save()

    assert set(told(acme)) == {"ana@acme.test", "second@acme.test"}


def test_after_two_weeks_without_an_event_nobody_is_bothered(acme):
    assert told(acme, now=MONDAY + 14 * DAY)
    assert told(acme, now=MONDAY + 21 * DAY) == {}


def test_what_has_no_price_makes_every_figure_a_least_one(world):
    spend(world.acme, 5, at=MONDAY - 3 * DAY)
    world.acme.post(
        event("x", model="claude-opus-9", occurred_at=(MONDAY - 2 * DAY).isoformat()), now=MONDAY
    )

    (message,) = told(world.acme).values()

    assert message.subject == "Acme: at least $5.00 last week"
    assert dict(message.facts)["Unpriced"] == "1 event, so the true figure is higher."


def test_insights_that_nobody_answered_are_told_and_who_marked_one_as_done(acme, world):
    project = acme.projects["support-bot"].pk
    with acme.scope():
        for label, saving in (("system_changed", 12), ("tools_changed", 7)):
            InsightSum.objects.create(
                tenant_id=acme.tenant.pk,
                day=(MONDAY - 3 * DAY).date(),
                project_id=project,
                kind=SumKind.BREAK,
                label=label,
                detail="m",
                events=4,
                tokens=9,
                cost=Decimal(20),
                saving=Decimal(saving),
            )
        answer(f"break:{project}:tools_changed", state="done", actor=world.ana, now=MONDAY - DAY)

    (message,) = told(acme).values()

    looks = [value for label, value in message.facts if label == "Worth a look"]
    assert [each[-22:] for each in looks] == ["ed: $12.00 in 30 days."]
    assert dict(message.facts)["Marked as done"] == "ana@acme.test (1)"
    assert message.data["insights"] == [{"key": f"break:{project}:system_changed", "monthly": "12"}]


def test_the_mail_can_be_ended_by_one_click_in_a_mail_program(acme, client, world, settings):
    told(acme)
    send_due(acme.tenant.pk, within=DAY, clock=lambda: MONDAY, between=min)
    (sent,) = mail.outbox
    headers = message_from_bytes(sent.message().as_bytes(), policy=default)
    url = headers["List-Unsubscribe"].strip(" <>")
    path = url.removeprefix(settings.PUBLIC_URL.rstrip("/"))

    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert url in sent.body
    assert "Stop this mail" in client.get(path).content.decode()
    assert len(told(acme, now=MONDAY + 7 * DAY)) == 1, "programs open links before people do"
    client.post(path, {"List-Unsubscribe": "One-Click"})
    client.post(path, {"List-Unsubscribe": "One-Click"})

    spend(acme, 5, name="later", at=MONDAY + 10 * DAY)
    assert told(acme, now=MONDAY + 14 * DAY) == {}
    with acme.scope():
        assert AuditEntry.objects.get(action="week_mail.changed").actor == world.ana


def test_a_link_ends_the_mail_of_its_person_in_its_company_alone(acme, client, world):
    client.post(f"/weekly-mail/{week_token(world.brix.tenant.pk, world.ana.pk)}/")

    with acme.scope():
        assert Membership.objects.get(user=world.ana).week_mail
    client.post(f"/weekly-mail/{week_token(acme.tenant.pk, world.ana.pk)}/")
    with acme.scope():
        assert not Membership.objects.get(user=world.ana).week_mail
    with world.brix.scope():
        assert Membership.objects.get(user=world.bo).week_mail


def test_the_page_shows_the_mail_as_it_would_be_sent_and_switches_the_own_one(client, world):
    now = timezone.now()
    first = preset_range("last-week", today=now.astimezone().date()).since
    at = datetime(first.year, first.month, first.day, 12, tzinfo=UTC)
    spend(world.acme, 70, at=at)
    client.force_login(world.ana)

    def page():
        return " ".join(client.get("/t/acme/insights/mail/").content.decode().split())

    assert "Acme: $70.00 last week" in page()
    assert "Stop this mail" in page()
    client.post("/t/acme/insights/mail/", {"wanted": ""})
    assert "Mail it to me" in page()
    client.post("/t/acme/insights/mail/", {"wanted": "1"})
    assert "Stop this mail" in page()


def test_the_clock_of_a_company_writes_it(acme, monkeypatch):
    monkeypatch.setattr(tasks.timezone, "now", lambda: MONDAY)

    tasks.watch_tenant(tenant_id=acme.tenant.pk)

    with acme.scope():
        assert Delivery.objects.filter(about="week:2026-11-09").count() == 1


def test_of_many_workers_at_once_one_writes_it(committed):
    spend(committed.acme, 5, at=MONDAY - 3 * DAY)
    barrier, counts = Barrier(8), []

    def work():
        barrier.wait()
        with committed.acme.scope():
            counts.append(tell_week(now=MONDAY))
        connection.close()

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(counts) == [0] * 7 + [1]
    with committed.acme.scope():
        assert Delivery.objects.count() == 1
