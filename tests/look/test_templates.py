"""Every template: nothing inline, nothing from elsewhere, and every part on the style guide."""

import re
from pathlib import Path

import pytest
from django.template.loader import get_template

FOLDER = Path("templates")
TEMPLATES = sorted(FOLDER.rglob("*.html"))
FORBIDDEN = {
    "a style attribute": re.compile(r"\sstyle\s*=", re.I),
    "a style element": re.compile(r"<style", re.I),
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)", re.I),
    "an event handler": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.I),
    "a javascript address": re.compile(r"javascript:", re.I),
    "an address elsewhere": re.compile(r"(?:src|href|action|data)\s*=\s*[\"'](?:https?:)?//", re.I),
    "a data address": re.compile(r"[\"'(]data:", re.I),
    "text that is not escaped": re.compile(r"\|\s*safe\b|autoescape\s+off"),
}
MAY = {
    ("parts/field.html", "text that is not escaped"),
    ("emails/message.html", "a style attribute"),
}
"""Help texts are the code's own: allauth links to the forgotten password in one. A mail has no style sheet."""


def name_of(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


def includes(name: str) -> set[str]:
    """The parts that a template shows, and those that they show."""
    if not (FOLDER / name).exists():  # Django's own
        return set()
    text = (FOLDER / name).read_text()
    direct = set(re.findall(r"{%\s*(?:include|extends)\s+\"([^\"]+)\"", text))
    return direct | {deeper for each in direct for deeper in includes(each)}


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_template_obeys_the_content_security_policy(path):
    text = path.read_text()

    found = {what for what, pattern in FORBIDDEN.items() if pattern.search(text)}

    assert {what for what in found if (name_of(path), what) not in MAY} == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_template_compiles(path):
    get_template(name_of(path))


def test_every_part_is_on_the_style_guide():
    parts = {name_of(path) for path in (FOLDER / "parts").glob("*.html")}

    assert parts - includes("styleguide.html") == set()


def test_every_part_is_used_by_a_page():
    pages = [name_of(path) for path in TEMPLATES if name_of(path) != "styleguide.html"]
    used = {part for page in pages for part in includes(page)}

    assert {name_of(path) for path in (FOLDER / "parts").glob("*.html")} - used == set()


@pytest.mark.parametrize("name", ["500.html", "503.html"])
def test_error_page_needs_nothing_that_may_be_broken(name):
    assert "{%" not in (FOLDER / name).read_text()
    assert "{{" not in (FOLDER / name).read_text()


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_forms_that_post_carry_a_token(path):
    forms = re.findall(r"<form[^>]*method=\"post\"[^>]*>.*?</form>", path.read_text(), re.S | re.I)

    assert all("{% csrf_token %}" in form for form in forms)
