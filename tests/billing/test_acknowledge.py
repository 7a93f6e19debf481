"""Acknowledge: by the first who says so; passed on once when nobody does; put off, and told again."""

import re
import threading
from datetime import timedelta

import pytest
from django.core import signing
from django.db import connection
from django.test import Client as Browser

from billing.flow.acknowledge import SALT, AlertLink, acknowledge, signed, snooze
from billing.models import Alert, Delivery
from billing.watch.pass_on import pass_on_alerts, wake_alerts
from tenants.actions import add_member
from tenants.models import AuditEntry, Membership, Role, User
from tests.billing.budgets import budget, spend
from tests.billing.test_alerts import check
from tests.factories import NOON

HOUR = timedelta(hours=1)


def member(company, name, role=Role.MEMBER):
    with company.scope():
        add_member(actor="test", email=f"{name}@acme.test", role=role)
    return User.objects.get(email=f"{name}@acme.test")


@pytest.fixture
def full(world):
    """A budget of Max, with Deb as deputy, that is used up: alerts at 50, 80 and 100 %."""
    owner, deputy = member(world.acme, "max"), member(world.acme, "deb")
    found = budget(world.acme, amount=10, owner=owner, deputy=deputy)
    spend(world.acme, 11)
    check(world.acme)
    return found


def alerts(company):
    with company.scope():
        return list(Alert.objects.order_by("threshold"))


def mails(company, after=0):
    with company.scope():
        return list(
            Delivery.objects.order_by("pk").values_list("person__email", "message__kind")[after:]
        )


def passed_on(company, *, hours):
    with company.scope():
        return pass_on_alerts(now=NOON + hours * HOUR)


# --- taking it on


def test_the_first_to_acknowledge_is_the_one_and_what_was_told_before_goes_with_it(world, full):
    highest = alerts(world.acme)[-1]
    with world.acme.scope():
        assert acknowledge(highest, actor=full.owner, note="on it", now=NOON)
        assert not acknowledge(highest, actor=world.ana, note="me too", now=NOON + HOUR)

    found = {(each.acknowledged_label, each.note) for each in alerts(world.acme)}
    assert found == {("max@acme.test", "on it")}
    with world.acme.scope():
        assert AuditEntry.objects.filter(action="alert.acknowledged").count() == 1


def test_what_is_told_later_is_open(world, full):
    with world.acme.scope():
        acknowledge(alerts(world.acme)[0], actor=full.owner, now=NOON)

    assert [each.acknowledged_at is None for each in alerts(world.acme)] == [False, True, True]


def test_two_people_at_once_and_one_of_them_did(committed):
    owner = member(committed.acme, "max")
    budget(committed.acme, amount=10, owner=owner)
    spend(committed.acme, 11)
    check(committed.acme)
    highest, done = alerts(committed.acme)[-1], []

    def take(person):
        with committed.acme.scope():
            mine = Alert.objects.get(pk=highest.pk)
            done.append(acknowledge(mine, actor=person, now=NOON))
        connection.close()

    threads = [threading.Thread(target=take, args=[each]) for each in (owner, committed.ana) * 4]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(done) == [False] * 7 + [True]


# --- passing it on


def test_a_full_budget_that_nobody_acknowledges_is_passed_on_once(world, full):
    before = len(mails(world.acme))

    assert [passed_on(world.acme, hours=each) for each in (23, 24, 25, 100)] == [0, 1, 0, 0]

    told = mails(world.acme, after=before)
    assert told == [
        ("deb@acme.test", "budget.escalated"),
        ("ana@acme.test", "budget.escalated"),
    ]
    with world.acme.scope():
        headline = Delivery.objects.last().message["headline"]
    assert headline.startswith(
        "max@acme.test has not acknowledged this for 24 hours. 50 %, 80 % and 100 % used"
    )


def test_an_acknowledged_one_is_not(world, full):
    with world.acme.scope():
        acknowledge(alerts(world.acme)[-1], actor=full.owner, now=NOON)

    assert passed_on(world.acme, hours=30) == 0


@pytest.mark.parametrize(
    ("terms", "spent"),
    [({"escalate_after_hours": None}, 11), ({}, 9), ({"escalate_after_hours": 48}, 11)],
)
def test_nor_what_is_not_full_or_has_time_left_or_none_set(world, terms, spent):
    budget(world.acme, amount=10, **terms)
    spend(world.acme, spent)
    check(world.acme)

    assert passed_on(world.acme, hours=47) == 0


def test_workers_who_race_pass_on_once(committed):
    budget(committed.acme, amount=10)
    spend(committed.acme, 11)
    check(committed.acme)
    done = []

    def run():
        with committed.acme.scope():
            done.append(pass_on_alerts(now=NOON + 30 * HOUR))
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sorted(done) == [0] * 7 + [1]
    assert [kind for _, kind in mails(committed.acme)].count("budget.escalated") == 1


