"""Errors of the API: RFC 9457 problem documents with a stable `code` and a sentence that helps."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response

TITLES = {
    400: "The request cannot be read",
    401: "A valid key is needed",
    403: "The key may not do this",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    413: "The request is too large",
    415: "Unsupported media type",
    422: "The request makes no sense",
    429: "Too many requests",
    500: "Something broke on our side",
    503: "Not now",
}

NOT_A_BUG = {"25006", "25P03", "25P04"}
"""Read-only since another server took over; a transaction that idled, or lasted, too long on a busy machine."""


class Problem(Exception):
    """The request as a whole is refused; nothing of it was kept."""

    def __init__(
        self, status_code: int, code: str, detail: str, *, field: str = "", retry_after: int = 0
    ) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        self.status_code = status_code
        self.code = code
        self.detail = detail
        self.field = field

    def document(self) -> dict[str, Any]:
        return document(self.status_code, self.code, self.detail, field=self.field)


class InvalidKey(Problem):
    def __init__(self) -> None:
        super().__init__(401, "invalid_key", "This key is unknown, expired or revoked.")


def document(status_code: int, code: str, detail: str, *, field: str = "") -> dict[str, Any]:
    body = {
        "type": "about:blank",
        "title": TITLES.get(status_code, "Error"),
        "status": status_code,
        "code": code,
        "detail": detail,
    }
    return body | ({"field": field} if field else {})


def problem_response(problem: Problem) -> JsonResponse:
    """The same document outside DRF: from middleware and error handlers."""
    response = JsonResponse(
        problem.document(), status=problem.status_code, content_type="application/problem+json"
    )
    response["Content-Length"] = str(len(response.content))
    if problem.status_code == status.HTTP_401_UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    if problem.retry_after:
        response["Retry-After"] = str(problem.retry_after)
    return response


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: every handled exception becomes a problem document; others stay errors."""
    if isinstance(error, Http404):
        error = exceptions.NotFound("There is no such object here.")
    if isinstance(error, RequestDataTooBig):
        error = Problem(413, "body_too_large", "Send at most 1 MB to this address.")
    if isinstance(error, exceptions.ValidationError):
        error = _from_validation(error)
    if isinstance(error, exceptions.APIException):
        code = str(error.get_codes()) if not isinstance(error.detail, (dict, list)) else "invalid"
        error = Problem(error.status_code, code, str(error.detail))
    if not isinstance(error, Problem):
        return None
    return Response(
        error.document(), status=error.status_code, content_type="application/problem+json"
    )


def _from_validation(error: exceptions.ValidationError) -> Problem:
    """The first complaint of a serializer, with its field's name."""
    detail: Any = error.detail
    path: list[str] = []
    while isinstance(detail, (dict, list)) and detail:
        if isinstance(detail, dict):
            key, detail = next(iter(detail.items()))
            path.append(str(key))
        else:
            detail = next((item for item in detail if item), "")
    field = ".".join(part for part in path if part != "non_field_errors")
    code = getattr(detail, "code", "invalid") or "invalid"
    names = dict.fromkeys(("required", "null", "blank"), "missing_field")
    names |= dict.fromkeys(("min_value", "max_value"), "invalid_field")
    return Problem(
        422,
        names.get(code, code if code != "invalid" else "invalid_field"),
        str(detail),
        field=field,
    )


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def is_away(error: BaseException | None) -> bool:
    """Whether the database is away, dying or busy, so that the same request may do well in a moment.

    OperationalError holds the SQLSTATEs of classes 08 (connection), 53 (connections, memory, disk), 57 (shut
    down, starting, cancelled) and 58 (operating system); InterfaceError is a connection that has ended.
    InternalError is two things: class XX, the server in trouble, as it says while it dies; and class 25, mostly
    a bug of ours.
    """
    if isinstance(error, InternalError):
        state = getattr(error.__cause__, "sqlstate", None) or ""
        return state.startswith("XX") or state in NOT_A_BUG
    return isinstance(error, OperationalError | InterfaceError)
