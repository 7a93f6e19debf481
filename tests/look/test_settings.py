"""Settings: each change is kept with before and after, a zone moves while one looks, no event goes unasked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing.flow.retention import kept_months, kept_since
from billing.flow.zone import move_on
from tenants.company import ActionError, change_company
from tenants.models import AuditEntry, Tenant
from tests.factories import event
from tests.look.test_pages import ana, text_of  # noqa: F401

SETTINGS = "/t/acme/settings/"


def audited(world):
    with world.acme.scope():
        return list(AuditEntry.objects.values_list("action", "before", "after")[:1])


def test_name_and_week_are_changed_and_new_weekly_budgets_begin_there(ana, world):  # noqa: F811
    form = {"name": "Acme & Sons", "week_starts_on": "7"}
    saved = ana.post(SETTINGS, form, follow=True)
    ana.post(SETTINGS, form)

    assert "Acme &amp; Sons" in saved.content.decode()
    assert audited(world) == [
        (
            "tenant.changed",
            {"name": "Acme", "week_starts_on": 1},
            {"name": "Acme & Sons", "week_starts_on": 7},
        )
    ]
    with world.acme.scope():
        assert AuditEntry.objects.filter(action="tenant.changed").count() == 1
    new = ana.get("/t/acme/budgets/new/").content.decode()
    assert '<option value="7" selected>' in new
    with world.brix.scope():
        assert (Tenant.objects.get().name, Tenant.objects.get().week_starts_on) == ("Brix", 1)


@pytest.mark.parametrize(
    "form",
    [
        {"name": "", "week_starts_on": "1"},
        {"name": "x" * 121, "week_starts_on": "1"},
        {"name": "Acme", "week_starts_on": "8"},
    ],
)
def test_a_company_that_makes_no_sense_is_shown_again(ana, world, form):  # noqa: F811
    answer = ana.post(SETTINGS, form)

    assert (answer.status_code, "errorlist" in answer.content.decode()) == (422, True)
    with world.acme.scope(), pytest.raises(ActionError):
        change_company(actor=world.ana, name=form["name"], week_starts_on=9)


def test_a_zone_moves_while_the_page_says_how_far_it_is(ana, world):  # noqa: F811
    world.acme.post(event())
    wrong = ana.post(f"{SETTINGS}zone/", {"timezone": "Mars/Olympus"})
    under_way = ana.post(f"{SETTINGS}zone/", {"timezone": "Asia/Tokyo"}, follow=True)
    second = ana.post(f"{SETTINGS}zone/", {"timezone": "Asia/Seoul"})
    with world.acme.scope():
        while not move_on(now=timezone.now()).is_done:
            pass
    done = ana.get(SETTINGS)

    assert (wrong.status_code, second.status_code) == (422, 422)
    assert 'id="zone" data-refresh="2"' in under_way.content.decode()
    assert "being moved to Asia/Tokyo" in text_of(under_way)
    assert "data-refresh" not in done.content.decode()
    assert '<option value="Asia/Tokyo" selected>' in done.content.decode()
    assert audited(world) == [
        ("tenant.timezone", {"timezone": "Europe/Sofia"}, {"timezone": "Asia/Tokyo"})
    ]


def test_retention_shows_what_would_go_and_wants_a_tick(ana, world):  # noqa: F811
    now = timezone.now()
    since = kept_since(2, now=now)
    old = [now - timedelta(days=days) for days in (200, 130)]
    world.acme.post(*(event(f"e{at:%j}", occurred_at=at.isoformat()) for at in (*old, now)))
    world.acme.fold()

    preview = ana.get(f"{SETTINGS}retention/?months=2")
    unsure = ana.post(f"{SETTINGS}retention/", {"months": "2"})
    with world.acme.scope():
        assert kept_months() is None
    sure = ana.post(f"{SETTINGS}retention/", {"months": "2", "sure": "yes"}, follow=True)

    assert f"2 events before {since.day} " in text_of(preview)
    assert (unsure.status_code, sure.status_code) == (422, 200)
    assert "Tick this" in text_of(unsure)
    assert "2 months and this one" in text_of(sure)
    assert audited(world) == [("tenant.retention", {"months": None}, {"months": 2})]
    assert ana.get(f"{SETTINGS}retention/?months=1").status_code == 422
    ana.post(f"{SETTINGS}retention/", {"months": ""})
    assert "kept for ever" in text_of(ana.get(SETTINGS))