# --- putting it off


def test_put_off_it_is_silent_until_then_then_told_again_and_the_time_begins_anew(world, full):
    with world.acme.scope():
        snooze(alerts(world.acme)[-1], actor=full.owner, until=NOON + 72 * HOUR)
    before = len(mails(world.acme))
    assert passed_on(world.acme, hours=71) == 0

    with world.acme.scope():
        assert [wake_alerts(now=NOON + each * HOUR) for each in (71, 72, 73)] == [0, 1, 0]

    assert mails(world.acme, after=before) == [("max@acme.test", "budget.reminder")]
    assert [passed_on(world.acme, hours=each) for each in (95, 96)] == [0, 1]


def test_what_is_acknowledged_cannot_be_put_off(world, full):
    with world.acme.scope():
        highest = alerts(world.acme)[-1]
        acknowledge(highest, actor=full.owner, now=NOON)
        assert not snooze(highest, actor=full.owner, until=NOON + HOUR)


# --- by the link in the mail


def link_of(company):
    with company.scope():
        url = Delivery.objects.first().message["links"][0]["url"]
    return re.sub(r"^https?://[^/]+", "", url)


def test_the_link_shows_the_alert_and_only_its_button_acknowledges(world, full):
    browser, link = Browser(), link_of(world.acme)

    for _ in range(3):
        page = browser.get(link)
        assert page.status_code == 200
        assert "50 %, 80 % and 100 % used: $11.00 of $10.00" in page.content.decode()
        assert "You acknowledge as max@acme.test" in page.content.decode()
    assert browser.head(link).status_code == 200
    assert [each.acknowledged_at for each in alerts(world.acme)] == [None] * 3

    done = browser.post(link, {"note": "stopped the import"})
    again = browser.post(link, {"note": "other words"})

    assert "<h1>Acknowledged</h1>" in done.content.decode()
    assert "<h1>Acknowledged before</h1>" in again.content.decode()
    first = alerts(world.acme)[0]
    assert (first.acknowledged_by, first.note) == (full.owner, "stopped the import")


def test_the_button_needs_the_token_of_the_page(world, full):
    browser, link = Browser(enforce_csrf_checks=True), link_of(world.acme)

    assert browser.post(link).status_code == 403
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', browser.get(link).content.decode())
    assert browser.post(link, {"csrfmiddlewaretoken": token[1]}).status_code == 200


def test_a_forged_old_or_foreign_link_does_nothing(world, full, monkeypatch):
    alert = alerts(world.acme)[-1]
    own, acme, brix = full.owner.pk, world.acme.tenant.pk, world.brix.tenant.pk
    old = "/acknowledge/" + signed(AlertLink(acme, alert.pk, own)) + "/"
    for link in (
        "/acknowledge/nonsense/",
        old[:-2] + ("A" if old[-2] != "A" else "B") + "/",
        "/acknowledge/" + signing.dumps([acme, alert.pk, own], salt="another") + "/",
        "/acknowledge/" + signing.dumps([acme], salt=SALT) + "/",
        "/acknowledge/" + signed(AlertLink(brix, alert.pk, own)) + "/",
        "/acknowledge/" + signed(AlertLink(acme, alert.pk, world.sam.pk)) + "/",
    ):
        for method in ("get", "post"):
            answer = getattr(Browser(), method)(link)
            assert answer.status_code == 404, link
            assert "$11.00" not in answer.content.decode()
    monkeypatch.setattr("django.core.signing.time.time", lambda: NOON.timestamp() + 40 * 86_400)
    assert Browser().post(old).status_code == 404
    assert alerts(world.acme)[-1].acknowledged_at is None


def test_who_has_left_cannot_use_the_link_any_more(world, full):
    link = link_of(world.acme)
    with world.acme.scope():
        Membership.objects.filter(user=full.owner).delete()

    assert Browser().get(link).status_code == 404
    assert Browser().post(link).status_code == 404


def test_a_client_viewer_who_answers_acknowledges_by_the_link(world):
    """The wall lets a viewer's session write nothing; the link's signature opens what it names and no more."""
    found = budget(world.acme, amount=10, owner=world.vik, shared=True)
    spend(world.acme, 11)
    check(world.acme)

    signed_in = Browser()
    signed_in.force_login(world.vik)
    assert signed_in.get("/t/acme/alerts/").status_code == 403
    page = signed_in.get(f"/t/acme/budgets/{found.pk}/").content.decode()
    assert "You answer for this budget. Its alerts come to vik@globex.test" in page
    assert Browser().post(link_of(world.acme)).status_code == 200
    assert alerts(world.acme)[0].acknowledged_by == world.vik
