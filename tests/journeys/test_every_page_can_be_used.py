"""Every page of the table of routes by axe-core in Chromium: WCAG 2.2 AA, wide and narrow, light and dark, and
nothing that the content security policy refuses. A page that is added to the table is looked at by itself.

No server runs: the browser's requests are answered by the test's own client, in the test's transaction.
"""

import hashlib
import mimetypes
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.db import transaction

from tests.walls.conftest import _made_once, twins  # noqa: F401  the twin data of the walls
from tests.walls.routes import PAGES
from tests.walls.test_routes import path_of

AXE = Path(__file__).parent / "axe" / "axe.min.js"
SHA256 = "880970c081707360e64f34cea25ff91892f5bc95675b0776925b9709dd8a68bb"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
HOST = "http://testserver"
WATCH = """
    window.refused = [];
    document.addEventListener("securitypolicyviolation",
        (event) => window.refused.push(`${event.violatedDirective} ${event.blockedURI}`));
"""
LOOK = """async (only) => {
    const found = await axe.run(document, {runOnly: only, resultTypes: ["violations"]});
    return found.violations.flatMap(({id, nodes}) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`));
}"""


def answering(ready):
    """Answers a browser's requests: with what is ready, with styles and scripts, else with nothing."""

    def answer(route):
        path = urlsplit(route.request.url).path
        if path.startswith("/static/"):
            file = Path(finders.find(path.removeprefix("/static/")))
            kind = mimetypes.guess_type(path)[0] or "text/plain"
            route.fulfill(status=200, body=file.read_bytes(), content_type=kind)
        elif found := ready.pop(path, None):
            headers = {k: v for k, v in found.headers.items() if k != "Set-Cookie"}
            route.fulfill(status=found.status_code, body=found.content, headers=headers)
        else:
            route.fulfill(status=204)

    return answer


def looked_at(page):
    """What was refused before axe came, which itself writes styles; what it finds: all rules wide and narrow in
    light, contrast alone in dark; and what does not fit."""
    refused = page.evaluate("refused.slice()")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
    found = page.evaluate(LOOK, {"type": "tag", "values": RULES})
    page.emulate_media(color_scheme="dark")
    found += page.evaluate(LOOK, {"type": "rule", "values": ["color-contrast"]})
    page.set_viewport_size({"width": 320, "height": 800})
    page.emulate_media(color_scheme="light")
    found += page.evaluate(LOOK, {"type": "tag", "values": RULES})
    if page.evaluate("document.documentElement.scrollWidth") > 320:
        found.append("wider than 320 pixels")
    return sorted({*found, *refused})


def pages_of(name, twins):  # noqa: F811
    """The pages that this person may open; what is everybody's is looked at once, by nobody."""
    for row in PAGES:
        own = name == "anonymous" or row.expected["anonymous"] != 200
        if row.method == "GET" and row.expected[name] == 200 and own and row.path != "/readyz":
            yield path_of(row, twins)


def test_the_tool_is_the_one_that_was_looked_at():
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() == SHA256


@pytest.mark.parametrize("name", ["ana", "vik", "anonymous"])
def test_no_page_shuts_anybody_out(browser, twins, name):  # noqa: F811
    context = browser.new_context(base_url=HOST)
    context.add_init_script(WATCH)
    context.add_init_script(path=AXE)
    person, ready, found, complaints, looked = twins.browser(name), {}, {}, [], 0
    context.route("**/*", answering(ready))
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))

    for path in pages_of(name, twins):
        with transaction.atomic():
            response = person.get(path)
            transaction.set_rollback(True)
        if "text/html" not in response["Content-Type"]:
            continue
        ready[urlsplit(path).path] = response
        page.goto(path)
        looked += 1
        if wrong := looked_at(page):
            found[path] = wrong
    context.close()

    assert found == {}
    assert complaints == []
    assert looked > (5 if name == "anonymous" else 10)
