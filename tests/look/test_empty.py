"""A company with nothing in it: each page says in one sentence what will be here and leads one step on."""

import re
from html import unescape
from urllib.parse import urljoin

import pytest

from tenants.actions import add_member, create_client, create_tenant
from tenants.models import Client, Role, User
from tenants.scoping import tenant_scope

CARD = re.compile(
    r'<div class="empty stack">\s*<h2>[^<]+</h2>\s*<p>([^<]+)</p>\s*(?:<p>(.+?)</p>)?', re.S
)
SENTENCE = re.compile(r"[A-Z“][^.!?]+\.")
LINK = re.compile(r'href="([^"]*)"')
NEW_CLIENT, NEW_PROJECT, NEW_BUDGET = "new-client/", "new-project/", "budgets/new/"
SEND = "start/"
STEPS = {
    # page: the next step of an owner, of finance, of a member
    "": (SEND, SEND, SEND),
    "explore/": (SEND, SEND, SEND),
    "what-if/": (SEND, SEND, SEND),
    "clients/": (NEW_CLIENT, "", ""),
    "projects/": (NEW_CLIENT, "", ""),
    "budgets/": (NEW_BUDGET, NEW_BUDGET, ""),
    "alerts/": (NEW_BUDGET, NEW_BUDGET, ""),
    "scenarios/": ("scenarios/new/", "scenarios/new/", ""),
}
WITH_A_CLIENT = {
    "projects/": (NEW_PROJECT, "", "", None),
    "clients/first/": (SEND, SEND, SEND, ""),
    "clients/first/statements/": (SEND, SEND, SEND, ""),
    "budgets/": (NEW_BUDGET, NEW_BUDGET, "", ""),
}
"""The same with one client; its viewer is the fourth."""


@pytest.fixture
def people(db):
    """Owner, finance and member of a company without client or event."""
    made = create_tenant(
        name="Bare", slug="bare", owner_email="owner@bare.test", timezone_name="Europe/Sofia"
    )
    with tenant_scope(made.tenant.pk):
        for role in (Role.FINANCE, Role.MEMBER):
            add_member(actor="test", email=f"{role.value}@bare.test", role=role)
    return made.tenant


def step_of(client, page, *, expected):
    """Where the one empty card leads; nothing else in the main part of the page may lead nowhere."""
    here = f"/t/bare/{page}"
    answer = client.get(here)
    if expected is None:
        assert answer.status_code in (403, 404), page
        return None
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    (words, step) = CARD.findall(main)[0]
    assert len(CARD.findall(main)) == 1 and SENTENCE.fullmatch(unescape(words)), (page, words)
    for url in LINK.findall(main):
        if url.startswith("#"):
            assert f'id="{url[1:]}"' in main, (page, url)
        else:
            assert client.get(urljoin(here, unescape(url))).status_code == 200, (page, url)
    (url,) = LINK.findall(step) or [""]
    assert main.count(f'href="{url}"') == (1 if url else 0), (page, "the same step twice")
    return url.removeprefix("/t/bare/")


def test_each_empty_page_leads_one_step_on_whoever_may_take_it(people, client):
    for number, name in enumerate(("owner", "finance", "member")):
        client.force_login(User.objects.get(email=f"{name}@bare.test"))
        for page, steps in STEPS.items():
            assert step_of(client, page, expected=steps[number]) == steps[number], (name, page)

    with tenant_scope(people.pk):
        first = create_client(actor="test", slug="first", name="First")
        add_member(actor="test", email="viewer@bare.test", role=Role.CLIENT, client=first)
    for number, name in enumerate(("owner", "finance", "member", "viewer")):
        client.force_login(User.objects.get(email=f"{name}@bare.test"))
        for page, steps in WITH_A_CLIENT.items():
            assert step_of(client, page, expected=steps[number]) == steps[number], (name, page)

    with tenant_scope(people.pk):
        assert Client.objects.count() == 1  # looking made nothing
