"""Who sends slowly, half, or nothing holds up nobody else; who sends strangely is understood all the same.

The real web server: two workers with four threads each, so that nine slow senders would be enough.
"""

import gzip
import json
import socket
import threading
import time
from contextlib import ExitStack, contextmanager

import psycopg
import pytest

from billing.models import EventKey
from tests.billing.test_ledger import differences
from tests.factories import event
from tests.operations.processes import database_url, get, gunicorn, wait_until

SLOW = 20
STORM = 300
FEW = 6  # sessions of the tests, and what PostgreSQL does by itself
QUICK = 5.0  # seconds; an answer takes milliseconds, other people's load excepted
HEAD = "POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"


@pytest.fixture(scope="module")
def web(django_db_setup, django_db_blocker):
    """One for all tests: it holds nothing of theirs."""
    with django_db_blocker.unblock(), gunicorn() as port:
        wait_until(lambda: get(port, "/livez")[0] == 200)
        yield port


def request(company, *events, headers="", body=None):
    """The bytes of a request that posts events, head and body apart."""
    body = json.dumps({"events": events}).encode() if body is None else body
    head = HEAD.format(key=company.keys["ingest"]) + headers
    if "chunked" not in headers:
        head += f"Content-Length: {len(body)}\r\n"
    return (head + "\r\n").encode(), body


