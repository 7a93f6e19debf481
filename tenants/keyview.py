"""What every API view builds on: scopes are declared per method, and what is not declared is refused."""

from typing import ClassVar

from django.http import HttpRequest, HttpResponse
from rest_framework.views import APIView

from tenants.keys import FoundKey
from tenants.problems import Problem

JSON = ("application/json", "application/*", "*/*")


class KeyView(APIView):
    """An API view. `scopes` maps a method to the scopes of which the key needs one.

    A method that is not in the map is refused: deny by default. The key door (tenants/middleware.py) has
    opened the tenant's scope before a handler runs, unless the view sets `opens_own_scope`, which it does
    when it must read a slow body before it takes a transaction.
    """

    scopes: ClassVar[dict[str, frozenset[str]]] = {}
    opens_own_scope: ClassVar[bool] = False
    confirming: ClassVar[frozenset[str]] = frozenset()
    """Methods that take a key on trust, and have it confirmed by the statement that stores."""

    @classmethod
    def scopes_of(cls, method: str) -> frozenset[str]:
        method = "GET" if method in {"HEAD", "OPTIONS"} else method
        if method not in cls.scopes:
            return frozenset({scope for scopes in cls.scopes.values() for scope in scopes})
        return cls.scopes[method]

    @classmethod
    def answer_plainly(cls, request: HttpRequest, key: FoundKey) -> HttpResponse | None:
        """The answer without DRF, of a view that opens its own scope; None: by way of DRF."""
        return None

    @property
    def key(self) -> FoundKey:
        return self.request.auth  # type: ignore[return-value]

    def project_of(self, asked: str) -> str:
        """The project to answer for: a key that is bound to one knows no other."""
        return project_of(self.key, asked)


def project_of(key: FoundKey, asked: str) -> str:
    """The project that a request is about: a key that is bound to one knows no other."""
    bound = key.project
    if bound and asked and asked != bound:
        raise Problem(404, "not_found", f"This key is bound to the project {bound!r}.")
    return bound or asked


def asks_plainly(request: HttpRequest, method: str) -> bool:
    """A request by this method that takes plain JSON: it can be answered without DRF."""
    accepted = request.headers.get("Accept", "*/*")
    return request.method == method and any(each in accepted for each in JSON)
