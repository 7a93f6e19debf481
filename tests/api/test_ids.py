"""Any id and any source: accepted, and read back by its address."""

from urllib.parse import quote

import pytest

from tests.api.conftest import EVENTS, assert_problem
from tests.factories import event

IDS = [
    "a/b",
    "/a",
    "a/",
    "a//b",
    "..",
    "../..",
    ".",
    "-",
    "a b",
    " ",
    "a%b",
    "%2F",
    "100%",
    "?x=1#y",
    "a+b&c;d",
    "\\",
    "a\nb\r\n",
    "\t",
    "é😀👩‍👩‍👧",
    "\u202eright to left אבג",
    "\ufeff\u200b",
    "\uffff",
    "'; DROP TABLE x; --",
    "<script>alert(1)</script>",
    "null",
    "x" * 200,
    "/" * 200,
]
SOURCES = ["", "s", "prod/eu", "/", "..", "-x", "é %2F", "a\nb"]


@pytest.mark.parametrize("source", SOURCES)
def test_an_event_of_any_id_and_source_is_read_back_by_its_address(api, source):
    results = api.verdicts(*[event(each, source=source) for each in IDS])
    assert {each["status"] for each in results} == {"accepted"}

    for event_id in IDS:
        path = f"{EVENTS}/{quote(source or '-', safe='')}/{quote(event_id, safe='')}"
        shown = api.get(path).json()
        assert (shown.get("id"), shown.get("source")) == (event_id, source), path


def test_a_source_that_is_a_dash_is_read_back_where_no_event_without_source_has_the_id(api):
    api.verdicts(event("both", source="-"), event("both"), event("dash", source="-"))

    assert api.get(f"{EVENTS}/-/dash").json()["source"] == "-"
    assert api.get(f"{EVENTS}/-/both").json()["source"] == ""


def test_the_shortest_source_is_meant_where_an_address_has_two_readings(api):
    api.verdicts(event("b/c", source="a"), event("c", source="a/b"), event("d", source="a/b"))

    assert api.get(f"{EVENTS}/a/b/c").json()["source"] == "a"
    assert api.get(f"{EVENTS}/a/b/d").json()["source"] == "a/b"


def test_an_event_that_is_not_there_is_not_found(api):
    for path in ("/-/x", "/s/x", "/%F0%9F%98%80/x", "/-/" + "x" * 5000, "/a" * 900):
        assert_problem(api.get(EVENTS + path), 404, "not_found")
