"""Known gaps: where genai-prices and the book differ for a reason that somebody has looked up.

A gap names the models, the figure and exactly what the list says of it, so that any other figure is an alarm
again. tests/billing/test_drift.py fails when a gap is gone from the installed version: then delete it here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Gap:
    """`theirs` maps what differs (see `Difference.what`) to what the list says; '' is nothing."""

    models: frozenset[str]
    theirs: Mapping[str, str]
    reason: str
    provider: str = "anthropic"
    over_prompt_tokens: int = 0


KNOWN_GAPS: Final = (
    Gap(
        frozenset({"claude-mythos-5", "claude-mythos-5-1", "claude-mythos-preview"}),
        {"model": ""},
        "Not sold to everybody: the list passes over such models when it is made.",
    ),
    Gap(
        frozenset({"claude-v1", "claude-2", "claude-3-sonnet"}),
        {"model": "yes"},
        "No longer sold, and never priced by this book; an event of it shows as unpriced.",
    ),
    Gap(
        frozenset(
            {
                "claude-3-haiku",
                "claude-3-opus",
                "claude-3-5-haiku",
                "claude-3-5-sonnet",
                "claude-3-7-sonnet",
                "claude-opus-4",
                "claude-opus-4-1",
                "claude-sonnet-4",
            }
        ),
        {"batch_multiplier": ""},
        "Retired; the list has batch prices of models that were sold on 2026-10-14 only.",
    ),
    Gap(
        frozenset({"claude-3-haiku", "claude-3-opus"}),
        {"web_search": ""},
        "Retired; the list has no price of their web searches.",
    ),
    Gap(
        frozenset({"claude-sonnet-4-5"}),
        {
            "input": "6",
            "cache_write_5m": "7.5",
            "cache_write_1h": "12",
            "cache_read": "0.6",
            "output": "22.5",
        },
        "The long prompts of this model ended on 2026-04-30: it takes 200,000 tokens since, so the list's"
        " upper row prices nothing.",
        over_prompt_tokens=200_000,
    ),
)

NOT_COMPARED: Final = (
    "US inference: the list has no price of it, and gives the standard one without a word.",
    "Priority tier: sold by contract.",
    "Days before today, except those on which the list says that a price changed: it knows few.",
)
