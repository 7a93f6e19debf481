"""What DRF asks about a caller: the key is the caller, and its scopes are what it may do."""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from tenants.keys import FoundKey


class KeyAuthentication(BaseAuthentication):
    """Hands DRF the key that the door has already checked."""

    def authenticate(self, request: Request) -> tuple[Any, FoundKey] | None:
        key = getattr(request._request, "api_key", None)
        return None if key is None else (None, key)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HasScope(BasePermission):
    """The second look: a view that was reached without the door, or declares nothing, is refused."""

    def has_permission(self, request: Request, view: Any) -> bool:
        key = request.auth
        return isinstance(key, FoundKey) and bool(
            key.scopes & view.scopes_of(request.method or "GET")
        )


class JsonBody(JSONParser):
    """DRF's parser, which bounds the body; it also refuses what is nested too deeply to be read."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error
