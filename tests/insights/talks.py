"""Calls and conversations by a few numbers: what the labelled sequences are written in."""

from datetime import UTC, datetime, timedelta

from billing.insights.breaks import Call, Piece

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SONNET, HAIKU = "claude-sonnet-4-6", "claude-haiku-4-5"


def call(at, read, written, fresh=100, output=500, *, hour=0, model=SONNET, **pieces):
    """`pieces`: name=(tokens, fingerprint), in the order of the prompt."""
    return Call(
        at=START + timedelta(minutes=at),
        model=model,
        tokens=(fresh, written, hour, read, output, 0),
        pieces=tuple(Piece(name, *value) for name, value in pieces.items()),
    )


def talk(*, at=0, first=10_000, turns=3, step=1, grows=600, **more):
    """A conversation without a fault: each call reads all that the one before had cached."""
    return [
        call(at, 0, first, **more),
        *(
            call(at + turn * step, first + (turn - 1) * grows, grows, **more)
            for turn in range(1, turns)
        ),
    ]


def marked(system="s", tools="t", context=None, *, history=0, size=8_000):
    """Components of a prompt, with fingerprints of what stands still in it."""
    found = {"system": (size, system), "tools": (2_000, tools)}
    if context:
        found["context"] = (5_000, context)
    return found | ({"history": (history,)} if history else {})
