"""Names have no end: a client and a project of a hundred unbroken letters burst no page of a telephone."""

from tenants.actions import rename
from tests.factories import event
from tests.journeys.test_spend_is_seen import sign_in

LONG = "Donaudampfschifffahrtsgesellschaft" * 3
ROOM = "document.documentElement.clientWidth"
PAGES = [
    "",
    "explore/?range=90d&group_by=client,project",
    "clients/",
    "clients/globex/",
    "clients/globex/edit/",
    "clients/globex/prices/",
    "clients/globex/components/",
    "clients/globex/statements/",
    "projects/",
    "projects/support-bot/",
    "projects/support-bot/edit/",
    "projects/support-bot/events/",
    "projects/support-bot/plan/",
    "insights/",
    "budgets/new/",
    "keys/",
]


def test_no_page_is_wider_than_the_screen_because_of_a_name(address, committed, browser):
    acme = committed.acme
    with acme.scope():
        for named in (acme.clients["globex"], acme.projects["support-bot"]):
            rename(named, actor="test", name=LONG)
    acme.post(event())
    page = sign_in(browser, address, committed.ana)
    page.set_viewport_size({"width": 320, "height": 800})

    burst, seen = {}, set()
    for path in PAGES:
        assert page.goto(f"{address}/t/acme/{path}").status == 200, path
        wide = page.evaluate(f"document.documentElement.scrollWidth - {ROOM}")
        seen |= {path} if LONG in page.content() else set()
        if wide > 0:
            burst[path] = wide

    assert burst == {}
    assert len(seen) > 10
