"""Demo data: events of a made-up agency, the same ones for the same day and seed.

In:   the last day and a seed.   Out: usage events as the HTTP contract has them, day by day.
Weekdays are busy, weekends quiet, business grows. Calls come in conversations whose prompt grows and is mostly
read from the cache. One project's cached prefix changes on every call for some days (a cache break), agents
call tools turn by turn, one project's prompts go over 200,000 tokens, one model has no price yet.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

DAYS = 90
UNPRICED_DAYS = 6
"""On how many last days a model that the price book does not know is in use."""
UNPRICED = "claude-sonnet-6-preview"


@dataclass(frozen=True, slots=True)
class Shape:
    """How one project uses the model: calls on a usual weekday, tokens of the parts of a usual prompt."""

    project: str
    models: tuple[str, ...]
    calls: int
    system: int
    user: int
    output: int
    features: tuple[str, ...]
    tools: int = 0
    context: int = 0
    """Retrieved documents, other ones in each conversation."""
    turns: int = 1
    """Calls of a usual conversation, or of a usual task of an agent."""
    is_agent: bool = False
    tier: str = "standard"
    keeps_an_hour: bool = False
    broken_ages: tuple[int, ...] = ()
    """Days before the last one on which the prefix never matched."""
    previews: bool = False
    """Whether it tries the model without a price."""


SHAPES = (
    Shape(
        "support-bot",
        ("claude-sonnet-5-5", "claude-sonnet-5-5", "claude-haiku-4-5"),
        calls=130,
        system=9_200,
        tools=2_300,
        context=30_000,
        user=180,
        output=520,
        features=("chat", "chat", "chat", "suggested reply"),
        turns=5,
        broken_ages=(4, 5, 6, 7),
    ),
    Shape(
        "triage",
        ("claude-haiku-5-5", "claude-haiku-4-5"),
        calls=70,
        system=4_400,
        user=620,
        output=60,
        features=("route", "language"),
    ),
    Shape(
        "contract-agent",
        ("claude-opus-5-5",),
        calls=64,
        system=5_400,
        tools=3_600,
        context=90_000,
        user=900,
        output=2_000,
        features=("review", "review", "redline"),
        turns=6,
        is_agent=True,
        keeps_an_hour=True,
    ),
    Shape(
        "newsletter",
        ("claude-sonnet-4-6",),
        calls=18,
        system=2_000,
        context=9_000,
        user=1_400,
        output=2_600,
        features=("drafts", "subject lines"),
        tier="batch",
    ),
    Shape(
        "sql-helper",
        ("claude-sonnet-5", "claude-haiku-4-5"),
        calls=40,
        system=2_600,
        context=6_800,
        user=220,
        output=410,
        features=("ask", "explain"),
        turns=3,
        previews=True,
    ),
    Shape(
        "archive-search",
        ("claude-haiku-5-5", "claude-haiku-5-5", "claude-sonnet-5"),
        calls=26,
        system=1_500,
        context=228_000,
        user=300,
        output=1_100,
        features=("search", "summary"),
        turns=2,
    ),
    Shape(
        "release-agent",
        ("claude-opus-5-5", "claude-sonnet-5-5"),
        calls=70,
        system=11_000,
        tools=6_500,
        context=60_000,
        user=700,
        output=1_500,
        features=("fix", "review", "changelog"),
        turns=12,
        is_agent=True,
    ),
)
LAUNCHED = {
    "claude-sonnet-5-5": date(2026, 9, 28),
    "claude-haiku-5-5": date(2026, 10, 7),
    "claude-opus-5-5": date(2026, 9, 22),
}
LARGEST_OF_HAIKU = 200_000
BEFORE = {
    "claude-sonnet-5-5": "claude-sonnet-5",
    "claude-haiku-5-5": "claude-haiku-4-5",
    "claude-opus-5-5": "claude-opus-5",
}


def demo_events(last: date, *, seed: int = 7) -> Iterator[dict[str, object]]:
    """Ninety days of events up to and with `last`, each project's conversation by conversation."""
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
    calls = shape.calls * busy * growth * chance.randint(85, 115) // 1_000_000
    talk = 0
    while calls > 0:
        turns = min(calls, chance.randint(1, 2 * shape.turns - 1))
        yield from _conversation(Talk(shape, day, talk, age, turns), chance=chance)
        calls -= turns
        talk += 1


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation of a project on a day; of an agent: one task."""

    shape: Shape
    day: date
    number: int
    age: int
    turns: int

    @property
    def name(self) -> str:
        return f"{self.shape.project}-{self.day:%Y%m%d}-{self.number}"


def _conversation(talk: Talk, *, chance: random.Random) -> Iterator[dict[str, object]]:
    """Call after call: what one call wrote to the cache the next one reads, unless the prefix has changed."""
    shape = talk.shape
    model = _model(talk, chance=chance)
    noon_or_so = (chance.randint(0, 79_000) + chance.randint(0, 79_000)) // 2
    at = datetime.combine(talk.day, time(0), UTC) + timedelta(seconds=noon_or_so)
    prefix = shape.system + shape.tools
    context = shape.context * chance.randint(70, 130) // 100
    fixed = {
        "source": "demo",
        "project": shape.project,
        "model": model,
        "feature": chance.choice(shape.features),
        "environment": "staging" if chance.randint(1, 100) <= 8 else "production",
        "session": f"s-{talk.name}",
        "end_user": None if shape.is_agent else f"u-{chance.randint(1, 400)}",
        "task": f"t-{talk.name}" if shape.is_agent else None,
        "tags": {"team": "blue" if talk.number % 3 else "green"},
    }
    history = 0
    cached = prefix if chance.randint(1, 100) <= 85 else 0  # somebody else wrote it minutes ago
    for turn in range(talk.turns):
        prompt = prefix + context + history
        cached = 0 if talk.age in shape.broken_ages else cached
        user = shape.user * chance.randint(50, 150) // 100
        output = shape.output * chance.randint(40, 180) // 100
        is_last = turn == talk.turns - 1
        parts = {"context": context, "history": history, "user": user}
        yield {
            "id": f"demo-{talk.name}-{turn}",
            "occurred_at": at.isoformat(),
            "usage": _usage(shape, user=user, read=cached, written=prompt - cached, output=output),
            "components": _components(talk, parts, turn=turn),
            "stop_reason": "tool_use" if shape.is_agent and not is_last else "end_turn",
            "tool_calls": chance.randint(1, 4) if shape.is_agent and not is_last else 0,
            "streamed": not shape.is_agent and shape.tier == "standard",
            **fixed,
        }
        cached = prompt
        history += user + output + (chance.randint(300, 2_400) if shape.is_agent else 0)
        at += timedelta(seconds=chance.randint(8, 90))


def _usage(shape: Shape, *, user: int, read: int, written: int, output: int) -> dict[str, object]:
    hour = written if shape.keeps_an_hour else 0
    return {
        "input_tokens": user,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": written - hour,
            "ephemeral_1h_input_tokens": hour,
        },
        "output_tokens": output,
        "service_tier": shape.tier,
    }


def _components(talk: Talk, parts: dict[str, int], *, turn: int) -> list[dict[str, object]]:
    """The parts of the prompt in its order; on the days of the break the system prompt differs each time."""
    shape = talk.shape
    is_broken = talk.age in shape.broken_ages
    system = f"{talk.name}-{turn}" if is_broken else f"{shape.project}-v3"
    found: list[dict[str, object]] = [
        {"name": "system", "tokens": shape.system, "fingerprint": system}
    ]
    if shape.tools:
        tools = {"name": "tools", "tokens": shape.tools, "fingerprint": f"{shape.project}-tools"}
        found.append(tools)
    found += [{"name": name, "tokens": tokens} for name, tokens in parts.items() if tokens]
    if shape.context:
        found[1 + bool(shape.tools)]["fingerprint"] = f"c-{talk.name}"
    return found


def _model(talk: Talk, *, chance: random.Random) -> str:
    if talk.shape.previews and talk.age < UNPRICED_DAYS and chance.randint(1, 6) == 1:
        return UNPRICED
    model = chance.choice(talk.shape.models)
    if model not in LAUNCHED or talk.day >= LAUNCHED[model]:
        return model
    return BEFORE[model] if talk.shape.context < LARGEST_OF_HAIKU else "claude-sonnet-5"
