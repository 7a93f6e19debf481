"""Two of the three doors where a tenant scope opens: API keys, and signed-in people.

Each resolves who is asking, refuses what was not declared, and runs the view inside the tenant's scope:
one transaction, undone as a whole when the answer is an error.
"""

from collections.abc import Callable
from functools import lru_cache
from select import POLLIN, poll
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import Error, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import timezone
from rest_framework.response import Response
from structlog.contextvars import bind_contextvars

from tenants.access import visit
from tenants.actions import note_key_use
from tenants.keys import FoundKey, find_key, remembered_key
from tenants.keyview import KeyView
from tenants.problems import InvalidKey, Problem, is_api, is_away, problem_response
from tenants.scoping import ANSWER_WITHIN, tenant_scope
from tenants.throttle import seconds_to_wait

Responder = Callable[[HttpRequest], HttpResponse]

LAST = "last"
"""A cookie: the slug of the tenant that this browser showed last. It opens nothing."""
SET_UP_FIRST = "{} asks its members for a second factor. Set one up here, and all is open again."


class KeyDoor:
    """`Authorization: Bearer <key>` on every API view.

    It stands before everything that pages need and programs do not: sessions, cookies, forms, messages.
    """

    def __init__(self, get_response: Responder) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        match = _match(request)
        view_class = getattr(match and match.func, "cls", None)
        if match is None or view_class is None or not issubclass(view_class, KeyView):
            return self.get_response(request)
        request.get_host()  # refuses a host that is not ours
        request.resolver_match = match
        try:
            response = self._answer(request, match, view_class)
        except Problem as problem:
            response = problem_response(problem)
        response.headers["Content-Length"] = str(len(response.content))
        return response

    def _answer(
        self, request: HttpRequest, match: ResolverMatch, view_class: type[KeyView]
    ) -> HttpResponse:
        secret = _secret_of(request)
        if request.method in view_class.confirming and (key := remembered_key(secret)):
            _feel_pulse()
            try:
                response = self._answer_to(key, request, match, view_class)
            except Problem:
                _valid_key(secret)  # that it is not, if so, is what matters first
                raise
            if response.status_code >= 400:
                _valid_key(secret)
            return response
        return self._answer_to(_valid_key(secret), request, match, view_class)

    @staticmethod
    def _answer_to(
        key: FoundKey, request: HttpRequest, match: ResolverMatch, view_class: type[KeyView]
    ) -> HttpResponse:
        bind_contextvars(tenant=key.tenant_id, key=key.id)
        allowed = view_class.scopes_of(request.method or "GET")
        if not key.scopes & allowed:
            needed = " or ".join(sorted(allowed)) or "no"
            raise Problem(403, "missing_scope", f"This call needs a key with the {needed} scope.")
        if wait := seconds_to_wait(key.id):
            detail = f"This key calls too often; wait {wait} s. Batches hold up to 1,000 events."
            raise Problem(429, "throttled", detail, retry_after=wait)
        request.api_key = key  # type: ignore[attr-defined]
        if view_class.opens_own_scope:
            return view_class.answer_plainly(request, key) or _rendered(request, match)
        with tenant_scope(key.tenant_id, within=ANSWER_WITHIN):
            note_key_use(key, now=timezone.now())
            response = _rendered(request, match)
            if response.status_code >= 400:
                transaction.set_rollback(True)
        return response


def _secret_of(request: HttpRequest) -> str:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise Problem(401, "missing_key", "Send the header 'Authorization: Bearer <key>'.")
    return secret.strip()


def _match(request: HttpRequest) -> ResolverMatch | None:
    if not is_api(request):
        return None
    try:
        return _resolve(request.path_info)
    except Resolver404:
        return None


_resolve = lru_cache(maxsize=256)(resolve)


def _rendered(request: HttpRequest, match: ResolverMatch) -> Response:
    """What the view answers by way of DRF."""
    response: Response = match.func(request, *match.args, **match.kwargs)
    response.render()
    return response


def _valid_key(secret: str) -> FoundKey:
    """A request's first question only reads: a connection that has died meanwhile shows here.

    So it is asked again on a new one, where Django would ask before every request whether it is alive.
    """
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        key = find_key(secret, now=timezone.now())
    except Error as error:
        if connection.in_atomic_block or not is_away(error):
            raise
        connection.close()
        key = find_key(secret, now=timezone.now())
    if key is None:
        raise InvalidKey
    return key


def _feel_pulse() -> None:
    """The same where the first question stores: a server that hung up has said so, though nobody asked."""
    connection.health_check_done = True  # type: ignore[attr-defined]
    if connection.connection is not None:
        waiting = poll()
        waiting.register(connection.connection.fileno(), POLLIN)
        if waiting.poll(0):
            connection.close()


class PageDoor:
    """Every route with a `<tenant>` part: membership, declared roles, scope."""

    def __init__(self, get_response: Responder) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if "tenant" not in kwargs:
            return None
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
        slug = kwargs.pop("tenant")
        found = visit(request.user, slug, now=timezone.now())
        request.accesses = found  # type: ignore[attr-defined]
        access = next((each for each in found if each.tenant.slug == slug), None)
        if access is None:
            raise Http404("no such tenant for this person")
        bind_contextvars(tenant=access.tenant.pk, person=request.user.pk)
        if access.wants_second_factor:
            messages.info(request, SET_UP_FIRST.format(access.tenant.name))
            return redirect("mfa_index")
        request.access = access  # type: ignore[attr-defined]
        if access.role not in getattr(view, "allowed_roles", frozenset()):
            raise PermissionDenied
        client_id = access.client.pk if access.client else None
        with tenant_scope(access.tenant.pk, client_id=client_id, within=ANSWER_WITHIN):
            response: HttpResponse = view(request, *args, **kwargs)
            if response.status_code >= 400:
                transaction.set_rollback(True)
        if len(found) > 1 and request.COOKIES.get(LAST) != slug:
            response.set_cookie(LAST, slug, httponly=True, secure=settings.HTTPS, samesite="Lax")
        return response
