"""Demo data: events of a made-up agency, the same ones for the same day and seed.

In:   the last day and a seed.   Out: usage events as the HTTP contract has them, oldest first.
Weekdays are busy, weekends quiet, business grows; one project's cached prefix changes on every call for two
days (a cache break), one agent calls tools, one model has no price yet.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

DAYS = 90
UNPRICED_DAYS = 6
"""On how many last days a model that the price book does not know is in use."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How one project uses the model: calls on a usual weekday, and the usual size of one."""

    project: str
    models: tuple[str, ...]
    calls: int
    system: int
    context: int
    fresh: int
    output: int
    feature: str
    tools: int = 0
    broken_days: tuple[int, ...] = ()
    """Days before the last one on which the prefix never matched."""


SHAPES = (
    Shape(
        "support-bot",
        ("claude-sonnet-5-5", "claude-sonnet-5-5", "claude-haiku-4-5"),
        80,
        3_200,
        14_000,
        180,
        520,
        "chat",
        broken_days=(4, 5),
    ),
    Shape("triage", ("claude-haiku-5-5", "claude-haiku-4-5"), 95, 1_800, 2_400, 260, 60, "triage"),
    Shape("contract-agent", ("claude-opus-5",), 22, 5_400, 62_000, 900, 1_900, "review", tools=5),
    Shape("newsletter", ("claude-sonnet-4-6",), 9, 2_000, 9_000, 1_400, 2_600, "drafts"),
    Shape("sql-helper", ("claude-sonnet-5", "claude-haiku-4-5"), 36, 2_600, 6_800, 220, 410, "ask"),
)
LAUNCHED = {"claude-sonnet-5-5": date(2026, 9, 28), "claude-haiku-5-5": date(2026, 10, 7)}
BEFORE = {"claude-sonnet-5-5": "claude-sonnet-5", "claude-haiku-5-5": "claude-haiku-4-5"}


def demo_events(last: date, *, seed: int = 7) -> Iterator[dict[str, object]]:
    """Ninety days of events up to and with `last`."""
    chance = random.Random(seed)  # noqa: S311  made-up data, and the same every time
    for age in range(DAYS - 1, -1, -1):
        day = last - timedelta(days=age)
        for shape in SHAPES:
            yield from _day(shape, day, age=age, chance=chance)


def _day(
    shape: Shape, day: date, *, age: int, chance: random.Random
) -> Iterator[dict[str, object]]:
    busy = 30 if day.weekday() >= 5 else 100
    growth = 60 + 40 * (DAYS - age) // DAYS
    calls = shape.calls * busy * growth * chance.randint(80, 120) // 1_000_000
    for number in range(calls):
        at = datetime.combine(day, time(6), UTC) + timedelta(seconds=chance.randint(0, 39_600))
        yield _call(shape, at, number=number, age=age, chance=chance)


def _call(
    shape: Shape, at: datetime, *, number: int, age: int, chance: random.Random
) -> dict[str, object]:
    context = shape.context * chance.randint(60, 140) // 100
    fresh = shape.fresh * chance.randint(50, 150) // 100
    prefix = shape.system + context
    is_first = number % 6 == 0 or age in shape.broken_days
    written = prefix if is_first else chance.randint(0, 400)
    identity = f"{shape.project}-{at:%Y%m%d}-{number}"
    return {
        "id": f"demo-{identity}",
        "source": "demo",
        "project": shape.project,
        "occurred_at": at.isoformat(),
        "model": _model(shape, at.date(), age=age, chance=chance),
        "usage": {
            "input_tokens": fresh,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": 0 if is_first else prefix,
            "cache_creation": {
                "ephemeral_5m_input_tokens": written,
                "ephemeral_1h_input_tokens": 0,
            },
            "output_tokens": shape.output * chance.randint(40, 180) // 100,
            "service_tier": "standard",
        },
        "stop_reason": "end_turn",
        "components": [
            {"name": "system", "tokens": shape.system, "fingerprint": _print(shape, age, number)},
            {"name": "context", "tokens": context},
            {"name": "user", "tokens": fresh},
        ],
        "feature": shape.feature,
        "environment": "staging" if chance.randint(1, 100) <= 8 else "production",
        "session": f"s-{shape.project}-{at:%m%d}-{number // 6}",
        "task": f"t-{identity}" if shape.tools else None,
        "tool_calls": chance.randint(1, 2 * shape.tools) if shape.tools else 0,
        "streamed": not shape.tools,
    }


def _model(shape: Shape, day: date, *, age: int, chance: random.Random) -> str:
    if shape.project == "sql-helper" and age < UNPRICED_DAYS and chance.randint(1, 9) == 1:
        return "claude-sonnet-6-preview"
    model = chance.choice(shape.models)
    return BEFORE[model] if model in LAUNCHED and day < LAUNCHED[model] else model


def _print(shape: Shape, age: int, number: int) -> str:
    return f"p{number}" if age in shape.broken_days else f"p-{shape.project}"
