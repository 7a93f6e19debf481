"""Re-pricing over HTTP and on pages: planned, counted, looked at, applied; what cannot be is said."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.flow.reprice_run import go_on
from billing.flow.terms import add_terms
from billing.models import Discount, Repricing
from billing.tasks import sweep
from tests.factories import event

URL = "/api/v1/repricings"
NOVEMBER = {"since": "2026-11-01", "until": "2026-12-01", "reason": "contract signed late"}


@pytest.fixture
def cheaper(api):
    """One event of $0.0156, and since then every price is half."""
    api.verdicts(event("a"))
    with api.company.scope():
        half = Discount(provider="anthropic", percent=Decimal(50))
        add_terms(half, actor="test", now=timezone.now())


def work(company):
    more = True
    while more:
        with company.scope():
            more = go_on(now=timezone.now())


def test_a_run_is_counted_then_applied(api, cheaper):
    planned = api.manage("POST", URL, NOVEMBER).json()
    work(api.company)

    counted = api.get(f"{URL}/{planned['id']}").json()
    assert (planned["state"], counted["state"]) == ("counting", "ready")
    change = {"events": 1, "newly_priced": 0, "newly_unpriced": 0} | {
        "old_cost": "0.0156",
        "new_cost": "0.0078",
        "difference": "-0.0078",
    }
    assert counted["counted"] == change
    assert counted["rows"] == [{"client": "globex", "day": "2026-11-20", **change}]

    applying = api.manage("POST", f"{URL}/{planned['id']}/apply")
    work(api.company)

    done = api.get(f"{URL}/{planned['id']}").json()
    assert (applying.json()["state"], done["state"]) == ("applying", "done")
    assert (done["applied"], done["made_by"]) == (change, done["applied_by"])
    (step,) = api.get("/api/v1/events/-/a").json()["corrections"]
    assert (step["kind"], step["old_cost"], step["new_cost"]) == ("reprice", "0.0156", "0.0078")
    assert api.get(URL).json()["repricings"][0]["id"] == planned["id"]


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        ({"since": "2026-12-01"}, 400, "invalid_range", "until"),
        ({"since": "2020-01-01"}, 400, "invalid_range", "since"),
        ({"reason": ""}, 422, "missing_field", "reason"),
        ({"models": "claude"}, 422, "not_a_list", "models"),
        ({"since": "yesterday"}, 422, "invalid_field", "since"),
        ({"model": "claude"}, 400, "unknown_field", "model"),
    ],
)
def test_what_makes_no_run_is_refused(api, changes, status, code, field):
    answer = api.manage("POST", URL, NOVEMBER | changes)

    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert answer.json()["code"] in (code, "invalid_field")


def test_a_run_is_applied_once_and_a_cancelled_one_never(api, cheaper):
    run = api.manage("POST", URL, NOVEMBER).json()["id"]

    early = api.manage("POST", f"{URL}/{run}/apply")
    cancelled = api.manage("POST", f"{URL}/{run}/cancel")
    late = api.manage("POST", f"{URL}/{run}/apply")

    assert (early.status_code, early.json()["code"]) == (409, "not_ready")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert late.status_code == 409


def test_pages_lead_from_the_form_to_the_figures_and_back(client, world):
    world.acme.post(event("a"), event("b", model="claude-opus-9"))
    with world.acme.scope():
        half = Discount(provider="anthropic", percent=Decimal(50))
        add_terms(half, actor="test", now=timezone.now())
    client.force_login(world.ana)
    new = "/t/acme/prices/repricings/new/"
    asked = client.get(f"{new}?unpriced=1&model=claude-opus-9&since=2026-11-05").content.decode()
    form = {"since": "2026-11-01", "last": "2026-11-30", "reason": "contract"}

    wrong = client.post(new, form | {"last": "2026-10-01"})
    page = client.post(new, form).headers["Location"]
    counting = client.get(page).content.decode()
    work(world.acme)
    ready = client.get(page).content.decode()
    client.post(f"{page}apply/")
    work(world.acme)
    done = client.get(page).content.decode()

    assert "claude-opus-9" in asked and 'value="2026-11-05"' in asked and "checked" in asked
    assert (wrong.status_code, b"The last day is the first or later" in wrong.content) == (
        422,
        True,
    )
    assert "data-refresh" in counting and "data-refresh" not in ready
    assert "1 event would change" in ready and "−$0.01" in ready
    assert "<strong>Applied</strong> by ana@acme.test" in done
    assert b"Priced again" in client.get("/t/acme/event/?source=&id=a").content


def test_a_run_that_does_not_move_is_rung_for_again(world, monkeypatch):
    """The bell may have been lost, or the worker that had the run: a sweep finds it."""
    rung = []
    monkeypatch.setattr(
        "billing.tasks.ring", lambda tenant, task="fold": rung.append((tenant, task))
    )

    with world.acme.scope():
        day = timezone.now().date()
        Repricing.objects.create(
            made_at=timezone.now(),
            made_by="test",
            reason="test",
            since=day,
            until=day + timedelta(days=1),
            starts_at=timezone.now(),
            ends_at=timezone.now() + timedelta(days=1),
            expected=0,
            moved_at=timezone.now(),
        )
    sweep()

    assert (world.acme.tenant.pk, "reprice") in rung
