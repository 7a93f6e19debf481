"""Every page of the table of routes, and of errors, by axe-core in Chromium: WCAG 2.2 AA, wide and narrow,
light and dark; nothing that the content security policy refuses; and on paper dark on white, whole, without
what only a screen needs. A page that is added to the table is looked at by itself.

No server runs: the browser's requests are answered by the test's own client, in the test's transaction.
"""

import hashlib
import mimetypes
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles import finders
from django.db import transaction
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import RequestFactory

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
    const found = await axe.run(document, {runOnly: only, resultTypes: ["violations"], preload: false});
    return found.violations.flatMap(({id, nodes}) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`));
}"""

A4 = {"width": 718, "height": 1000}
"""What of a page of A4 the margins of a centimetre leave, in CSS pixels."""
ON_PAPER = """() => {
    const seen = (each) => each.checkVisibility({visibilityProperty: true});
    const line = (why, each) => `on paper ${why}: ${each.outerHTML.slice(0, 120)}`;
    const of = (selector) => [...document.querySelectorAll(selector)].filter(seen);
    const light = (colour) => {
        const full = colour.startsWith("rgb") ? 255 : 1;
        const [one, two, three] = colour.match(/[\\d.]+/g).map((part) => part / full);
        return .2126 * one ** 2.2 + .7152 * two ** 2.2 + .0722 * three ** 2.2;
    };
    const pale = of("main *, .slip *").filter((each) => !each.closest("svg, select, code.secret, .vh")
        && [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
        && 1.05 / (light(getComputedStyle(each).color) + .05) < 4.5);
    const cut = of("table, pre").filter((each) => each.getBoundingClientRect().right > innerWidth
        || each.scrollWidth > each.clientWidth + 1);
    return [...of("nav, header.top, .skip, button, .button").map((each) => line("a thing of the screen", each)),
        ...pale.map((each) => line("pale", each)), ...cut.map((each) => line("cut", each))];
}"""
ERRORS = {"ana": ["/t/acme/nowhere/"], "vik": ["/t/acme/keys/"], "anonymous": []}
RENDERED = ("400.html", "403_csrf.html", "429.html", "500.html", "503.html")


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
    light, contrast alone in dark; what does not fit; and what is wrong on paper, printed from a dark screen."""
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
    page.set_viewport_size(A4)
    page.emulate_media(media="print", color_scheme="dark")
    found += page.evaluate(ON_PAPER)
    page.emulate_media(media="screen")
    return sorted({*found, *refused})


def pages_of(name, twins):  # noqa: F811
    """The pages that this person may open; what is everybody's is looked at once, by nobody."""
    for row in PAGES:
        own = name == "anonymous" or row.expected["anonymous"] != 200
        if row.method == "GET" and row.expected[name] == 200 and own and row.path != "/readyz":
            yield path_of(row, twins)
    yield from ERRORS[name]


def answers_of(name, twins):  # noqa: F811
    """(address, answer) of each page of this person."""
    person = twins.browser(name)
    for path in pages_of(name, twins):
        with transaction.atomic():
            response = person.get(path)
            transaction.set_rollback(True)
        if "text/html" in response["Content-Type"]:
            yield path, response
    if name == "anonymous":
        for error in RENDERED:
            request = RequestFactory().get("/")
            request.user = AnonymousUser()
            yield f"/{error}", HttpResponse(render_to_string(error, request=request))


def test_the_tool_is_the_one_that_was_looked_at():
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() == SHA256


@pytest.mark.parametrize("name", ["ana", "vik", "anonymous"])
def test_no_page_shuts_anybody_out(chromium, twins, name):  # noqa: F811
    context = chromium.new_context(base_url=HOST)
    context.add_init_script(WATCH)
    context.add_init_script(path=AXE)
    ready, found, complaints, looked = {}, {}, [], 0
    context.route("**/*", answering(ready))
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))

    for path, response in answers_of(name, twins):
        ready[urlsplit(path).path] = response
        page.goto(path)
        looked += 1
        if wrong := looked_at(page):
            found[path] = wrong
    context.close()

    assert found == {}
    assert complaints == []
    assert looked > 10
