"""The calculator's form: fields with their values, bounds and words. Its bounds are those of the report."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from billing.flow.price import PriceBook
from billing.reports.calculator import BOUNDS, PROVIDER, Plan, PlanError, query_of

LABELS = {
    "system": ("System prompt", ""),
    "tools": ("Tool definitions", ""),
    "context": ("Retrieved context", ""),
    "user": ("User message", "Never cached."),
    "response": ("Response", "With what the model thinks."),
    "turns": ("Turns", "Questions answered in one conversation."),
    "gap": ("Seconds between turns", "Longer than the lifetime: the cache is cold again."),
    "tool_calls": ("Tool calls per turn", "Each is a further call that carries the prompt again."),
    "tool_request": ("Tokens a tool is called with", ""),
    "tool_result": ("Tokens a tool answers with", ""),
    "conversations": ("Conversations per month", ""),
}
GROUPS = (
    ("What a turn is made of, in tokens", ("system", "tools", "context", "user", "response")),
    ("What a conversation is", ("turns", "gap", "tool_calls", "tool_request", "tool_result")),
)
VOLUME = "conversations"
OPTIONS = {
    "cached": (
        "Cached up to and with",
        {
            "nothing": "nothing is cached",
            "system": "system prompt",
            "tools": "tool definitions",
            "context": "retrieved context",
            "history": "what was said before",
        },
    ),
    "lifetime": ("Cache lifetime", {"5m": "5 minutes", "1h": "1 hour"}),
    "history": (
        "Earlier turns",
        {"none": "each turn stands alone", "grows": "each turn carries what was said before"},
    ),
}


@dataclass(frozen=True, slots=True)
class NumberField:
    name: str
    label: str
    help: str
    value: str
    least: int
    most: int
    error: str


@dataclass(frozen=True, slots=True)
class ChoiceField:
    name: str
    label: str
    choices: tuple[tuple[str, str, bool], ...]
    """Value, words, whether it is chosen."""
    error: str


@dataclass(frozen=True, slots=True)
class CalculatorForm:
    groups: tuple[tuple[str, tuple[NumberField, ...]], ...]
    volume: NumberField
    options: tuple[ChoiceField, ...]
    models: tuple[str, ...]
    chosen: str
    beside: tuple[str, ...]
    error: str
    """About the models."""


def calculator_form(
    plan: Plan,
    *,
    book: PriceBook,
    now: datetime,
    typed: Mapping[str, str] | None = None,
    error: PlanError | None = None,
) -> CalculatorForm:
    """The form filled with a plan, or with what was typed where that makes none."""
    values = dict(query_of(plan)) | dict(typed or {})
    wrong = {error.field: error.detail} if error else {}
    models = models_on(book, now=now)

    def number(name: str) -> NumberField:
        label, help_text = LABELS[name]
        least, most = BOUNDS[name]
        return NumberField(name, label, help_text, values[name], least, most, wrong.get(name, ""))

    return CalculatorForm(
        groups=tuple((title, tuple(map(number, names))) for title, names in GROUPS),
        volume=number(VOLUME),
        options=tuple(
            ChoiceField(
                name,
                label,
                tuple((value, words, values[name] == value) for value, words in choices.items()),
                wrong.get(name, ""),
            )
            for name, (label, choices) in OPTIONS.items()
        ),
        models=tuple(dict.fromkeys((*plan.models, *models))) if not error else models,
        chosen=plan.models[0],
        beside=plan.models[1:],
        error=wrong.get("model", ""),
    )


def models_on(book: PriceBook, *, now: datetime) -> tuple[str, ...]:
    """The models of the provider that have a standard price on this UTC day, as the book lists them."""
    day = now.astimezone(UTC).toordinal()
    rows = (*book.agreed, *book.entries)
    valid = (
        row.model
        for row in rows
        if (row.provider, row.speed) == (PROVIDER, "standard")
        and row.first_day <= day < row.end_day
    )
    return tuple(dict.fromkeys(valid))
