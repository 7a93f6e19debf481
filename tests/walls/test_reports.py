"""Every report and every answer of the API, run as Acme beside Brix's twin of the same data."""

import inspect
import itertools
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.models import Budget
from billing.models.prices import AGREED_FROM
from billing.periods import DayRange
from billing.reports import allow as allow_reports
from billing.reports import apart as apart_reports
from billing.reports import buckets as bucket_reports
from billing.reports import budgets as budget_reports
from billing.reports import costs as cost_reports
from billing.reports import events as event_reports
from billing.reports import measures as measure_reports
from billing.reports import prices as price_reports
from billing.reports import spend as spend_reports
from billing.reports import unpriced as unpriced_reports
from billing.reports.allow import allowed
from billing.reports.apart import spend_apart
from billing.reports.buckets import DIMENSIONS
from billing.reports.budgets import Window, consumption, day_by_day, standings
from billing.reports.costs import Ask, costs
from billing.reports.events import event_at, event_detail, events
from billing.reports.measures import PriceHidden
from billing.reports.prices import price_row, priced_models
from billing.reports.spend import GRANULARITIES, ReportError, spend
from billing.reports.unpriced import unpriced_queue
from tenants.models import Project
from tenants.scoping import NoActiveTenant, tenant_scope
from tests.walls.calls import CALLS
from tests.walls.roles import application_wall_off, as_owner, database_wall_off
from tests.walls.test_routes import path_of

GROUPS = [(), *((name,) for name in (*DIMENSIONS, "token_class")), ("client", "model")]
FILTERS = [
    {"client": "globex"},
    {"client": "only-brix"},
    {"project": "contract-agent"},
    {"project": "secret-brix"},
    {"model": "unheard-of-globex-brix"},
    {"environment": "env-initech-acme"},
    {"api_key": "import"},
    {"feature": "(none)"},
    {"token_class": "output"},
    {"component": "system"},
    {"priced": "no"},
]
SOURCES = [
    f"source-{client}-{slug}" for client in ("globex", "initech") for slug in ("acme", "brix")
]


def days():
    today = timezone.now().date()
    return DayRange(today - timedelta(days=40), today + timedelta(days=2))


QUESTIONS = [
    *itertools.product(GRANULARITIES, GROUPS, [{}]),
    *itertools.product(["day", "total"], [("client", "project"), ("feature",)], FILTERS),
]


def spends():
    """Every granularity, dimension and filter of the one question. The instant is left out: it moves."""
    for granularity, groups, filters in QUESTIONS:
        try:
            report = spend(days(), granularity=granularity, group_by=groups, **filters)
        except ReportError as error:
            yield repr(error.detail)
        else:
            yield repr((report.rows, report.total))


def spends_apart():
    for granularity, groups, filters in QUESTIONS:
        if granularity != "hour" or "component" not in groups:
            narrow = {name: value for name, value in filters.items() if name != "api_key"}
            groups = tuple(name for name in groups if name != "api_key")
            found = spend_apart(days(), granularity=granularity, group_by=groups, narrow=narrow)
            yield repr((found.report.rows, found.report.total, sorted(map(str, found.lacking))))


def all_costs():
    """Of clients' spend there are none."""
    asks = [
        Ask(days(), granularity, groups, filters)
        for granularity, groups, filters in QUESTIONS
        if granularity != "hour" or "component" not in groups
    ]
    try:
        yield from map(repr, costs(*asks))
    except PriceHidden as error:
        yield repr(error)


def pages_of_events():
    for choice in (
        {},
        {"project": "support-bot"},
        {"client": "initech"},
        {"client": "only-brix"},
        {"priced": "no"},
    ):
        first = events(**choice, limit=2)
        yield repr(first)
        if first.next_cursor:
            yield repr(events(**choice, limit=2, cursor=first.next_cursor))


def details():
    for source, number in itertools.product(SOURCES, ("e-1", "u-2", "v-1")):
        yield repr(event_detail(source, number))
        yield repr(event_at(f"{source}/{number}"))


