"""OpenAPI: the generated document as plain rows that a template can list.

In:   an OpenAPI 3 document as a dict.   Out: Operation, with the fields of what goes in and comes out.
Promises: nested objects are flattened to dotted names, lists marked with [], so no script is needed.
          Answers that are only referred to (problems, the same everywhere) are told once on the page.
Never: a network call, or anything of the document that it does not understand.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Json = Mapping[str, object]

METHODS = ("get", "post", "put", "patch", "delete")
DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str
    required: bool
    note: str


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    text: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address. `anchor` is unique on the page; `example` is pretty JSON or ''."""

    anchor: str
    method: str
    path: str
    title: str
    text: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    example: str
    answers: tuple[Answer, ...]


def operations(document: Json) -> list[Operation]:
    """Every operation, in the document's order of addresses."""
    return [
        _operation(document, path=path, method=method, found=_json(found))
        for path, methods in _json(document.get("paths")).items()
        for method, found in _json(methods).items()
        if method in METHODS
    ]


def _operation(document: Json, *, path: str, method: str, found: Json) -> Operation:
    title, _, text = str(found.get("summary") or found.get("description") or "").partition("\n")
    if found.get("summary"):
        text = str(found.get("description") or "")
    body = _media(_json(found.get("requestBody")))
    return Operation(
        anchor=f"{method}{path}".replace("/", "-").replace("{", "").replace("}", ""),
        method=method.upper(),
        path=path,
        title=title.rstrip("."),
        text=" ".join(text.split()),
        parameters=tuple(
            _field(
                document, name=str(each.get("name")), schema=_json(each.get("schema")), source=each
            )
            for each in map(_json, _list(found.get("parameters")))
        ),
        body=tuple(_fields(document, _json(body.get("schema")))),
        example=_example(body),
        answers=tuple(
            Answer(
                status=status,
                text=str(_json(answer).get("description") or ""),
                fields=tuple(_fields(document, _json(_media(_json(answer)).get("schema")))),
            )
            for status, answer in _json(found.get("responses")).items()
            if "$ref" not in _json(answer)
        ),
    )


def _fields(document: Json, schema: Json, *, prefix: str = "", depth: int = 0) -> Iterator[Field]:
    """The properties of an object, each followed by those inside it."""
    schema = _resolved(document, schema)
    if schema.get("type") == "array":
        yield from _fields(document, _json(schema.get("items")), prefix=f"{prefix}[].", depth=depth)
        return
    required = _list(schema.get("required"))
    for name, found in _json(schema.get("properties")).items():
        inner = _resolved(document, _json(found))
        yield _field(
            document, name=prefix + name, schema=inner, source={"required": name in required}
        )
        if depth < DEEPEST:
            many = "[]" if inner.get("type") == "array" else ""
            nested = _json(inner.get("items")) if many else inner
            yield from _fields(document, nested, prefix=f"{prefix}{name}{many}.", depth=depth + 1)


def _field(document: Json, *, name: str, schema: Json, source: Json) -> Field:
    schema = _resolved(document, schema)
    return Field(
        name=name,
        kind=_kind(document, schema),
        required=bool(source.get("required")),
        note=_note(str(source.get("description") or schema.get("description") or "")),
    )


def _note(text: str) -> str:
    """Without the list of values that generators append: the kind names them already."""
    return text.partition("* `")[0].strip()


def _kind(document: Json, schema: Json) -> str:
    values = [str(value) for value in _list(schema.get("enum")) if value is not None]
    if values:
        return " | ".join(values)
    kinds = schema.get("type")
    names = [str(kind) for kind in (kinds if isinstance(kinds, list) else [kinds]) if kind]
    if "array" in names:
        return f"list of {_kind(document, _resolved(document, _json(schema.get('items'))))}"
    text = " or ".join(names) or "any"
    return f"{text}, {schema['format']}" if isinstance(schema.get("format"), str) else text


def _resolved(document: Json, schema: Json) -> Json:
    """The schema behind `$ref`, also where it is wrapped to carry a description."""
    for wrapper in ("allOf", "oneOf", "anyOf"):
        inner = _list(schema.get(wrapper))
        if inner:
            return _resolved(document, _json(inner[0]))
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    found: object = document
    for part in reference.removeprefix("#/").split("/"):
        found = _json(found).get(part)
    return _resolved(document, _json(found))


def _media(holder: Json) -> Json:
    """The JSON form of a body; else the first form there is."""
    content = _json(holder.get("content"))
    return _json(content.get("application/json") or next(iter(content.values()), None))


def _example(media: Json) -> str:
    for example in _json(media.get("examples")).values():
        value = _json(example).get("value")
        if value is not None:
            return json.dumps(value, indent=2, ensure_ascii=False)
    return ""


def _json(found: object) -> Json:
    return found if isinstance(found, Mapping) else {}


def _list(found: object) -> list[object]:
    return found if isinstance(found, list) else []
