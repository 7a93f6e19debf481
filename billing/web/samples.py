"""Samples: invented but steady figures for the style guide, one for every state that a part can show.

In: the moments to invent spend for.   Out: the same rows and events that the reports give.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from billing.money import TOKEN_CLASSES, ZERO
from billing.reports.drift import Drift, Finding
from billing.reports.events import EventSummary
from billing.reports.measures import Measures, Row, SpendReport, add_up
from billing.web.charts import Moment, stacked_bars
from billing.web.figures import Figure, spend_points
from billing.web.openapi import Field
from billing.web.ranges import Choice
from billing.web.stats import Stat
from billing.web.words import chart_summary

NOW = datetime(2026, 11, 22, 12, 2, 11, tzinfo=UTC)
ZONE = "Europe/Sofia"
MODELS = {
    "claude-sonnet-4-6": Decimal("18.83"),
    "claude-opus-4-6": Decimal("7.60"),
    "claude-haiku-4-5": Decimal("1.54"),
}
PROJECTS = {"support-bot": 66, "contract-agent": 29, "triage": 5}
TABS = (
    Choice(label="by model", query="by=model", is_current=True),
    Choice(label="by client", query="by=client", is_current=False),
)
STATS = [
    Stat(label="A tiny amount", value="$0.0016", note="never shown as nothing"),
    Stat(label="Not all is priced", value="$12.40", note="3 without a price", at_least=True),
    Stat(label="A rise", value="$120.00", note="+31 % more than October", tone="up"),
    Stat(label="A fall", value="$80.00", note="−12 % less than October", tone="down"),
]
FIRST = {"title": "Three steps to the first figure"}
DRIFT = Drift(
    checked_at=NOW,
    version="another list 1.2",
    open=[
        Finding(
            model="claude-opus-9",
            sentence="another list 1.2 has $0.25 per million for cache reads of claude-opus-9; the book"
            " has $0.5 per million since 2026-07-24 (a published list, checked on 2026-11-22).",
            reason="",
            first_seen_at=NOW,
        )
    ],
    known=[
        Finding(
            model="claude-opus-1",
            sentence="another list 1.2 has no price for claude-opus-1 in batches; the book has 0.5 × it.",
            reason="Retired; nobody else keeps it.",
            first_seen_at=NOW,
        )
    ],
    not_compared=("US inference: the list has no price of it.",),
    unconfirmed=["claude-opus-8"],
)
FIELDS = [
    Field(name="id", kind="string", required=True, note="With the source it is the identity."),
    Field(name="components[].tokens", kind="integer", required=False, note=""),
]


def sample_report(periods: Sequence[Moment]) -> SpendReport:
    rows = sample_rows(periods)
    return SpendReport(rows=rows, total=add_up(row.measures for row in rows), as_of=NOW)


def sample_rows(periods: Sequence[Moment]) -> list[Row]:
    """Weekdays, weekends, one day that stands out and one that has an unpriced event."""
    return [
        Row(
            period=period,
            keys={"model": model, "project": project},
            measures=sample_measures(
                cost * share * factor_of(period, model=model) / 100, on=period
            ),
        )
        for period in periods
        for model, cost in MODELS.items()
        for project, share in PROJECTS.items()
    ]


def factor_of(on: Moment, *, model: str) -> Decimal:
    """What a day costs against a usual one."""
    rhythm = Decimal("0.4") if on.weekday() >= 5 else 1 + Decimal(on.day % 7) / 20
    return rhythm * 4 if on.day == 18 and model == "claude-opus-4-6" else rhythm


def sample_measures(cost: Decimal, *, on: Moment) -> Measures:
    parts = {"input": cost / 4, "cache_read": cost / 4, "output": cost / 2}
    tokens = {"input": 36_000, "cache_read": 64_000, "output": 9_000}
    return Measures(
        events=int(cost * 40),
        unpriced_events=1 if on.day == 20 else 0,
        tokens=dict.fromkeys(TOKEN_CLASSES, 0) | tokens,
        costs=dict.fromkeys(TOKEN_CLASSES, ZERO) | parts,
        cost_uncached=cost * 29 / 10,
    )


def sample_figures(days: Sequence[Moment]) -> list[Figure]:
    """Charts at their limits: a dozen series, tiny amounts, a single day, nothing at all."""
    dozen = [
        Row(day, {"model": f"model-{rank}"}, sample_measures(Decimal(12 - rank), on=day))
        for day in days
        for rank in range(12)
    ]
    tiny = [
        Row(day, {"model": "model-0"}, sample_measures(Decimal(day.day) / 20_000, on=day))
        for day in days
    ]
    return [
        sample_figure("Twelve series", dozen, days=days),
        sample_figure("Tiny amounts", tiny, days=days),
        sample_figure("A single day", dozen[:12], days=days[:1]),
        sample_figure("Nothing spent", [], days=days),
    ]


def sample_figure(title: str, rows: Sequence[Row], *, days: Sequence[Moment]) -> Figure:
    chart = stacked_bars(spend_points(rows, key="model", names={}, periods=days))
    anchor = title.lower().replace(" ", "-")
    return Figure(id=anchor, title=title, label="", words=chart_summary(chart), chart=chart)


def sample_components() -> list[Row]:
    """A prompt that is cached but for its end, its answer, and calls that nobody described."""
    paid = {
        "system": {"cache_read": 8_000},
        "context": {"cache_read": 10_000, "cache_write_5m": 1_500, "input": 500},
        "user": {"input": 200},
        "response": {"output": 600},
        "not_split": {"input": 900},
    }
    return [
        Row(None, {"component": name}, sample_part(tokens, events=int(name == "response")))
        for name, tokens in paid.items()
    ]


def sample_part(tokens: dict[str, int], *, events: int) -> Measures:
    rates = {"cache_read": 3, "cache_write_5m": 37, "input": 30, "output": 150}
    return Measures(
        events=events,
        unpriced_events=0,
        tokens=dict.fromkeys(TOKEN_CLASSES, 0) | tokens,
        costs=dict.fromkeys(TOKEN_CLASSES, ZERO)
        | {name: Decimal(rates[name] * count) / 10_000 for name, count in tokens.items()},
        cost_uncached=ZERO,
    )


def sample_event(
    number: int, *, model: str, cost: Decimal | None, is_void: bool = False
) -> EventSummary:
    return EventSummary(
        key=UUID(int=number),
        source="",
        id=f"msg_{number}",
        occurred_at=NOW,
        received_at=NOW,
        client="globex",
        project="support-bot",
        provider="anthropic",
        model=model,
        variant="standard",
        feature="chat",
        environment="production",
        tokens=dict.fromkeys(TOKEN_CLASSES, 0) | {"input": 200, "cache_read": 20_000},
        cost=cost,
        unpriced_reason="unknown_model" if cost is None else "",
        is_void=is_void,
    )
