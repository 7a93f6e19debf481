"""Every page is light: few questions to the database, few bytes, whoever opens it and whatever is added."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.walls.routes import PAGES
from tests.walls.test_routes import path_of

QUERIES = 8
FIRST_LOAD = 60_000
CONTROL = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT", "SET LOCAL")
ASSET = re.compile(rb'(?:href|src)="/static/([^"]+\.(?:css|js|svg|woff2))"')


def asked(browser, path):
    """The page, and what a warm process asks the database for it."""
    with transaction.atomic():
        browser.get(path)
        with CaptureQueriesContext(connection) as captured:
            response = browser.get(path)
        transaction.set_rollback(True)
    return response, [q["sql"] for q in captured if not q["sql"].startswith(CONTROL)]


def first_load(page):
    """Bytes that travel, as the server compresses them: the page, its styles and scripts."""
    assets = {finders.find(found.decode()) for found in ASSET.findall(page)}
    return sum(len(gzip.compress(each)) for each in (page, *(Path(a).read_bytes() for a in assets)))


@pytest.mark.parametrize("name", ["ana", "vik"])
def test_every_page_asks_little_and_is_light(twins, name):
    browser, heavy = twins.browser(name), {}
    for row in PAGES:
        if row.method == "GET" and row.expected[name] == 200 and row.path != "/readyz":
            response, queries = asked(browser, path_of(row, twins))
            if response.streaming or "text/html" not in response["Content-Type"]:
                continue
            if len(queries) > QUERIES or first_load(response.content) > FIRST_LOAD:
                heavy[row.path] = (len(queries), first_load(response.content))
    assert not heavy
