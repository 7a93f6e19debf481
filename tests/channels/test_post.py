"""Requests to addresses that customers choose: where they never go, and what they make of each answer."""

import socket
import time

import pytest

from billing.channels.bound import at_most
from billing.channels.outgoing import NotSent
from billing.channels.post import post
from tests.channels.sinks import http_server

FORBIDDEN = [
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[::]/",
    "https://0.0.0.0/",
    "https://0/",
    "https://localhost/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fd00:ec2::254]/latest/meta-data/",
    "https://[fe80::1]/",
    "https://10.0.0.8/",
    "https://172.16.0.1:8443/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
]
UNSAFE = [
    "http://example.com/hook",
    "HTTP://example.com/hook",
    "ftp://example.com/hook",
    "file:///etc/passwd",
    "gopher://example.com/",
    "//example.com/hook",
    "example.com/hook",
    "",
    "https://",
    "https:///hook",
    "https://user:password@example.com/hook",
    "https://example.com@127.0.0.1/hook",
    "https://@example.com/",
    "https://example.com\\@127.0.0.1/hook",
    "https://example.com:25/hook",
    "https://example.com:0/hook",
    "https://example.com:99999/hook",
    "https://example.com:port/hook",
    "https://example.com/a b",
    "https://example.com/\r\nX-Injected: 1",
    "https://①②⑦.⓪.⓪.①/",
    "https://[::1/",
]


@pytest.fixture
def no_connections(monkeypatch):
    def refuse(*_):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def endpoint(settings):
    settings.LOOPBACK_CHANNELS = True
    with http_server() as found:
        yield found


def names_lead_to(monkeypatch, *addresses):
    answers = [
        (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443))
        for each in addresses
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)


def problem(url):
    with pytest.raises(NotSent) as refused:
        post(url, body=b"{}", headers={})
    return refused.value


@pytest.mark.parametrize("url", FORBIDDEN)
def test_an_address_inside_is_refused_for_good(url, no_connections):
    found = problem(url)

    assert (found.code, found.is_permanent) == ("refused", True)
    assert "private network" in found.words


@pytest.mark.parametrize("url", UNSAFE)
def test_what_is_no_plain_https_address_is_refused_for_good(url, no_connections):
    found = problem(url)

    assert (found.code, found.is_permanent) == ("refused", True)


@pytest.mark.parametrize(
    "address", ["10.0.0.8", "127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.8", "fd12::1"]
)
def test_a_name_that_leads_inside_is_refused(address, no_connections, monkeypatch):
    names_lead_to(monkeypatch, address)

    assert problem("https://hooks.example.com/").code == "refused"


def test_a_name_that_leads_elsewhere_at_the_second_look_is_connected_to_as_it_was_checked(
    monkeypatch,
):
    """DNS rebinding: the address that was checked is the one that is used."""
    asked, connected = [], []
    public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443))
    private = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.8", 443))

    def lookup(host, *_, **__):
        asked.append(host)
        if host == "93.184.216.34":
            return [public]
        return [public] if len(asked) == 1 else [private]

    def connect(self, address):
        connected.append(address[0])
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(socket.socket, "connect", connect)

    assert problem("https://hooks.example.com/").words == "It cannot be reached."
    assert connected == ["93.184.216.34"]


def test_a_proxy_of_the_environment_is_not_asked(endpoint, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert post(endpoint.url, body=b"{}", headers={}) == "200"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(endpoint, status):
    endpoint.status, endpoint.headers = status, {"Location": endpoint.url + "/inside"}

    found = problem(endpoint.url)

    assert (found.code, found.is_permanent) == (str(status), False)
    assert [path for path, _, _ in endpoint.requests] == ["/hook"]


@pytest.mark.parametrize(
    ("status", "is_permanent"),
    [
        (400, False),
        (401, False),
        (404, True),
        (410, True),
        (429, False),
        (500, False),
        (503, False),
    ],
)
def test_only_what_is_gone_is_permanent(endpoint, status, is_permanent):
    endpoint.status = status

    found = problem(endpoint.url)

    assert (found.code, found.is_permanent) == (str(status), is_permanent)


def test_without_the_setting_for_developers_this_machine_is_inside(endpoint, settings):
    settings.LOOPBACK_CHANNELS = False

    assert problem(endpoint.url).is_permanent
    assert endpoint.requests == []


def test_the_setting_for_developers_opens_this_machine_and_no_other(settings, no_connections):
    settings.LOOPBACK_CHANNELS = True

    for url in ("http://example.com/", "https://10.0.0.8/", "https://169.254.169.254/"):
        assert problem(url).is_permanent


def test_an_answer_without_end_is_not_read(endpoint):
    """Whoever waited for it would see that it is shorter than it says."""
    endpoint.length = 10**12

    assert post(endpoint.url, body=b"{}", headers={}) == "200"


def test_who_answers_a_byte_at_a_time_does_not_hold_a_worker(endpoint):
    def drip(handler):
        for _ in range(50):
            handler.wfile.write(b"X")
            handler.wfile.flush()
            time.sleep(0.2)

    endpoint.before_answer = drip
    started = time.monotonic()

    with at_most(1):
        found = problem(endpoint.url)

    assert (found.is_permanent, found.words) == (False, "It did not answer in time.")
    assert time.monotonic() - started < 3


def test_nobody_there_is_tried_again():
    with http_server() as closed:
        url = closed.url

    with pytest.raises(NotSent) as refused:
        post(url, body=b"{}", headers={})
    assert refused.value.is_permanent  # http, and the setting for developers is off
