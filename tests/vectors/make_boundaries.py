"""Writes boundaries.json: every model x modifier boundary, priced by a reference of its own.

Shares no code with the product: fractions in place of decimals, a linear search in place of cards.
Run it as `python tests/vectors/make_boundaries.py` when price rows are added, and read the diff:
a vector that was there before must not change.
"""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

HERE = Path(__file__).parent
PRICES = HERE.parent.parent / "billing" / "data" / "anthropic.json"
CLASSES = ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output", "web_search")
TODAY = date(2026, 11, 20)
ONE_OF_EACH = (1, 1, 1, 1, 1, 1)
HUGE = 2_100_000_001

Model = dict
Counts = tuple[int, int, int, int, int, int]


def reference(model: Model, day: date, counts: Counts, modifiers: dict[str, str]) -> dict:
    """What the event costs: find the row, multiply, add."""
    speed = modifiers.get("speed", "standard")
    prompt = sum(counts[:4])
    rows = [
        row
        for row in model["rows"]
        if row["speed"] == speed
        and (row["since"] is None or row["since"] <= day.isoformat())
        and (row["until"] is None or day.isoformat() < row["until"])
        and (row["over_prompt_tokens"] == 0 or prompt > row["over_prompt_tokens"])
    ]
    if speed == "fast" and not any(row["speed"] == "fast" for row in model["rows"]):
        return {"status": "unpriced", "reason": "fast_not_offered"}
    factor = Fraction(1)
    if modifiers.get("service_tier") == "batch":
        factor *= Fraction(model["batch_multiplier"])
    if modifiers.get("inference_geo") == "us":
        if model["us_multiplier"] is None:
            return {"status": "unpriced", "reason": "us_not_offered"}
        factor *= Fraction(model["us_multiplier"])
    if not rows:
        return {"status": "unpriced", "reason": "no_price_at_date"}
    row = max(rows, key=lambda each: each["over_prompt_tokens"])
    rates = [Fraction(row[each]) / 1_000_000 for each in CLASSES]
    rates = [rate * factor for rate in rates[:5]] + rates[5:]
    costs = [rate * count for rate, count in zip(rates, counts, strict=True)]
    uncached = rates[0] * prompt + costs[4] + costs[5]
    return {
        "status": "priced",
        "cost": text(sum(costs, Fraction(0))),
        "cost_uncached": text(uncached),
        "lines": {name: text(cost) for name, cost in zip(CLASSES, costs, strict=True)},
    }


def text(value: Fraction) -> str:
    """The fraction in full as a decimal string."""
    whole, rest = divmod(value, 1)
    digits = ""
    while rest:
        digit, rest = divmod(rest * 10, 1)
        digits += str(digit)
    return f"{whole}.{digits}" if digits else str(whole)


def vector(name: str, model: Model, moment: str, counts: Counts, **modifiers: str) -> dict:
    fresh, write_5m, write_1h, read, output, searches = counts
    usage: dict[str, object] = {
        "input_tokens": fresh,
        "cache_creation_input_tokens": write_5m + write_1h,
        "cache_creation": {
            "ephemeral_5m_input_tokens": write_5m,
            "ephemeral_1h_input_tokens": write_1h,
        },
        "cache_read_input_tokens": read,
        "output_tokens": output,
        **modifiers,
    }
    if searches:
        usage["server_tool_use"] = {"web_search_requests": searches}
    return {
        "name": f"{model['model']}: {name}",
        "event": {"model": model["model"], "occurred_at": moment, "usage": usage},
        "expect": reference(model, date.fromisoformat(moment[:10]), counts, modifiers),
    }


def sold_day(model: Model) -> date:
    """A day on which the model has its newest standard price."""
    since = max(row["since"] or "" for row in model["rows"] if row["speed"] == "standard")
    return max(TODAY, date.fromisoformat(since)) if since else TODAY


def modifier_vectors(model: Model) -> Iterator[dict]:
    moment = f"{sold_day(model)}T09:30:00Z"
    batch, us, fast = {"service_tier": "batch"}, {"inference_geo": "us"}, {"speed": "fast"}
    for words in ({}, batch, us, batch | us, fast, fast | us):
        name = " and ".join(words.values()) or "standard"
        yield vector(f"one of everything, {name}", model, moment, ONE_OF_EACH, **words)
    yield vector("one output token and nothing else", model, moment, (0, 0, 0, 0, 1, 0))
    yield vector("2.1 billion cache reads", model, moment, (1, 0, 0, HUGE, 1, 0))
    yield vector(
        "2.1 billion of each class",
        model,
        moment,
        (HUGE, HUGE, HUGE, HUGE, HUGE, 0),
        **(batch | us),
    )


def tier_vectors(model: Model) -> Iterator[dict]:
    for row in model["rows"]:
        over = row["over_prompt_tokens"]
        if not over:
            continue
        last = date.fromisoformat(row["until"]) - timedelta(days=1) if row["until"] else TODAY
        at = f"{last}T23:59:59Z"
        yield vector(f"a prompt of {over}", model, at, (over, 0, 0, 0, 7, 0))
        yield vector(f"a prompt of {over + 1}", model, at, (over + 1, 0, 0, 0, 7, 0))
        mixed = (over - 6, 1, 2, 3, 7, 1)
        yield vector(f"a prompt of {over} of all kinds", model, at, mixed)
        yield vector(f"and one more cache read than {over}", model, at, (*mixed[:3], 4, 7, 1))
        for words in ({"service_tier": "batch"}, {"inference_geo": "us"}):
            name = f"{over + 1}, {next(iter(words.values()))}"
            yield vector(f"a prompt of {name}", model, at, (over + 1, 0, 0, 0, 7, 1), **words)
        yield vector(f"output does not count to {over}", model, at, (1, 0, 0, 0, over + 1, 0))


def date_vectors(model: Model) -> Iterator[dict]:
    edges = {row[end] for row in model["rows"] for end in ("since", "until")} - {None}
    sizes = {row["over_prompt_tokens"] for row in model["rows"]}
    prompt = max(sizes) + 1
    for edge in sorted(edges):
        day = date.fromisoformat(edge)
        for moment in (f"{day - timedelta(days=1)}T23:59:59.999999Z", f"{day}T00:00:00Z"):
            yield vector(f"at {moment}", model, moment, (prompt, 10, 10, 10, 10, 0))
    for edge in sorted({row["since"] for row in model["rows"] if row["speed"] == "fast"} - {None}):
        day = date.fromisoformat(edge)
        for moment in (f"{day - timedelta(days=1)}T23:59:59.999999Z", f"{day}T00:00:00Z"):
            yield vector(f"fast at {moment}", model, moment, ONE_OF_EACH, speed="fast")


def main() -> None:
    models = json.loads(PRICES.read_text(encoding="utf-8"))["models"]
    vectors = [
        each
        for model in models
        for kind in (modifier_vectors, tier_vectors, date_vectors)
        for each in kind(model)
    ]
    body = ",\n".join("  " + json.dumps(each) for each in vectors)
    file = HERE / "boundaries.json"
    file.write_text(
        '{\n "unit": "USD, exact decimal strings",\n "vectors": [\n' + body + "\n ]\n}\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