def connected(port):
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def answer(link):
    """Status and document of the next answer on a connection, and no byte more; (0, {}): it ended without."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        if not (byte := link.recv(1)):
            return 0, {}
        head += byte
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
    body = b""
    while len(body) < length:
        body += link.recv(length - len(body))
    is_json = b"json" in head.lower()
    return int(head.split()[1]), json.loads(body) if is_json else {}


def post(port, company, event_id):
    """Post one event on a connection of its own; the seconds it took."""
    began = time.monotonic()
    with connected(port) as link:
        link.sendall(b"".join(request(company, event(event_id))))
        status, said = answer(link)
    assert (status, said["accepted"]) == (200, 1)
    return time.monotonic() - began


def stored(company):
    with company.scope():
        return {*map(str, EventKey.objects.values_list("key", flat=True))}


@contextmanager
def dripping(port, *, parts):
    """SLOW connections that send a byte every half second, for as long as the block lasts."""
    stop = threading.Event()

    def drip(head, body):
        with ExitStack() as stack:
            link = stack.enter_context(connected(port))
            link.sendall(head)
            for each in body:
                if stop.wait(0.5):
                    return
                try:
                    link.sendall(bytes([each]))
                except OSError:
                    return

    threads = [threading.Thread(target=drip, args=parts(n)) for n in range(SLOW)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("slow", ["head", "body", "chunks"])
def test_slow_senders_hold_up_nobody(web, committed, slow):
    def parts(n):
        headers = "Transfer-Encoding: chunked\r\n" if slow == "chunks" else ""
        head, body = request(committed.brix, event(f"slow-{n}"), headers=headers)
        if slow == "chunks":
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        return (b"", head + body) if slow == "head" else (head, body)

    with dripping(web, parts=parts):
        took = [post(web, committed.acme, f"e-{n}") for n in range(10)]
        assert get(web, "/readyz")[0] == 200

    assert max(took) < QUICK
    assert len(stored(committed.acme)) == 10
    assert stored(committed.brix) == set()


@pytest.mark.smoke
def test_a_storm_of_connections_leaves_room_for_those_who_send(web, committed):
    """A third is silent, a third stops in the head, a third in the body; PostgreSQL never hears of them."""
    head, body = request(committed.brix, event("half"))
    halves = [b"", head[:40], head + body[:25]]
    with ExitStack() as stack:
        for number in range(STORM):
            link = stack.enter_context(connected(web))
            link.sendall(halves[number % 3])
        took = [post(web, committed.acme, f"e-{n}") for n in range(20)]
        with psycopg.connect(database_url()) as database:
            sessions = database.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid()"
            ).fetchone()[0]

    assert max(took) < QUICK
    assert sessions <= 2 * 4 + FEW  # one for each thread
    assert len(stored(committed.acme)) == 20
    assert stored(committed.brix) == set()
    assert differences(committed.acme) == []


def test_who_does_not_end_a_request_is_cut_off_after_a_while_and_it_counts_for_nothing(
    web, committed
):
    head, body = request(committed.acme, event("half"))
    began = time.monotonic()
    with connected(web) as silent, connected(web) as half:
        half.sendall(head + body[:-1])
        assert answer(half) == answer(silent) == (0, {})
        took = time.monotonic() - began

    assert 15 < took < 30
    assert stored(committed.acme) == set()


def test_whoever_does_not_wait_for_the_answer_has_stored_all_or_nothing(web, committed):
    for number in range(30):
        with connected(web) as link:
            head, body = request(committed.acme, event(f"a-{number}"), event(f"b-{number}"))
            link.sendall((head + body)[: None if number % 2 else -1])
    wait_until(lambda: len(stored(committed.acme)) == 30)

    time.sleep(0.5)
    assert len(stored(committed.acme)) == 30
    assert differences(committed.acme) == []


# --- What is not slow is served as before


def test_requests_follow_each_other_on_one_connection_and_behind_each_other(web, committed):
    with connected(web) as link:
        for number in range(3):
            link.sendall(b"".join(request(committed.acme, event(f"kept-{number}"))))
            assert answer(link)[0] == 200
        link.sendall(
            b"".join(b"".join(request(committed.acme, event(f"ahead-{n}"))) for n in range(3))
        )
        assert [answer(link)[1]["accepted"] for _ in range(3)] == [1, 1, 1]

    assert len(stored(committed.acme)) == 6


def test_a_request_of_which_half_follows_at_once_holds_no_thread_and_is_answered_when_it_is_whole(
    web, committed
):
    with ExitStack() as stack:
        links = [stack.enter_context(connected(web)) for _ in range(SLOW)]
        for number, link in enumerate(links):
            first = b"".join(request(committed.acme, event(f"first-{number}")))
            link.sendall(first + b"".join(request(committed.acme, event(f"then-{number}")))[:99])
            assert answer(link)[0] == 200
        assert max(post(web, committed.acme, f"e-{n}") for n in range(10)) < QUICK
        assert len(stored(committed.acme)) == SLOW + 10
        for number, link in enumerate(links):
            link.sendall(b"".join(request(committed.acme, event(f"then-{number}")))[99:])
            assert answer(link)[1]["accepted"] == 1

    assert len(stored(committed.acme)) == 2 * SLOW + 10


def test_who_asks_whether_to_go_on_is_told_so(web, committed):
    head, body = request(committed.acme, event("asked"), headers="Expect: 100-continue\r\n")
    with connected(web) as link:
        link.sendall(head)
        assert link.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        link.sendall(body)
        status, said = answer(link)

    assert (status, said["accepted"]) == (200, 1)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_chunks_of_any_size_are_one_body(web, committed, size):
    head, body = request(
        committed.acme,
        *(event(f"e-{n}") for n in range(3)),
        headers="Transfer-Encoding: chunked\r\n",
    )
    with connected(web) as link:
        link.sendall(head)
        for start in range(0, len(body), size):
            piece = body[start : start + size]
            link.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        link.sendall(b"0\r\n\r\n")
        status, said = answer(link)

    assert (status, said["accepted"]) == (200, 3)


@pytest.mark.parametrize("packed", [False, True])
def test_large_bodies_pass_and_too_large_ones_are_refused_without_being_waited_for(
    web, committed, packed
):
    full = json.dumps(event("large")).encode().ljust(8 * 1024 * 1024)
    headers = "Content-Encoding: gzip\r\n" if packed else ""
    head, body = request(
        committed.acme, headers=headers, body=gzip.compress(full, 1) if packed else full
    )
    with connected(web) as link:
        link.sendall(head + body)
        assert answer(link)[1]["accepted"] == 1
    head, _ = request(committed.acme, body=b" " * 40 * 1024 * 1024)
    with connected(web) as link:
        link.sendall(head + b" " * (8 * 1024 * 1024 + 256 * 1024))
        assert answer(link)[0] == 413


def test_what_is_no_http_is_refused_at_once(web):
    for garbage in (b"\x16\x03\x01\x02\x00", b"hello\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"):
        with connected(web) as link:
            began = time.monotonic()
            link.sendall(garbage)
            assert answer(link)[0] in (0, 400, 505)
            assert time.monotonic() - began < QUICK


def test_a_slow_query_of_one_company_is_a_503_and_holds_up_no_other(committed):
    """Somebody has the days of Brix to himself: its senders give up at the bound on statements."""
    with gunicorn("tests.operations.impatient") as port:
        wait_until(lambda: get(port, "/livez")[0] == 200)
        with psycopg.connect(database_url()) as other:
            other.execute(
                "SELECT 1 FROM pg_advisory_xact_lock(7201, %s)", [committed.brix.tenant.pk]
            )
            results = []

            def slow(number):
                with connected(port) as link:
                    link.sendall(b"".join(request(committed.brix, event(f"w-{number}"))))
                    results.append(answer(link))

            threads = [threading.Thread(target=slow, args=[n]) for n in range(3)]
            for thread in threads:
                thread.start()
            took = [post(port, committed.acme, f"e-{n}") for n in range(5)]
            for thread in threads:
                thread.join()

    assert max(took) < QUICK
    assert {(status, said["code"]) for status, said in results} == {(503, "unavailable")}
    assert stored(committed.brix) == set()
