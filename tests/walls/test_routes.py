"""Who may go where: the table of routes is complete, and every row of it holds."""

import pytest
from django.db import transaction
from django.test import override_settings
from django.urls import get_resolver

from billing.flow.acknowledge import AlertLink, signed
from billing.watch.week import week_token
from tenants.access import EVERYONE
from tenants.keyview import KeyView
from tests.walls.calls import CALLS
from tests.walls.roles import as_owner, one
from tests.walls.routes import PAGES, PEOPLE

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
FOREIGN = ("accounts/", "operate/")
"""Pages of django-allauth and of Django's admin: their views declare nothing of ours."""


def routes(patterns=None, prefix=""):
    """(pattern, view) of every address there is."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        pattern = prefix + str(each.pattern)
        if hasattr(each, "url_patterns"):
            yield from routes(each.url_patterns, pattern)
        else:
            yield pattern, each.callback


NOUNS = {
    "channel": "billing_channel",
    "delivery": "billing_delivery",
    "key": "tenants_apikey",
    "budget": "billing_budget",
    "scenario": "billing_scenario",
    "question": "billing_whatifrun",
    "alert": "billing_alert",
    "price": "billing_agreedprice",
    "discount": "billing_discount",
    "markup": "billing_markup",
    "member": "tenants_membership",
    "invitation": "tenants_invitation",
    "repricing": "billing_repricing",
}


def row_id(row):
    return f"{row.method} {row.path}"


def path_of(row, twins):
    return filled(row.path, twins)


def filled(path, twins):
    """An address with the ids that only this run knows."""
    if "{" not in path:
        return path
    with as_owner() as cursor:
        first = "SELECT min(id) FROM {} WHERE tenant_id = %s"
        ids = {
            f"{slug}_{noun}": one(cursor, first.format(table), [twin.id])
            for slug, twin in {"acme": twins.acme, "brix": twins.brix}.items()
            for noun, table in NOUNS.items()
        }
        last = "SELECT max(id) FROM billing_budget WHERE tenant_id = %s"
        for slug, twin, owner in (("acme", twins.acme, "ana"), ("brix", twins.brix, "bo")):
            ids[f"{slug}_hidden"] = one(cursor, last, [twin.id])
            link = AlertLink(twin.id, ids[f"{slug}_alert"], twins.people[owner].pk)
            ids[f"{slug}_link"] = signed(link)
            ids[f"{slug}_week_link"] = week_token(twin.id, twins.people[owner].pk)
    return path.format(**ids)


def undone(browser, method, path, **request):
    """The status of one request, whatever it changed taken back."""
    with transaction.atomic():
        status = getattr(browser, method.lower())(path, **request).status_code
        transaction.set_rollback(True)
    return status


@pytest.mark.smoke
def test_every_route_has_a_row_and_every_row_a_route():
    assert {pattern for pattern, _ in routes()} == {row.pattern for row in [*PAGES, *CALLS]}


@pytest.mark.smoke
@pytest.mark.parametrize("row", PAGES, ids=row_id)
def test_people_may_go_where_the_table_says(twins, row):
    path = path_of(row, twins)

    found = {name: undone(twins.browser(name), row.method, path, data=row.data) for name in PEOPLE}

    assert found == row.expected


@pytest.mark.smoke
@pytest.mark.parametrize("row", CALLS, ids=row_id)
def test_keys_may_do_what_the_table_says(twins, row):
    path = path_of(row, twins)
    secrets = {name: twins.acme.keys[name] for name in row.expected if name in twins.acme.keys}
    secrets |= {"none": "", "brix": twins.brix.keys[row.needs.split()[0]]}
    secrets |= {"typo": secrets["read"][:-1] + ("0" if secrets["read"][-1] != "0" else "1")}
    body = {"content_type": "application/json"} | ({"data": row.data} if row.data else {})

    found = {
        name: undone(
            twins.browser("anonymous"),
            row.method,
            path,
            headers={"Authorization": f"Bearer {secrets[name]}"},
            **body,
        )
        for name in row.expected
    }

    assert found == row.expected


@pytest.mark.parametrize("pattern", sorted({row.pattern for row in CALLS}))
def test_an_api_call_by_another_method_is_refused_whatever_the_key_may(twins, pattern):
    rows = [row for row in CALLS if row.pattern == pattern]
    path = path_of(rows[0], twins)
    headers = {"Authorization": f"Bearer {twins.acme.keys['all']}"}

    for method in METHODS - {row.method for row in rows}:
        assert undone(twins.browser("anonymous"), method, path, headers=headers) == 405, method


OWN_PAGES = sorted(
    {row.pattern for row in PAGES if not row.pattern.startswith((*FOREIGN, "api/v1"))}
)


@pytest.mark.parametrize("pattern", OWN_PAGES)
def test_a_page_asked_by_another_method_is_refused(twins, pattern):
    rows = [row for row in PAGES if row.pattern == pattern]
    path = path_of(rows[0], twins)

    for method in METHODS - {row.method for row in rows}:
        assert undone(twins.browser("ana"), method, path) == 405, method


# Mail programs post there by themselves (RFC 8058): the link, which only its reader has, is the token.
TOKENLESS = "weekly-mail/<str:token>/"
FORMS = [row for row in PAGES if row.method == "POST" and row.pattern != TOKENLESS]


@pytest.mark.parametrize("row", FORMS, ids=row_id)
def test_a_form_without_its_token_is_refused(twins, row):
    """A form on another site cannot act for somebody who has signed in here."""
    browser = twins.browser("ana", enforce_csrf_checks=True)

    assert undone(browser, "POST", path_of(row, twins), data=row.data) == 403


# --- Deny by default ---------------------------------------------------------------------------------


def test_every_page_of_a_company_declares_its_roles():
    pages = [(pattern, view) for pattern, view in routes() if "<slug:tenant>" in pattern]

    assert len(pages) > 10
    assert [pattern for pattern, view in pages if not getattr(view, "allowed_roles", None)] == []
    assert {role for _, view in pages for role in view.allowed_roles} <= EVERYONE


def test_every_api_view_declares_a_scope_for_each_of_its_methods():
    views = {
        pattern: view.cls
        for pattern, view in routes()
        if pattern.startswith("api/v1/") and pattern != "api/v1/openapi.json"
    }

    assert all(issubclass(view, KeyView) for view in views.values())
    for pattern, view in views.items():
        handled = {method for method in METHODS if hasattr(view, method.lower())}
        assert handled <= {method for method, scopes in view.scopes.items() if scopes}, pattern


@pytest.mark.parametrize(
    ("path", "status"),
    [("/t/acme/undeclared/", 403), ("/unmarked/", 302), ("/api/v1/undeclared", 403)],
)
def test_what_declares_nothing_is_refused(twins, path, status):
    browser = twins.browser("anonymous" if path == "/unmarked/" else "ana")
    headers = {"Authorization": f"Bearer {twins.acme.keys['all']}"} if "api" in path else {}

    with override_settings(ROOT_URLCONF="tests.walls.undeclared"):
        assert undone(browser, "GET", path, headers=headers) == status


def test_an_api_view_of_another_kind_is_refused(twins):
    """It does not pass the key door; DRF's default permission then knows no key."""
    headers = {"Authorization": f"Bearer {twins.acme.keys['all']}"}

    with override_settings(ROOT_URLCONF="tests.walls.undeclared"):
        assert undone(twins.browser("ana"), "GET", "/api/v1/other", headers=headers) == 401
