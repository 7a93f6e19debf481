"""Every response keeps a page to its own origin, errors included."""

import pytest
from django.db import transaction
from django.test import Client as Browser
from django.test import override_settings

from tests.walls.calls import CALLS
from tests.walls.routes import PAGES
from tests.walls.test_routes import path_of

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def policy_of(response):
    found = response.headers.get("Content-Security-Policy", "")
    return dict(part.strip().partition(" ")[::2] for part in found.split(";") if part.strip())


def assert_kept(response):
    assert policy_of(response) == POLICY
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.smoke
@pytest.mark.parametrize("name", ["anonymous", "ana", "vik"])
def test_every_page_and_refusal_carries_the_policy(twins, name):
    for row in PAGES:
        with transaction.atomic():
            browser = twins.browser(name)
            response = getattr(browser, row.method.lower())(path_of(row, twins), row.data)
            transaction.set_rollback(True)
        assert_kept(response)


@pytest.mark.parametrize("scope", ["none", "all"])
def test_every_answer_of_the_api_carries_the_policy(twins, scope):
    headers = {"Authorization": f"Bearer {twins.acme.keys['all']}"} if scope == "all" else {}
    for row in CALLS:
        if row.method == "GET":
            response = twins.browser("anonymous").get(path_of(row, twins), headers=headers)
            assert response.status_code == (200 if headers else 401)
            assert_kept(response)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/nowhere/", 404),
        ("get", "/api/v1/nowhere", 404),
        ("delete", "/t/acme/", 405),
        ("put", "/api/v1/spend", 401),
        ("post", "/t/acme/keys/", 403),
        ("get", "/static/nowhere.css", 404),
    ],
)
def test_errors_carry_the_policy(twins, method, path, status):
    """The form is posted without its token."""
    browser = twins.browser("ana", enforce_csrf_checks=method == "post")

    response = getattr(browser, method)(path)

    assert response.status_code == status
    assert_kept(response)


@pytest.mark.parametrize("path", ["/broken/", "/api/v1/broken"])
def test_a_page_that_breaks_carries_the_policy_and_tells_nothing(twins, path):
    browser = Browser(raise_request_exception=False)

    with override_settings(ROOT_URLCONF="tests.walls.undeclared"):
        response = browser.get(path)

    assert response.status_code == 500
    assert b"RuntimeError" not in response.content
    assert_kept(response)


def test_an_address_under_another_host_name_is_refused_with_the_policy(twins):
    response = twins.browser("anonymous").get("/t/acme/", headers={"host": "evil.test"})

    assert response.status_code == 400
    assert_kept(response)


@pytest.mark.parametrize("path", ["/t/acme/", "/t/acme/keys/", "/accounts/login/"])
def test_pages_are_not_kept_by_caches(twins, path):
    response = twins.browser("ana").get(path)

    assert "no-store" in response.headers["Cache-Control"]
