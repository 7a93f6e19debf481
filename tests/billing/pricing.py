"""The price of a usage object by the price file alone, for the tests of the pure price code."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from billing.flow.price import Line, Priced, Unpriced, explain, price_event
from billing.flow.price_data import read_price_data
from billing.flow.usage import read_usage

VECTORS = Path(__file__).parent.parent / "vectors"
BOOK = read_price_data().book(version="test")
NOON = "2026-11-20T12:00:00Z"

Event = Mapping[str, object]


def vectors(name: str) -> list[dict[str, Event]]:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))["vectors"]


def price(
    usage: Event,
    *,
    model: str = "claude-opus-5",
    at: str = NOON,
    stop_reason: str = "end_turn",
    provider: str = "anthropic",
    book=BOOK,
) -> Priced | Unpriced:
    return price_event(
        book,
        provider=provider,
        occurred_at=datetime.fromisoformat(at),
        usage=read_usage(usage, model=model, stop_reason=stop_reason),
    )


def lines(
    usage: Event, *, model: str = "claude-opus-5", at: str = NOON, stop_reason: str = "end_turn"
) -> list[Line] | Unpriced:
    return explain(
        BOOK,
        provider="anthropic",
        occurred_at=datetime.fromisoformat(at),
        usage=read_usage(usage, model=model, stop_reason=stop_reason),
    )


def tokens(
    fresh: int = 0,
    *,
    write_5m: int = 0,
    write_1h: int = 0,
    read: int = 0,
    out: int = 0,
    **more: object,
) -> dict[str, object]:
    """A usage object as the provider sends it."""
    return {
        "input_tokens": fresh,
        "cache_creation_input_tokens": write_5m + write_1h,
        "cache_creation": {
            "ephemeral_5m_input_tokens": write_5m,
            "ephemeral_1h_input_tokens": write_1h,
        },
        "cache_read_input_tokens": read,
        "output_tokens": out,
        **more,
    }
