"""What every response gets: one log line, and headers that keep a page to its own origin.

And what no request may have: NUL in its address, which PostgreSQL's text cannot hold.
"""

import time
import uuid
from collections.abc import Callable

import structlog
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bind_contextvars, clear_contextvars

from costtrack.metrics import count_request

Responder = Callable[[HttpRequest], HttpResponse]

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)

log = structlog.get_logger("costtrack.request")


def request_log(get_response: Responder) -> Responder:
    """The doors add tenant, key and person to the context, so that every line of a request has them."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter_ns()
        request_id = uuid.uuid4().hex
        clear_contextvars()
        bind_contextvars(request=request_id)
        response = get_response(request)
        response["X-Request-Id"] = request_id
        microseconds = (time.perf_counter_ns() - started) // 1000
        count_request(request, response, seconds=microseconds / 1_000_000)
        match = request.resolver_match
        log.info(
            "request",
            method=request.method,
            route=match.route if match else None,
            status=response.status_code,
            microseconds=microseconds,
        )
        clear_contextvars()
        return response

    return middleware


def security_headers(get_response: Responder) -> Responder:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        response.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware


def refuse_nul(get_response: Responder) -> Responder:
    def middleware(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("NUL in an address")
        return get_response(request)

    return middleware
