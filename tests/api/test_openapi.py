"""The OpenAPI document: public, valid, checked in, and true of what the API answers."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import get_resolver

from tests.api.conftest import EVENTS
from tests.factories import USAGE, event

CHECKED_IN = Path(__file__).parents[2] / "docs" / "openapi.json"
DOCUMENT = "/api/v1/openapi.json"


@pytest.fixture
def document(client):
    answer = client.get(DOCUMENT)
    assert (answer.status_code, answer["Content-Type"]) == (
        200,
        "application/vnd.oai.openapi+json",
    )
    return json.loads(answer.content)


def operations(document):
    return [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


@pytest.mark.smoke
def test_the_document_is_openapi_3_1_and_needs_no_key(document, client):
    assert document["openapi"].startswith("3.1.")
    for accept in ("application/json", "text/html,*/*;q=0.8"):
        assert client.get(DOCUMENT, headers={"Accept": accept}).status_code == 200


def test_the_checked_in_document_is_the_one_that_is_served(document):
    assert json.loads(CHECKED_IN.read_text("utf-8")) == document, (
        "write it again: manage.py spectacular --format openapi-json --file docs/openapi.json"
    )


def test_generating_it_gives_no_warning_and_a_valid_document(tmp_path, capsys):
    call_command(
        "spectacular",
        format="openapi-json",
        file=str(tmp_path / "openapi.json"),
        validate=True,
        fail_on_warn=True,
    )

    assert "Warning" not in capsys.readouterr().err


def test_every_address_of_the_api_is_documented(document):
    def simple(pattern):
        return pattern.replace("<slug:", "{").replace("<int:", "{").replace("<text:", "{")

    views = get_resolver("billing.api.urls").url_patterns
    served = {"/api/" + simple(str(view.pattern)).replace(">", "}") for view in views}

    assert set(document["paths"]) == served - {DOCUMENT}


def test_every_operation_asks_for_a_key_and_names_its_scopes_and_problems(document):
    scheme = document["components"]["securitySchemes"]["key"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")

    for method, path, operation in operations(document):
        scopes = [scope for each in operation["security"] for scope in each["key"]]
        assert scopes, (method, path)
        assert set(scopes) <= {"ingest", "read", "manage"}
        assert all(f"`{scope}`" in operation["description"] for scope in scopes)
        assert {"401", "403"} <= operation["responses"].keys(), (method, path)
        assert operation["operationId"]
        assert operation["tags"]
        for status, answer in operation["responses"].items():
            if status < "400":
                assert answer["description"]
            else:
                assert answer == {"$ref": f"#/components/responses/Problem{status}"}


def test_the_problem_is_the_one_that_is_answered(document, client):
    schema = document["components"]["schemas"]["Problem"]
    answer = document["components"]["responses"]["Problem401"]
    assert answer["content"]["application/problem+json"]["schema"] == {
        "$ref": "#/components/schemas/Problem"
    }

    problem = client.get("/api/v1/spend").json()

    assert set(schema["required"]) <= problem.keys() <= schema["properties"].keys()


def resolved(document, schema):
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def assert_described(document, schema, value, where):
    """Every name in the answer is in the document, and every promised one is in the answer."""
    schema = resolved(document, schema)
    if isinstance(value, list):
        for each in value:
            assert_described(document, schema["items"], each, f"{where}[]")
    elif isinstance(value, dict) and "properties" in schema:
        assert value.keys() <= schema["properties"].keys(), where
        assert set(schema.get("required", ())) <= value.keys(), where
        for name, inner in value.items():
            assert_described(document, schema["properties"][name], inner, f"{where}.{name}")
    elif value is None:
        kinds = schema.get("type", [])
        nullable = "null" in kinds or {"type": "null"} in schema.get("oneOf", [])
        assert nullable or not kinds, where


def test_answers_have_the_fields_of_the_document_and_no_others(document, api):
    full = event(
        "full",
        source="eu",
        usage=USAGE | {"service_tier": "batch"},
        components=[
            {"name": "user", "tokens": 1, "fingerprint": "f"},
            {"name": "other", "tokens": 1},
        ],
        stop_reason="end_turn",
        feature="f",
        environment="e",
        session="s",
        task="t",
        end_user="u",
        streamed=True,
        tool_calls=1,
        tags={"a": "b"},
    )
    bad = event("bad", color="red")
    batch = {"events": [full, event("u", model="x"), full, full | {"task": "x"}, bad]}
    answers = {
        ("post", EVENTS): api.post(batch),
        ("post", "/api/v1/price"): api.post(batch, path="/api/v1/price"),
        ("get", EVENTS): api.get(EVENTS),
        ("get", EVENTS + "/{source}/{event_id}"): api.get(f"{EVENTS}/eu/full"),
        ("post", EVENTS + "/void"): api.manage(
            "POST", EVENTS + "/void", {"id": "u", "reason": "x"}
        ),
        ("get", "/api/v1/spend"): api.get("/api/v1/spend?range=90d&group_by=token_class,api_key"),
        ("get", "/api/v1/clients"): api.get("/api/v1/clients"),
        ("get", "/api/v1/clients/{slug}"): api.get("/api/v1/clients/globex"),
        ("get", "/api/v1/projects"): api.get("/api/v1/projects"),
        ("post", "/api/v1/projects"): api.manage(
            "POST", "/api/v1/projects", {"slug": "x", "client": "globex"}
        ),
        ("get", "/api/v1/keys"): api.manage("GET", "/api/v1/keys"),
        ("post", "/api/v1/keys"): api.manage(
            "POST", "/api/v1/keys", {"name": "x", "scopes": ["read"]}
        ),
    }
    again = api.get(f"{EVENTS}/-/u")

    for (method, path), answer in [
        *answers.items(),
        (("get", EVENTS + "/{source}/{event_id}"), again),
    ]:
        described = document["paths"][path][method]["responses"][str(answer.status_code)]
        schema = described["content"]["application/json"]["schema"]
        assert_described(document, schema, answer.json(), f"{method} {path}")
