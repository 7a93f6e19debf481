"""What a page says: no text of another company, and to a client viewer none of another client."""

import re

import pytest
from django.db import transaction

from tests.walls.roles import application_wall_off, database_wall_off
from tests.walls.routes import PAGES, PEOPLE
from tests.walls.test_routes import NOUNS, filled

QUERIES = (
    "?range=90d",
    "?range=90d&by=client",
    "?range=90d&by=model",
    "?range=nonsense&by=initech",
)
# A mailed link opens for whoever holds it: it is no page of anybody's.
ADDRESSES = sorted({row.path for row in PAGES if row.method == "GET" and "_link}" not in row.path})
FOREIGN_IDS = [f"brix_{noun}" for noun in NOUNS]
OF_ACME = [path for path in ADDRESSES if path.startswith("/t/acme/")]


def in_brix(path):
    for acme, brix in (("/t/acme/", "/t/brix/"), ("-acme", "-brix"), ("{acme_", "{brix_")):
        path = path.replace(acme, brix)
    return path


def hidden_from(name, twins):
    """The texts that this person must not be shown anywhere."""
    acme, brix = twins.acme.all_marks | {"Acme"}, twins.brix.all_marks | {"Brix"}
    if name in ("anonymous", "sam"):
        return acme | brix
    if name == "bo":
        return acme
    return brix | (twins.acme.own | twins.acme.marks["initech"] if name == "vik" else set())


def said(browser, path):
    """Everything a response says: its body and where it leads."""
    with transaction.atomic():
        response = browser.get(path)
        transaction.set_rollback(True)
    assert response.status_code < 500, path
    return response.content.decode(errors="replace") + response.headers.get("Location", "")


def leaks(twins, name, paths):
    """path -> the texts that it should not have shown, leaving out what was in the address already."""
    browser, hidden = twins.browser(name), hidden_from(name, twins)
    found = {}
    for path in paths:
        text = said(browser, path)
        found[path] = {mark for mark in hidden if mark in text and mark not in path}
    return {path: marks for path, marks in found.items() if marks}


@pytest.mark.smoke
@pytest.mark.parametrize("name", PEOPLE)
def test_no_page_tells_anybody_of_what_is_not_theirs(twins, name):
    paths = [filled(path, twins) for path in (*ADDRESSES, *map(in_brix, OF_ACME))]

    assert leaks(twins, name, paths) == {}


@pytest.mark.parametrize("name", ["ana", "vik", "bo"])
def test_no_filter_or_wrong_address_makes_a_page_tell_more(twins, name):
    own = map(in_brix, OF_ACME) if name == "bo" else OF_ACME
    own = [filled(path, twins).partition("?")[0] for path in own]
    paths = [path + query for path in own for query in QUERIES]

    assert leaks(twins, name, paths) == {}


@pytest.mark.parametrize("name", ["ana", "vik", "bo"])
@pytest.mark.parametrize("one_wall_off", [application_wall_off, database_wall_off])
def test_with_one_wall_off_the_pages_still_tell_no_more(twins, name, one_wall_off, monkeypatch):
    own = map(in_brix, OF_ACME) if name == "bo" else OF_ACME
    paths = [filled(path, twins).partition("?")[0] + QUERIES[1] for path in own]

    with one_wall_off(monkeypatch):
        assert leaks(twins, name, paths) == {}


@pytest.mark.smoke
def test_pages_do_show_what_is_theirs(twins):
    """The other side: the texts that the tests above look for are the ones that pages show."""
    globex, initech = (twins.acme.marks[name] for name in ("globex", "initech"))
    for name, path, marks in [
        ("ana", "/t/acme/?by=client", {"Globex of Acme", "Initech of Acme", "$40.74", "$74.04"}),
        ("ana", "/t/acme/keys/", {"acme bound key"}),
        ("ana", "/t/acme/projects/support-bot/events/", {"$20.3687"}),
        ("max", "/t/acme/event/?source=source-initech-acme&id=e-1", {"37.02036", "2,468,024"}),
        ("vik", "/t/acme/clients/globex/", {"Globex of Acme", "$40.74", "unheard-of-globex-acme"}),
        ("vik", "/t/acme/projects/support-bot/", {"feature-globex-acme", "env-globex-acme"}),
        ("bo", "/t/brix/?by=client", {"Globex of Brix", "$110.74"}),
    ]:
        text = said(twins.browser(name), path)
        assert {mark for mark in marks if mark not in text} == set(), path
    assert {"$40.74", "unheard-of-globex-acme"} <= globex
    assert {"$74.04", "37.02036", "2,468,024"} <= initech


def test_with_both_walls_off_pages_would_leak(twins, monkeypatch):
    """The switches switch: each of the two walls is what holds when the other is off."""
    path = ["/t/acme/?range=90d&by=client"]

    with database_wall_off(monkeypatch):
        assert leaks(twins, "ana", path) == {}
        with application_wall_off(monkeypatch):
            assert leaks(twins, "ana", path) != {}


def test_a_client_viewer_is_offered_no_way_to_what_is_closed(twins):
    """No link, form or menu entry of a viewer's page leads to a refusal."""
    browser = twins.browser("vik")
    for path in ("/t/acme/clients/globex/", "/t/acme/projects/support-bot/"):
        page = said(browser, path)
        ways = {part.split('"')[0] for part in page.split('href="')[1:]} - {""}
        ways = {way.partition("#")[0] for way in ways if way.startswith(("/t/", "?"))}
        assert ways
        for way in ways:
            target = path + way if way.startswith("?") else way
            assert browser.get(target, follow=True).status_code == 200, way


@pytest.mark.parametrize("path", [row.path for row in PAGES if "{brix_" in row.path])
def test_a_foreign_id_and_one_of_nobody_look_alike(twins, path):
    row = next(row for row in PAGES if row.path == path)
    browser, nobodys = twins.browser("ana"), dict.fromkeys(FOREIGN_IDS, 2**31 - 1)

    answers = [
        getattr(browser, row.method.lower())(each, row.data)
        for each in (filled(path, twins), path.format(**nobodys))
    ]

    assert [each.status_code for each in answers] == [404, 404]
    without_token = [re.sub(rb'value="[0-9A-Za-z]{64}"', b"", each.content) for each in answers]
    assert without_token[0] == without_token[1]
