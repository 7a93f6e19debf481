"""The documentation page, and the reader of the OpenAPI document behind it."""

import re

from billing.web.openapi import operations

DOCUMENT = {
    "paths": {
        "/things/{id}": {
            "get": {
                "summary": "Read a thing.",
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
                ],
                "responses": {
                    "200": {
                        "description": "Found",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}
                        },
                    },
                    "404": {"description": "No such thing"},
                },
            },
            "parameters": [],
        },
        "/things": {
            "post": {
                "description": "Make things.\nOne by one.",
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "array",
                                "items": {"$ref": "#/components/schemas/Thing"},
                            },
                            "examples": {"One": {"value": [{"name": "a"}]}},
                        }
                    }
                },
                "responses": {},
            }
        },
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "description": "What it is called."},
                    "kind": {"enum": ["a", "b"], "description": "* `a` - a"},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
                    "inner": {"$ref": "#/components/schemas/Thing"},
                },
            },
            "Part": {"properties": {"size": {"type": ["integer", "null"], "format": "int64"}}},
        }
    },
}


def test_operations_are_read_in_order_with_their_words():
    read, make = operations(DOCUMENT)

    assert (read.method, read.path, read.title) == ("GET", "/things/{id}", "Read a thing")
    assert (make.title, make.text) == ("Make things", "One by one.")
    assert read.parameters[0].name == "id"
    assert read.parameters[0].required
    assert [(answer.status, answer.text) for answer in read.answers] == [
        ("200", "Found"),
        ("404", "No such thing"),
    ]


def test_nested_fields_are_flattened_and_a_loop_ends():
    _, make = operations(DOCUMENT)

    fields = {field.name: field for field in make.body}
    assert fields["[].name"].required
    assert fields["[].kind"].kind == "a | b"
    assert fields["[].kind"].note == ""
    assert fields["[].parts"].kind == "list of any"
    assert fields["[].parts[].size"].kind == "integer or null, int64"
    assert "[].inner.inner.name" in fields
    assert len(fields) < 100


def test_example_is_pretty_json():
    _, make = operations(DOCUMENT)

    assert make.example == '[\n  {\n    "name": "a"\n  }\n]'


def test_documents_page_names_every_operation_of_the_api(client, db):
    page = client.get("/api/docs/").content.decode()
    document = client.get("/api/v1/openapi.json").json()

    named = re.findall(r'<span class="verb">(\w+)</span> <code>([^<]+)</code>', page)
    offered = [
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
        if method != "parameters"
    ]
    assert sorted(named) == sorted(offered)


def test_events_come_first(client, db):
    page = client.get("/api/docs/").content.decode()

    first = re.search(r'<h2 class="break"><span class="verb">\w+</span> <code>([^<]+)', page).group(
        1
    )
    assert first == "/api/v1/events"
