"""Questions at length: answered day by day, each once, as one answer would be; stopped, and gone on with."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing import tasks
from billing.flow.change import Change
from billing.flow.terms import add_terms
from billing.insights import what_if_run as runs
from billing.insights.what_if_run import (
    answer_a_day,
    answer_of,
    ask_what_if,
    resume_what_if,
    stop_what_if,
)
from billing.models import Discount, WhatIfRun
from billing.periods import DayRange
from billing.reports.what_if import what_if
from tenants.actions import ActionError
from tenants.models import AuditEntry
from tests.billing.test_what_if import some_events

DAYS = DayRange(date(2026, 10, 1), date(2026, 11, 15))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HAIKU = {"model": "claude-haiku-5-5"}
"""Its prompts have two prices, so every event is priced by itself."""


def ask(company, settings=HAIKU, **where):
    with company.scope():
        return ask_what_if(DAYS, settings, actor="ana", now=NOW, **where)


def answer(company, *, days=100):
    """As the worker does, a transaction for each day."""
    for _ in range(days):
        with company.scope():
            if not answer_a_day(now=NOW):
                return


def told(found):
    left = {each.reason: (each.events, each.cost) for each in found.left_out.values()}
    return (found.rows, left, found.unpriced_events, found.one_by_one)


@pytest.mark.parametrize("where", [{}, {"project": "support-bot"}])
def test_the_answer_is_the_same_as_all_at_once_stopped_or_not(world, where):
    world.acme.post(*some_events(3), now=NOW)
    world.acme.fold()
    run = ask(world.acme, **where)

    answer(world.acme, days=20)
    with world.acme.scope():
        run.refresh_from_db()
        stop_what_if(run, actor="ana", now=NOW)
    answer(world.acme)
    with world.acme.scope():
        run.refresh_from_db()
        stopped_at = (run.state, run.next_day, run.percent)
        part = answer_of(run)
        resume_what_if(run, actor="ana", now=NOW)
    answer(world.acme)

    with world.acme.scope():
        run.refresh_from_db()
        whole = what_if(DAYS, Change(**HAIKU), now=NOW, **where)
        actions = list(AuditEntry.objects.filter(action__startswith="what_if.").order_by("pk"))
        assert stopped_at == ("stopped", date(2026, 10, 21), 44)
        assert 0 < part.events < whole.events
        assert (run.state, run.percent) == ("done", 100)
        assert told(answer_of(run)) == told(whole)
        assert whole.one_by_one > 10
    assert [each.action for each in actions] == [
        "what_if.asked",
        "what_if.stopped",
        "what_if.resumed",
    ]


def test_a_day_whose_worker_died_is_answered_once(world, monkeypatch):
    world.acme.post(*some_events(3), now=NOW)
    run = ask(world.acme)
    answer(world.acme, days=20)
    keep = runs._keep

    def die(*arguments):
        keep(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "_keep", die)
    with pytest.raises(KeyboardInterrupt):
        answer(world.acme, days=1)
    monkeypatch.setattr(runs, "_keep", keep)
    answer(world.acme)

    with world.acme.scope():
        run.refresh_from_db()
        assert told(answer_of(run)) == told(what_if(DAYS, Change(**HAIKU), now=NOW))


def test_other_prices_end_a_question_and_the_sweep_finds_what_a_bell_lost(world, monkeypatch):
    world.acme.post(*some_events(3), now=NOW)
    run = ask(world.acme)
    rung = []
    monkeypatch.setattr(tasks, "ring", lambda tenant, task="fold": rung.append((tenant, task)))
    tasks.sweep()
    answer(world.acme, days=2)
    with world.acme.scope():
        add_terms(Discount(provider="anthropic", percent=Decimal(10)), actor="ana", now=NOW)
    answer(world.acme)

    with world.acme.scope():
        run.refresh_from_db()
    assert (world.acme.tenant.pk, "answer_what_if") in rung
    assert (world.brix.tenant.pk, "answer_what_if") not in rung
    assert (run.state, run.stopped_because) == ("failed", runs.BOOK_CHANGED)
    with world.acme.scope(), pytest.raises(ActionError) as refused:
        resume_what_if(run, actor="ana", now=NOW)
    assert refused.value.code == "not_ready"


def test_questions_make_sense_and_are_few_at_once(world):
    with world.acme.scope():
        for settings, field in (({}, "settings"), ({"per_cent": "half"}, "per_cent")):
            with pytest.raises(ActionError) as refused:
                ask_what_if(DAYS, settings, actor="ana", now=NOW)
            assert (refused.value.code, refused.value.field) == ("invalid_field", field)
    for _ in range(3):
        ask(world.acme)
    with pytest.raises(ActionError) as refused:
        ask(world.acme)

    assert refused.value.code == "already_running"
    ask(world.brix)
    with world.acme.scope():
        assert WhatIfRun.objects.count() == 3
