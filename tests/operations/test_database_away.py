"""A database that is away, dying or busy is a matter of waiting, by every name that PostgreSQL has for it."""

from types import SimpleNamespace

import psycopg
import pytest
from django.db.utils import DatabaseErrorWrapper
from django.test import RequestFactory

from costtrack.errors import server_error

WAIT = [
    *("08000", "08001", "08003", "08004", "08006", "08007", "08P01"),
    *("25006", "25P03", "25P04", "40001", "40P01", "55P03"),
    *("53000", "53100", "53200", "53300", "53400"),
    *("57000", "57014", "57P01", "57P02", "57P03", "57P04", "57P05"),
    *("58000", "58030", "XX000", "XX001", "XX002"),
]
OURS = ["22003", "23505", "25001", "25P01", "25P02", "42501", "42P01"]


def answer_to(state, *, path):
    """What a request gets whose statement ended in this SQLSTATE, raised as Django raises it."""
    backend = SimpleNamespace(Database=psycopg, errors_occurred=False)
    try:
        with DatabaseErrorWrapper(backend):
            raise psycopg.errors.lookup(state)("a server's words, 10.0.0.7")
    except Exception:
        return server_error(RequestFactory().get(path))


@pytest.mark.parametrize("state", WAIT)
def test_a_database_in_trouble_is_a_matter_of_waiting(state):
    program = answer_to(state, path="/api/v1/events")
    page = answer_to(state, path="/t/acme/")

    assert (program.status_code, program["Retry-After"]) == (503, "1")
    assert program["Content-Type"] == "application/problem+json"
    assert b'"code": "unavailable"' in program.content
    assert (page.status_code, page["Retry-After"]) == (503, "1")
    assert b"<h1>Not now</h1>" in page.content
    assert b"10.0.0.7" not in program.content + page.content


@pytest.mark.parametrize("state", OURS)
def test_a_bug_of_ours_is_not_called_waiting(state):
    program = answer_to(state, path="/api/v1/events")
    page = answer_to(state, path="/t/acme/")

    assert (program.status_code, page.status_code) == (500, 500)
    assert b'"code": "internal_error"' in program.content
    assert not program.has_header("Retry-After")
