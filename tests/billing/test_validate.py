"""Validate: what an item may say, and what makes two items the same event."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.flow.validate import MAX_DEPTH, MAX_ITEM, Rejection, identity, validate
from tests.api.items import BAD
from tests.factories import NOON, USAGE, event

NOW = NOON + timedelta(days=2)


def checked(item, **how):
    raw = item if isinstance(item, bytes) else json.dumps(item).encode()
    return validate(raw, **{"now": NOW} | how)


def refused(item, **how) -> Rejection:
    with pytest.raises(Rejection) as caught:
        checked(item, **how)
    return caught.value


@pytest.mark.parametrize(
    ("text", "code", "field"), [each[1:] for each in BAD], ids=[b[0] for b in BAD]
)
def test_a_bad_item_has_its_code_and_names_its_field(text, code, field):
    if code == "unknown_project":  # whether a project exists is intake's to say
        assert checked(text.encode()).project == "nope"
        return

    rejection = refused(text.encode(), now=datetime.now(UTC))

    assert (rejection.code, rejection.field or None) == (code, field)
    assert rejection.detail.endswith(".")
    assert len(rejection.detail) < 500


def test_ten_minutes_ahead_is_the_last_moment_that_is_taken():
    latest = NOW + timedelta(minutes=10)

    assert checked(event(occurred_at=latest.isoformat())).occurred_at == latest
    late = refused(event(occurred_at=(latest + timedelta(microseconds=1)).isoformat()))
    assert (late.code, late.field) == ("future_event", "occurred_at")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00+00:00"),
        ("2020-01-01T14:00:00+14:00", "2020-01-01T00:00:00+00:00"),
        ("2019-12-31T12:00:00-12:00", "2020-01-01T00:00:00+00:00"),
        ("2026-11-20T12:00:00.5+05:30", "2026-11-20T06:30:00.500000+00:00"),
        ("2026-11-20 12:00:00z", "2026-11-20T12:00:00+00:00"),
    ],
)
def test_an_instant_is_kept_in_utc(text, utc):
    assert checked(event(occurred_at=text)).occurred_at.isoformat() == utc


@pytest.mark.parametrize(
    ("posted", "bound", "outcome"),
    [
        ("a", "", "a"),
        ("a", "a", "a"),
        (None, "a", "a"),
        ("", "a", "a"),
        ("a", "b", "wrong_project"),
        ("", "", "missing_field"),
        (None, "", "missing_field"),
    ],
)
def test_the_project_is_the_items_own_or_that_of_the_key(posted, bound, outcome):
    item = event() | {"project": posted}

    if "_" in outcome:
        rejection = refused(item, bound_project=bound)
        assert (rejection.code, rejection.field) == (outcome, "project")
    else:
        assert checked(item, bound_project=bound).project == outcome


def said(item, **how):
    valid = checked(item, **how)
    return valid.key, valid.payload_hash


@pytest.mark.parametrize(
    "same",
    [
        event() | {"source": None, "feature": None, "tags": None, "stop_reason": None},
        event() | {"source": ""},
        event(occurred_at="2026-11-20T14:00:00+02:00"),
        event(occurred_at="2026-11-20T12:00:00.000000Z"),
        dict(reversed(event().items())),
        event(usage=dict(reversed(USAGE.items()))),
        json.dumps(event(), indent=4).encode(),
        json.dumps(event()).replace("e-1", "\\u0065-1").encode(),
    ],
)
def test_how_an_event_is_written_does_not_make_it_another(same):
    assert said(same) == said(event())
    assert said(event() | {"project": None}, bound_project="support-bot") == said(event())


@pytest.mark.parametrize(
    "other",
    [
        event(occurred_at="2026-11-20T12:00:00.000001Z"),
        event(model="claude-opus-5"),
        event(provider="bedrock"),
        event(project="contract-agent"),
        event(usage=USAGE | {"output_tokens": 601}),
        event(usage=USAGE | {"unknown": None}),
        event(usage=USAGE | {"unknown": 1}),
        event(stop_reason="end_turn"),
        event(components=[{"name": "user", "tokens": 1}]),
        event(streamed=False),
        event(tool_calls=0),
        event(tags={"a": "b"}),
        *(event(**{name: "x"}) for name in ("feature", "environment", "session", "task")),
        event(end_user="x"),
    ],
)
def test_whatever_an_event_says_is_in_its_hash(other):
    assert said(other)[0] == said(event())[0]
    assert said(other)[1] != said(event())[1]


def test_the_source_is_in_the_identity():
    keys = {identity("", "a"), identity("a", ""), identity("a", "a"), identity("aa", "")}

    assert len(keys) == 4
    assert checked(event("a", source="s")).key == identity("s", "a")


@given(
    st.tuples(st.text(max_size=5), st.text(max_size=5)), st.tuples(st.text(max_size=5), st.text())
)
def test_two_identities_are_one_only_when_source_and_id_are(one, other):
    no_nul = [
        tuple(part.replace("\0", "").encode("utf-8", "replace").decode() for part in each)
        for each in (one, other)
    ]

    assert (identity(*no_nul[0]) == identity(*no_nul[1])) == (no_nul[0] == no_nul[1])


@pytest.mark.parametrize(
    ("text", "has_nul"),
    [
        (r"\u0000", True),
        (r"\\u0000", False),
        (r"\\\u0000", True),
        (r"\\\\u0000", False),
        (r"\n\u0000", True),
        (r"\u0001", False),
        (r"u0000", False),
        (r"\"\u0000", True),
    ],
)
def test_nul_is_told_from_text_that_only_looks_like_it(text, has_nul):
    raw = json.dumps(event("@")).replace("@", text).encode()

    if has_nul:
        assert refused(raw).code == "invalid_field"
    else:
        assert checked(raw).item.id == json.loads(f'"{text}"')


@pytest.mark.parametrize(("levels", "fits"), [(MAX_DEPTH - 1, True), (MAX_DEPTH, False)])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_usage_nests_at_most_32_levels(levels, fits, opening, closing):
    nested = opening * levels + "1" + closing * levels
    raw = json.dumps(event(usage=USAGE | {"x": 987})).replace("987", nested).encode()

    if fits:
        assert checked(raw)
    else:
        assert refused(raw).field == "usage"


def test_wide_is_not_deep():
    assert checked(event(usage=USAGE | {"x": [[{"y": []}]] * 500}))


@pytest.mark.parametrize(("size", "fits"), [(MAX_ITEM, True), (MAX_ITEM + 1, False)])
def test_an_event_has_at_most_64_kb(size, fits):
    raw = json.dumps(event()).encode().ljust(size)

    if fits:
        assert checked(raw)
    else:
        assert refused(raw).code == "event_too_large"


@pytest.mark.parametrize(
    ("raw", "event_id"),
    [
        (b'{"id": "a"}', "a"),
        (b'{"id": "a", "usage": {"x": NaN}}', None),
        (b'{"id": 5}', None),
        (b'{"id": "%s"}' % (b"x" * 999), "x" * 200),
        (b"[", None),
        (b"\xff", None),
    ],
)
def test_a_rejection_carries_the_id_where_one_can_be_read(raw, event_id):
    assert refused(raw).event_id == event_id
