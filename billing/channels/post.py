"""Post: the one place from which a request of ours goes to an address that a customer chose.

In:   a URL, a body.   Out: the status of a 2xx answer; NotSent for every other end.
Promise: https, no redirects, no proxy, and never to an address inside a private network, whatever the name or
      spelling: what is looked at is the address that is connected to, so DNS cannot change it in between.
Never: reads the body of an answer, so that no answer is too long, or is shown to anybody.
"""

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

import requests
from django.conf import settings
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress

from billing.channels.outgoing import NotSent

CONNECT_WITHIN, ANSWER_WITHIN = 5, 10
"""Seconds; the whole attempt has a bound of its own (billing/channels/bound.py)."""
GONE = {404, 410}
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
FIRST_FREE_PORT = 1024
PLAIN = re.compile(r"[!-\[\]-~]+")
"""Visible ASCII but the backslash, which some parsers take for a slash."""


class UnsafeAddress(ValueError):
    """An address to which nothing is sent; says in words what is wrong with it."""


def post(url: str, *, body: bytes, headers: Mapping[str, str]) -> str:
    """Send it once and return the status. NotSent is permanent for 404, 410 and a forbidden address."""
    try:
        check_address(url)
        with _session() as session:
            answer = session.post(
                url, data=body, headers={"Content-Type": "application/json", **headers}, stream=True
            )
            status = answer.status_code
            answer.close()
    except UnsafeAddress as error:
        raise NotSent("refused", str(error), is_permanent=True) from error
    except (InvalidIPAddress, requests.exceptions.InvalidURL) as error:
        words = "The address leads into a private network, where nothing is sent."
        raise NotSent("refused", words, is_permanent=True) from error
    except (requests.RequestException, OSError) as error:
        raise NotSent(type(error).__name__, _in_words(error)) from error
    if 200 <= status < 300:
        return str(status)
    raise NotSent(str(status), _why(status), is_permanent=status in GONE)


def check_address(url: str) -> SplitResult:
    """What can be said of an address without asking for it; UnsafeAddress says what is wrong."""
    parts = _split(url)
    if parts.username is not None or parts.password is not None:
        raise UnsafeAddress("The address must not hold a user name or a password.")
    if settings.LOOPBACK_CHANNELS and parts.hostname in LOOPBACK:
        return parts
    if parts.scheme != "https":
        raise UnsafeAddress("The address must begin with https://.")
    if parts.port not in {None, 443} and (parts.port or 0) < FIRST_FREE_PORT:
        raise UnsafeAddress("The port must be 443, or 1024 and above.")
    return parts


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  raises for what is no port
    except ValueError as error:
        raise UnsafeAddress("This is not an address.") from error
    if not PLAIN.fullmatch(url) or not parts.hostname or parts.scheme not in {"http", "https"}:
        raise UnsafeAddress("This is not an address that begins with https://.")
    return parts


def _session() -> HTTPSession:
    session = HTTPSession(
        Config(
            ip_filter_enable=True,
            ip_filter_allow_loopback_ips=settings.LOOPBACK_CHANNELS,
            never_redirect=True,
            default_timeout=(CONNECT_WITHIN, ANSWER_WITHIN),
            user_agent_override="costtrack",
        )
    )
    session.trust_env = False  # no proxy, no .netrc: what is checked is what is connected to
    return session


def _in_words(error: Exception) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "Its certificate is not valid for this address."
    if isinstance(error, requests.Timeout | TimeoutError):
        return "It did not answer in time."
    return "It cannot be reached."


def _why(status: int) -> str:
    if status in GONE:
        return f"It answered {status}: there is nothing at this address any more."
    if 300 <= status < 400:
        return f"It answered {status}, a redirect, which is not followed."
    return f"It answered {status}."
