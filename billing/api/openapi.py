"""OpenAPI: what the generator cannot see by itself: keys with scopes, and problems as answers.

In: the views and the document that was generated from them.   Out: docs/openapi.json and /api/v1/openapi.json.
"""

from typing import Any, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework.serializers import Serializer

from tenants.keyview import KeyView
from tenants.problems import TITLES

Document = dict[str, Any]
Body = dict[str, PolymorphicProxySerializer | OpenApiTypes]

WITH_EVENTS = ("/api/v1/events", "/api/v1/price")
ANSWERS = {"200": "The answer.", "201": "It is made.", "204": "It is done."}
PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `code` is stable; `detail` is a sentence for people and may change.",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "field": {"type": "string", "description": "What the problem is about, where it is one."},
    },
    "required": ["type", "title", "status", "code", "detail"],
}


class BearerKey(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "tenants.drf.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: AutoSchema) -> Document:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key. The names listed with an operation are the scopes of which the key"
            " needs one; no scope includes another.",
        }


class KeySchema(AutoSchema):
    """Names the scopes that a method declares, for programs and for people."""

    def get_auth(self) -> list[Document]:
        super().get_auth()  # makes the key known to the document
        return [{BearerKey.name: [scope]} for scope in self._scopes()]

    def get_description(self) -> str:  # type: ignore[override]
        scopes = " or ".join(f"`{scope}`" for scope in self._scopes())
        return f"{super().get_description()}\n\nNeeds a key with the scope {scopes}."

    def _scopes(self) -> list[str]:
        view = cast(KeyView, self.view)
        return sorted(view.scopes_of(self.method))


MOVES = ("/close", "/apply", "/cancel", "/stop", "/resume")
"""What is refused with 409 where it is not in a state for it."""


def body_of(name: str, batch: type[Serializer[object]], event: type[Serializer[object]]) -> Body:
    """A batch, a single event, or a line for each event."""
    either = PolymorphicProxySerializer(
        component_name=name, serializers=[batch, event], resource_type_field_name=None
    )
    return {"application/json": either, "application/x-ndjson": OpenApiTypes.STR}


def add_problems(result: Document, **_: Any) -> Document:
    """The last step of generating: every operation also answers with the problems that it can have."""
    components = result["components"]
    components["schemas"]["Problem"] = PROBLEM
    components["responses"] = {
        f"Problem{status}": _answer(title) for status, title in TITLES.items()
    }
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            if "requestBody" in operation:
                operation["requestBody"]["required"] = True
            for status, answer in operation["responses"].items():
                answer["description"] = answer.get("description") or ANSWERS[status]
            for status in _problems(path, method, operation):
                operation["responses"][str(status)] = {
                    "$ref": f"#/components/responses/Problem{status}"
                }
    return result


def _answer(title: str) -> Document:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": f"{title}.",
        "content": {"application/problem+json": {"schema": schema}},
    }


def _problems(path: str, method: str, operation: Document) -> list[int]:
    found = {400, 401, 403, 406, 429, 500, 503} & TITLES.keys()
    if "{" in path or path.endswith("/void"):
        found |= {404}
    if "requestBody" in operation:
        found |= {413, 415} | (set() if path in WITH_EVENTS else {422})
    if path.endswith("/proposals") and method == "post":
        found |= {404}
    if path.endswith("/allow"):
        found |= {404, 422}
    if path.endswith("/alerts") or "/budgets" in path:  # a filter, a scenario
        found |= {422}
    if path.endswith("/insights/answer"):
        found |= {404}
    makes_one = method == "post" and "201" in operation["responses"]
    if makes_one or method == "patch" or path.endswith(MOVES):
        found |= {409}
    return sorted(found)
