"""What every API view builds on: the key is the caller, and scopes are declared per method."""

from typing import Any, ClassVar

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from tenants.keys import FoundKey


class KeyView(APIView):
    """An API view. `scopes` maps a method to the scopes of which the key needs one.

    A method that is not in the map is refused: deny by default. The key door (tenants/middleware.py) has
    opened the tenant's scope before a handler runs, unless the view sets `opens_own_scope`, which it does
    when it must read a slow body before it takes a transaction.
    """

    scopes: ClassVar[dict[str, frozenset[str]]] = {}
    opens_own_scope: ClassVar[bool] = False

    @classmethod
    def scopes_of(cls, method: str) -> frozenset[str]:
        method = "GET" if method in {"HEAD", "OPTIONS"} else method
        if method not in cls.scopes:
            return frozenset({scope for scopes in cls.scopes.values() for scope in scopes})
        return cls.scopes[method]

    @property
    def key(self) -> FoundKey:
        return self.request.auth  # type: ignore[return-value]


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