def standing():
    """Where the budgets stand: a report of budgets asks for them in the scope that it runs in."""
    today = timezone.now().date()
    budgets = list(Budget.objects.all())
    for each in standings(budgets, today=today):
        yield repr((each.budget.name, each.period, each.used))
    windows = [Window(each, each.cycle.around(today)) for each in budgets]
    yield repr((consumption(windows), day_by_day(windows)))


def permissions():
    for project in Project.objects.all():
        found = allowed(project.slug, estimate=Decimal(1), now=timezone.now())
        assert found is not None
        yield repr((project.slug, found.allow, found.decides and found.decides.used))


def prices():
    """Every row that the scope can see, and whether the rows of all companies can be had by their ids."""
    for each in priced_models(timezone.now().date()):
        yield repr((each, [line.row.source for line in each.lines]))
    for row_id in range(AGREED_FROM, AGREED_FROM + 200):
        row = price_row(row_id)
        yield repr(row and (row_id, row.source))


def queue():
    for project in ("", "support-bot", "secret-brix"):
        yield repr(unpriced_queue(project=project))


REPORTS = {
    "priced_models": prices,
    "unpriced_queue": queue,
    "spend": spends,
    "spend_apart": spends_apart,
    "costs": all_costs,
    "events": pages_of_events,
    "event_detail": details,
    "standings": standing,
    "allowed": permissions,
}
ALSO = {
    "consumption": "with standings",
    "day_by_day": "with standings",
    "source_of": "with standings",
    "event_at": "with event_detail",
    "found_rows": "with spend",
    "report_of": "adds what others found",
    "buckets_of": "writes SQL",
    "shown_names": "writes SQL",
    "cost_of": "adds what others found",
    "by_value": "tells apart what others found",
    "add_up": "adds what others found",
    "price_row": "with priced_models",
    "after_discount": "works out what it is given",
    "is_valid_on": "works out what it is given",
    "discount_on": "works out what it is given",
}


def everything():
    return [text for report in REPORTS.values() for text in report()]


def foreign(texts, marks):
    return {mark for text in texts for mark in marks if mark in text}


@pytest.mark.smoke
def test_every_report_is_tried():
    found = {
        name
        for module in (
            allow_reports,
            apart_reports,
            bucket_reports,
            budget_reports,
            cost_reports,
            event_reports,
            measure_reports,
            price_reports,
            spend_reports,
            unpriced_reports,
        )
        for name, member in inspect.getmembers(module, inspect.isfunction)
        if member.__module__ == module.__name__ and not name.startswith("_")
    }

    assert found == {*REPORTS, *ALSO}


@pytest.mark.smoke
def test_no_report_tells_of_another_company(twins):
    with tenant_scope(twins.acme.id):
        acme = everything()
    with tenant_scope(twins.brix.id):
        brix = everything()

    assert foreign(acme, twins.brix.all_marks | {"Brix"}) == set()
    assert foreign(brix, twins.acme.all_marks | {"Acme"}) == set()
    assert len(foreign(acme, twins.acme.all_marks)) > 20


def test_no_report_tells_a_viewer_of_another_client_or_of_keys(twins):
    with tenant_scope(twins.acme.id, client_id=twins.acme.client_id):
        seen = everything()

    hidden = twins.brix.all_marks | twins.acme.own | twins.acme.marks["initech"]
    assert foreign(seen, hidden) == set()
    assert len(foreign(seen, twins.acme.marks["globex"])) > 5


def test_what_a_company_spends_is_what_it_spends_alone(twins):
    """To the last digit what its own ledger and corrections add up to."""
    with as_owner() as cursor:
        cursor.execute(
            "SELECT sum(cost), sum(events) FROM ("
            " SELECT cost_output + cost_input + cost_cache_read, 1 FROM billing_usageevent WHERE tenant_id = %s"
            " UNION ALL SELECT cost_output + cost_input + cost_cache_read, events"
            " FROM billing_eventcorrection WHERE tenant_id = %s) ledger (cost, events)",
            [twins.acme.id, twins.acme.id],
        )
        cost, count = cursor.fetchone()

    with tenant_scope(twins.acme.id):
        total = spend(days()).total

    assert (total.cost, total.events) == (cost, count)


@pytest.mark.parametrize("report", REPORTS)
def test_without_a_scope_there_is_no_report(twins, report):
    with pytest.raises(NoActiveTenant):
        list(REPORTS[report]())


