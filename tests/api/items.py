"""Items that must be refused one by one: label, JSON text, code, field. Shared by the tests of the doors."""

import json
from datetime import UTC, datetime, timedelta

from tests.factories import USAGE, event

TOO_LATE = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
COUNT = "input_tokens"


def with_usage(**changes) -> dict:
    return event(usage=USAGE | changes)


def without(name) -> dict:
    return {key: value for key, value in event().items() if key != name}


def count(literal: str) -> str:
    """An event whose count is written exactly so."""
    return json.dumps(with_usage(input_tokens=987_654)).replace("987654", literal)


def at(text) -> dict:
    return event(occurred_at=text)


def deep(levels: int, *, field="usage", opening="[", closing="]") -> str:
    """An event with a value that is nested so deeply."""
    nested = opening * levels + "1" + closing * levels
    base = json.dumps(event() | {field: 987_654})
    if field == "usage":
        nested = json.dumps(USAGE)[:-1] + f', "x": {nested}}}'
    return base.replace("987654", nested)


BAD_ITEMS = [
    # not an event at all
    ("a number", 5, "not_an_object", None),
    ("a text", "hello", "not_an_object", None),
    ("null", None, "not_an_object", None),
    ("a list", [1, 2], "not_an_object", None),
    ("an empty object", {}, "missing_field", "id"),
    # what is required
    ("no id", without("id"), "missing_field", "id"),
    ("no project", without("project"), "missing_field", "project"),
    ("no occurred_at", without("occurred_at"), "missing_field", "occurred_at"),
    ("no model", without("model"), "missing_field", "model"),
    ("no usage", without("usage"), "missing_field", "usage"),
    ("no input_tokens", event(usage={"output_tokens": 1}), "missing_field", "usage.input_tokens"),
    ("no output_tokens", event(usage={"input_tokens": 1}), "missing_field", "usage.output_tokens"),
    ("null id", event() | {"id": None}, "invalid_field", "id"),
    ("null model", event() | {"model": None}, "invalid_field", "model"),
    ("null usage", event() | {"usage": None}, "invalid_field", "usage"),
    ("null count", with_usage(input_tokens=None), "invalid_field", "usage.input_tokens"),
    # what nobody asked for
    ("unknown field", event(prompt="hello"), "unknown_field", "prompt"),
    (
        "unknown field of a component",
        event(components=[{"name": "user", "tokens": 1, "text": "hello"}]),
        "unknown_field",
        "components[0].text",
    ),
    ("unknown project", event(project="nope"), "unknown_project", "project"),
    # lengths
    ("empty id", event(""), "invalid_field", "id"),
    ("long id", event("x" * 201), "invalid_field", "id"),
    ("empty model", event() | {"model": ""}, "invalid_field", "model"),
    ("21 tags", event(tags={f"t{n}": "x" for n in range(21)}), "invalid_field", "tags"),
    ("long key of a tag", event(tags={"x" * 201: "y"}), "invalid_field", "tags"),
    ("long value of a tag", event(tags={"y": "x" * 201}), "invalid_field", "tags"),
    *(
        (f"long {name}", event() | {name: "x" * 201}, "invalid_field", name)
        for name in ("source", "project", "provider", "model", "stop_reason")
    ),
    *(
        (f"long {name}", event(**{name: "x" * 201}), "invalid_field", name)
        for name in ("feature", "environment", "session", "task", "end_user")
    ),
    # wrong types
    *(
        (f"{name} of a wrong type", event() | {name: value}, "invalid_field", name)
        for name, value in {
            "id": 5,
            "source": 5,
            "project": ["support-bot"],
            "occurred_at": 1_795_000_000,
            "provider": {},
            "model": 4.6,
            "usage": "200 tokens",
            "stop_reason": True,
            "components": {"name": "user", "tokens": 1},
            "feature": 1,
            "environment": [],
            "session": 1.5,
            "task": False,
            "end_user": {"id": 7},
            "streamed": "yes",
            "tool_calls": "2",
            "tags": ["blue"],
        }.items()
    ),
    ("usage as a list", event() | {"usage": [USAGE]}, "invalid_field", "usage"),
    ("value of a tag as a number", event(tags={"team": 5}), "invalid_field", "tags"),
    ("streamed as 1", event(streamed=1), "invalid_field", "streamed"),
    ("negative tool_calls", event(tool_calls=-1), "invalid_field", "tool_calls"),
    ("tool_calls as true", event() | {"tool_calls": True}, "invalid_field", "tool_calls"),
    ("component as a text", event(components=["user"]), "invalid_field", "components[0]"),
    (
        "unknown component",
        event(components=[{"name": "prompt", "tokens": 1}]),
        "invalid_field",
        "components[0].name",
    ),
    (
        "component without tokens",
        event(components=[{"name": "user"}]),
        "missing_field",
        "components[0].tokens",
    ),
    (
        "component with negative tokens",
        event(components=[{"name": "user", "tokens": 1}, {"name": "user", "tokens": -1}]),
        "invalid_field",
        "components[1].tokens",
    ),
    (
        "101 components",
        event(components=[{"name": "user", "tokens": 1}] * 101),
        "invalid_field",
        "components",
    ),
    # counts
    *(
        (f"count {literal[:20]}", count(literal), "invalid_field", "usage.input_tokens")
        for literal in (
            "-1",
            "1000000000001",
            "1" + "0" * 30,
            "1e3",
            "200.0",
            "1.5",
            "true",
            '"200"',
            "[200]",
            "{}",
            "9" * 4000,
        )
    ),
    ("count of 5,000 digits", count("9" * 5000), "invalid_field", "usage"),
    ("count 1e999999", count("1e999999"), "invalid_field", "usage"),
    ("count NaN", count("NaN"), "invalid_json", None),
    ("count Infinity", count("Infinity"), "invalid_json", None),
    ("count -Infinity", count("-Infinity"), "invalid_json", None),
    ("tool_calls 10^30", event(tool_calls=10**30), "invalid_field", "tool_calls"),
    (
        "lifetimes that do not add up",
        with_usage(
            cache_creation_input_tokens=5,
            cache_creation={"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 1},
        ),
        "contradictory_usage",
        "usage.cache_creation",
    ),
    ("tier as a number", with_usage(service_tier=1), "invalid_field", "usage.service_tier"),
    # times
    *(
        (f"time {text!r}", at(text), "invalid_field", "occurred_at")
        for text in (
            "2026-11-20T12:00:00",
            "2026-11-20",
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-11-20T25:00:00Z",
            "2026-06-30T23:59:60Z",
            "2026-11-20T12:00:00+25:00",
            "12026-11-20T12:00:00Z",
            "2026-11-20T12:00:00 Europe/Sofia",
        )
    ),
    ("an hour ahead", at(TOO_LATE), "future_event", "occurred_at"),
    ("a year ahead", at("2031-01-01T00:00:00Z"), "future_event", "occurred_at"),
    ("year 9999", at("9999-12-31T23:59:59-23:59"), "future_event", "occurred_at"),
    ("2019", at("2019-12-31T23:59:59.999999Z"), "too_old", "occurred_at"),
    ("2020 east of 2020", at("2020-01-01T01:59:59+02:00"), "too_old", "occurred_at"),
    ("year 1", at("0001-01-01T00:00:00+23:59"), "too_old", "occurred_at"),
    # what text may not hold
    ("NUL in an id", event("a\0b"), "invalid_field", None),
    ("NUL in a tag", event(tags={"a": "b\0"}), "invalid_field", None),
    ("NUL in a key of usage", with_usage(**{"a\0": 1}), "invalid_field", None),
    ("lone surrogate", event("a\ud800"), "invalid_json", None),
    ("lone surrogate in usage", with_usage(x="\udfff"), "invalid_json", None),
    # sizes and depths
    ("more than 64 KB", with_usage(x="y" * 65_536), "event_too_large", None),
    ("usage nested 100 deep", deep(100), "invalid_field", "usage"),
    ("usage of 100 objects", deep(100, opening='{"a":', closing="}"), "invalid_field", "usage"),
    ("tags nested 100 deep", deep(100, field="tags"), "invalid_field", "tags"),
]


def text_of(item) -> str:
    return item if isinstance(item, str) and item.startswith("{") else json.dumps(item)


BAD = [(label, text_of(item), code, field) for label, item, code, field in BAD_ITEMS]
"""The same with every item as JSON text."""
