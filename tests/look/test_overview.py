"""The overview: where the company stands now, what moved, and each client in a line."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.flow.set_budget import Counts, NewTerms, set_budget
from billing.models import Alert
from billing.money import dollars
from billing.periods import preset_range, today_in
from billing.reports.movers import movers
from billing.web.company import HIGH, Whole, sparkline
from tenants.actions import archive
from tenants.owners import set_owner
from tests.factories import COST, event
from tests.look.test_pages import MOST_QUERIES, queries_of, text_of

COSTS = Decimal(COST)


@pytest.fixture
def ana(client, world):
    client.force_login(world.ana)
    return client


def budget(world, name, amount, **scope):
    """Of a calendar month; thresholds are 50, 80 and 100 %."""
    terms = NewTerms(amount=Decimal(amount), period="month", owner=world.ana)
    return set_budget(
        actor="test", name=name, counts=Counts(**scope), terms=terms, now=timezone.now()
    )


@pytest.fixture
def spent(world):
    """Globex spends twice what Initech does today, both for the first time."""
    at = timezone.now().isoformat()
    world.acme.post(
        event("e-1", occurred_at=at),
        event("e-2", occurred_at=at),
        event("e-3", occurred_at=at, project="contract-agent"),
    )
    return world


def test_the_figures_are_those_of_the_reports(ana, spent):
    page = ana.get("/t/acme/")

    today, month, heading, _, alerts = page.context["stats"]
    assert today.value == month.value == dollars(3 * COSTS)
    assert heading.value == "–"  # too little to go by
    assert alerts.value == "0"
    globex, initech = page.context["rows"]
    assert (globex.spend.cost, initech.spend.cost) == (2 * COSTS, COSTS)
    assert (globex.share, initech.share) == (66, 33)
    assert page.context["figure"].chart.total == 3 * COSTS
    assert [each.key for each in page.context["movers"]] == ["support-bot", "contract-agent"]
    assert [each.change for each in page.context["movers"]] == [2 * COSTS, COSTS]
    assert "≈" not in page.content.decode().partition("What moved most")[2]


def test_the_month_stands_against_the_companys_budget_else_its_clients_together(ana, spent):
    with spent.acme.scope():
        globex, initech = (spent.acme.clients[name] for name in ("globex", "initech"))
        budget(spent, "Bot alone", 1, project=spent.acme.projects["support-bot"])
        assert "budget" not in ana.get("/t/acme/").context["stats"][1].note
        budget(spent, "Globex", "0.03", client=globex)
        budget(spent, "Globex, generous", 9, client=globex)
        budget(spent, "Initech", "0.07", client=initech)
    note = ana.get("/t/acme/").context["stats"][1].note
    assert note == "47\u00a0% of $0.10, the budgets of 2 clients together"
    states = [row.budget.words for row in ana.get("/t/acme/").context["rows"]]
    assert states == ["over: 104 %", "22 % used"]

    with spent.acme.scope():
        budget(spent, "All", "0.05")

    month = ana.get("/t/acme/").context["stats"][1]
    assert (month.note, month.tone) == ("94\u00a0% of $0.05, budget “All”", "up")


def test_owners_open_alerts_and_archived_clients_are_told_apart(ana, spent):
    now = timezone.now()
    with spent.acme.scope():
        set_owner(spent.acme.clients["globex"], actor="test", owner=spent.ana)
        for number in range(3):
            Alert.objects.create(
                kind="spike",
                subject=str(number),
                since=now.date(),
                until=now.date() + timedelta(days=1),
                spent=Decimal(1),
                amount=Decimal(1),
                headline="A spike.",
                made_at=now,
                acknowledged_at=now if number else None,
            )
        archive(spent.acme.clients["initech"], actor="test", now=now)

    page = ana.get("/t/acme/")
    assert page.context["stats"][-1].value == "1"
    assert [(row.slug, row.owner) for row in page.context["rows"]] == [
        ("globex", "ana@acme.test"),
        ("initech", ""),  # archived, and spends
    ]
    assert 'href="/t/acme/alerts/?show=open"' in page.content.decode()
    assert "nobody yet" in text_of(page)


def test_a_month_is_held_against_as_many_days_of_the_one_before(ana, world):
    today = today_in(world.acme.tenant.timezone, now=timezone.now())
    first = Whole.days(today).since
    earlier = timezone.now() - timedelta(days=(today - first).days)
    world.acme.post(event("old", occurred_at=earlier.isoformat()), event("new"))
    with world.acme.scope():
        whole = Whole.find(today)

    before = preset_range("month", today=today).previous()
    assert len(before.days) <= (today.replace(day=1) - timedelta(days=1)).day
    assert sum(each.cost for each in whole.before.values()) == (COSTS if first.day == 1 else 0)
    assert whole.before.keys() <= {"globex"} and whole.projects_before.keys() <= {"support-bot"}
    assert len(whole.bars.days) == 30 and whole.bars.last == today
    assert whole.period.since.day == whole.period.until.day == 1


def test_the_overview_asks_little(ana, spent):
    with spent.acme.scope():
        budget(spent, "All", 1)

    assert len(queries_of(ana, "/t/acme/")) <= MOST_QUERIES


def test_the_largest_change_moves_most_up_or_down():
    now = {"a": Decimal(5), "b": Decimal(1), "c": Decimal(2)}
    before = {"a": Decimal(4), "b": Decimal(9), "c": Decimal(2)}

    assert [(each.key, each.change) for each in movers(now, before)] == [("b", -8), ("a", 1)]


def test_a_small_picture_is_as_high_as_there_is_room_and_shows_every_day_with_spend():
    assert sparkline([Decimal(0)] * 30) == ""
    path = sparkline([Decimal(100), Decimal(0), Decimal("0.0001")])
    assert path.count("M") == 2
    assert path.startswith(f"M0 0h3v{HIGH}h-3z")
    assert path.endswith(f"M8 {HIGH - 1}h3v1h-3z")


@pytest.mark.parametrize("path", ["", "clients/", "clients/globex/", "projects/support-bot/"])
def test_every_picture_in_a_table_has_a_heading_that_is_seen(ana, spent, path):
    """Wide: the heading of its column. Narrow, where headings go: its label."""
    html = ana.get(f"/t/acme/{path}").content.decode()

    for table in re.findall(r"<table.*?</table>", html, re.S):
        heads = re.findall(r"<th scope=\"col\".*?>(.*?)</th>", table.partition("</thead>")[0])
        for row in re.findall(r"<tr>(.*?)</tr>", table.partition("<tbody>")[2], re.S):
            cells = re.findall(r"<t[dh]([^>]*)>", row)
            for head, cell in zip(heads, cells, strict=False):
                if 'class="share"' in cell or 'class="spark"' in cell:
                    assert head and "<" not in head, table
                    assert 'data-label="' in cell
    assert 'class="share"' in html