@pytest.mark.parametrize("name", ["acme", "brix"])
def test_with_the_application_wall_off_every_report_says_the_same(twins, name, monkeypatch):
    twin = getattr(twins, name)
    with tenant_scope(twin.id):
        before = everything()
        with application_wall_off(monkeypatch):
            assert everything() == before


def test_with_the_application_wall_off_a_viewers_spend_is_the_same(twins, monkeypatch):
    with tenant_scope(twins.acme.id, client_id=twins.acme.client_id):
        before = list(spends())
        with application_wall_off(monkeypatch):
            assert list(spends()) == before


def test_with_the_database_wall_off_a_viewers_reports_say_the_same(twins, monkeypatch):
    with tenant_scope(twins.acme.id, client_id=twins.acme.client_id):
        before = everything()

    with (
        database_wall_off(monkeypatch),
        tenant_scope(twins.acme.id, client_id=twins.acme.client_id),
    ):
        assert everything() == before


def test_with_the_database_wall_off_every_report_says_the_same(twins, monkeypatch):
    with tenant_scope(twins.acme.id):
        before = everything()

    with database_wall_off(monkeypatch), tenant_scope(twins.acme.id):
        assert everything() == before
        with application_wall_off(monkeypatch):
            assert foreign(pages_of_events(), twins.brix.all_marks)


# --- The same over HTTP ------------------------------------------------------------------------------


def answers(twins, twin):
    """(address, status and body) of every reading call with a key of this company."""
    browser = twins.browser("anonymous")
    headers = {"Authorization": f"Bearer {twin.keys['all']}"}
    queries = ["", "?group_by=client,api_key", "?group_by=project&client=only-brix", "?cursor=x"]
    for row in CALLS:
        if row.method != "GET":
            continue
        for query in queries:
            path = path_of(row, twins) + query
            response = browser.get(path, headers=headers)
            yield path, f"{response.status_code} {response.content.decode()}"


def api_leaks(twins, twin, other):
    marks = other.all_marks | {other.company.tenant.name}
    return {
        path: {mark for mark in marks if mark in text and mark not in path}
        for path, text in answers(twins, twin)
        if any(mark in text and mark not in path for mark in marks)
    }


@pytest.mark.smoke
def test_no_answer_of_the_api_tells_of_another_company(twins):
    assert api_leaks(twins, twins.acme, twins.brix) == {}
    assert api_leaks(twins, twins.brix, twins.acme) == {}
    assert foreign(dict(answers(twins, twins.acme)).values(), twins.acme.all_marks)


def test_with_the_application_wall_off_no_answer_does_either(twins, monkeypatch):
    with application_wall_off(monkeypatch):
        assert api_leaks(twins, twins.acme, twins.brix) == {}
        assert api_leaks(twins, twins.brix, twins.acme) == {}


FOREIGN = [row for row in CALLS if row.foreign == 404 and row.method != "POST"]


@pytest.mark.parametrize("row", FOREIGN, ids=lambda row: f"{row.method} {row.path}")
def test_a_foreign_object_and_one_of_nobody_look_alike(twins, row):
    headers = {"Authorization": f"Bearer {twins.brix.keys['all']}"}
    send = getattr(twins.browser("anonymous"), row.method.lower())
    path = path_of(row, twins)

    of_acme = send(path, headers=headers)
    nobodys = re.sub(r"(?<=[/=])[^/=]+?(/result)?$", r"999999999\1", path)
    of_nobody = send(nobodys, headers=headers)

    assert (of_acme.status_code, of_nobody.status_code) == (404, 404)
    assert of_acme.content == of_nobody.content


def test_a_foreign_event_cannot_be_told_from_none_by_taking_it_back(twins):
    headers = {"Authorization": f"Bearer {twins.brix.keys['all']}"}
    said = []
    for event_id in ("e-1", "e-9"):
        response = twins.browser("anonymous").post(
            "/api/v1/events/void",
            {"source": "source-globex-acme", "id": event_id, "reason": "test"},
            content_type="application/json",
            headers=headers,
        )
        said.append((response.status_code, response.content.decode().replace(event_id, "…")))

    assert said[0] == said[1]
    assert said[0][0] == 404
