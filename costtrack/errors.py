"""What an address answers that has no view, or whose view broke: a page for people, a problem for programs."""

import sys

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views import defaults

from tenants.access import accesses
from tenants.middleware import LAST
from tenants.models import User
from tenants.problems import Problem, is_api, is_away, problem_response
from tenants.web.start import last_used

AWAY = Problem(
    503,
    "unavailable",
    "The database is away or too busy. Send it again: an event counts once.",
    retry_after=1,
)
BROKEN = Problem(
    500, "internal_error", "The request failed on our side. Send it again: an event counts once."
)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return problem_response(Problem(404, "not_found", "There is nothing at this address."))
    know_the_way(request)
    return defaults.page_not_found(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    know_the_way(request)
    return defaults.permission_denied(request, exception)


def know_the_way(request: HttpRequest) -> None:
    """Whoever has signed in keeps the head and the side of the page: the way to where they may go."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or hasattr(request, "access"):
        return
    found = accesses(user)
    request.accesses = found  # type: ignore[attr-defined]
    here = last_used(
        [each for each in found if not each.wants_second_factor], slug=request.COOKIES.get(LAST)
    )
    if here is not None:
        request.access = here  # type: ignore[attr-defined]


def server_error(request: HttpRequest) -> HttpResponse:
    """503 while the database is away or busy, which is a matter of waiting; 500 for the rest, a bug of ours.

    It may have gone after it committed, so nobody is told that nothing was kept. Neither page asks it anything.
    """
    away = is_away(sys.exception())
    if is_api(request):
        return problem_response(AWAY if away else BROKEN)
    if not away:
        return defaults.server_error(request)
    page = HttpResponse(loader.get_template("503.html").render(), status=AWAY.status_code)
    page["Retry-After"] = str(AWAY.retry_after)
    return page


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        detail = "The address or a header cannot be read, for instance because of a NUL (%00)."
        return problem_response(Problem(400, "bad_request", detail))
    return defaults.bad_request(request, exception)
