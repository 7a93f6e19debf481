"""The style guide: every part of the pages on one page, with invented figures.

Public and the same for everyone; it reads nothing but this file.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from billing.money import TOKEN_CLASSES, ZERO
from billing.periods import DayRange
from billing.reports.events import EventSummary
from billing.reports.spend import Measures, Row, add_up
from billing.web.charts import stacked_bars
from billing.web.figures import Figure, spend_figure, spend_points
from billing.web.names import model_names
from billing.web.openapi import Field
from billing.web.ranges import Asked, Choice, asked_range
from billing.web.stats import Stat, range_stats, today_stat
from billing.web.tables import breakdown, class_table
from billing.web.words import chart_summary

NOW = datetime(2026, 11, 22, 12, 2, 11, tzinfo=UTC)
ZONE = "Europe/Sofia"
MODELS = {
    "claude-sonnet-4-6": Decimal("18.83"),
    "claude-opus-4-6": Decimal("7.60"),
    "claude-haiku-4-5": Decimal("1.54"),
}
MANY = [f"model-{letter}" for letter in "abcdefghijkl"]
PROJECTS = {"support-bot": 66, "contract-agent": 29, "triage": 5}


@login_not_required
def styleguide(request: HttpRequest) -> HttpResponse:
    asked = asked_range(request, zone=ZONE, now=NOW)
    rows = sample_rows(asked.days)
    spend = add_up(row.measures for row in rows)
    before = add_up(row.measures for row in sample_rows(asked.before))
    today = add_up(row.measures for row in rows if row.period == asked.today)
    return render(
        request,
        "styleguide.html",
        {
            "range": asked.picker,
            "stats": range_stats(
                f"Spend {asked.words}",
                spend=spend,
                before=before,
                before_label=asked.before.label,
                second=today_stat(today, as_of=NOW, zone=ZONE),
            ),
            "figure": spend_figure(
                rows, key="model", names=model_names(MODELS), asked=asked, tabs=TABS
            ),
            "figures": list(other_figures(asked)),
            "table": breakdown(
                "Projects",
                noun="Project",
                key="project",
                rows=rows,
                before=sample_rows(asked.before),
                names={slug: slug.replace("-", " ").capitalize() for slug in PROJECTS},
                url=lambda slug: f"#{slug}",
            ),
            "lone_stats": LONE_STATS,
            "form": SampleForm(),
            "wrong_form": SampleForm({"name": ""}),
            "classes": class_table(spend),
            "events": sample_events(),
            "said": SAID,
            "first": FIRST,
            "fields": FIELDS,
            "as_of": NOW,
            "unpriced": 3,
            "models": ["claude-opus-9"],
        },
    )


class SampleForm(forms.Form):
    name = forms.CharField(help_text="Where the key is used, so that you know it again.")
    scopes = forms.MultipleChoiceField(
        label="May",
        choices=[("ingest", "send events"), ("read", "read spend")],
        widget=forms.CheckboxSelectMultiple,
    )
    project = forms.ChoiceField(choices=[("", "Any project"), ("1", "support-bot")], required=False)
    remember = forms.BooleanField(label="Remember me", required=False)


TABS = (
    Choice(label="by model", query="by=model", is_current=True),
    Choice(label="by client", query="by=client", is_current=False),
)
LONE_STATS = [
    Stat(label="A tiny amount", value="$0.0016", note="never shown as nothing"),
    Stat(label="Not all is priced", value="$12.40", note="3 without a price", at_least=True),
    Stat(label="A rise", value="$120.00", note="+31 % more than October", tone="up"),
    Stat(label="A fall", value="$80.00", note="−12 % less than October", tone="down"),
]
SAID = [
    Message(constants.SUCCESS, "The key is revoked."),
    Message(constants.INFO, "A thing to know."),
    Message(constants.ERROR, "A thing that went wrong."),
]
FIRST = {
    "url": "https://costs.example.com/api/v1/events",
    "has_project": False,
    "project": "support-bot",
    "at": "2026-11-22T12:02:11Z",
}
FIELDS = [
    Field(name="id", kind="string", required=True, note="With `source` the identity of the event."),
    Field(name="components[].tokens", kind="integer", required=False, note=""),
]


def sample_rows(days: DayRange) -> list[Row]:
    """Weekdays, weekends, one day that stands out and one that has an unpriced event."""
    return [
        Row(
            period=day,
            keys={"model": model, "project": project},
            measures=sample_measures(cost * share * factor_of(day, model=model) / 100, day=day),
        )
        for day in days.days
        for model, cost in MODELS.items()
        for project, share in PROJECTS.items()
    ]


def factor_of(day: date, *, model: str) -> Decimal:
    """What a day costs against a usual one: an invented but steady pattern."""
    rhythm = Decimal("0.4") if day.weekday() >= 5 else Decimal(1) + Decimal(day.day % 7) / 20
    return rhythm * 4 if day.day == 18 and model == "claude-opus-4-6" else rhythm


def sample_measures(cost: Decimal, *, day: date) -> Measures:
    costs = dict.fromkeys(TOKEN_CLASSES, ZERO) | {
        "input": cost / 4,
        "cache_read": cost / 4,
        "output": cost / 2,
    }
    tokens = dict.fromkeys(TOKEN_CLASSES, 0) | {
        "input": 36_000,
        "cache_read": 64_000,
        "output": 9_000,
    }
    return Measures(
        events=int(cost * 40),
        unpriced_events=1 if day.day == 20 else 0,
        tokens=tokens,
        costs=costs,
        cost_uncached=cost * 29 / 10,
    )


def other_figures(asked: Asked) -> list[Figure]:
    """The same part with a dozen series, tiny amounts, a single day, months and nothing at all."""
    days = asked.days.days
    dozen = [
        Row(day, {"model": name}, sample_measures(Decimal(12 - rank), day=day))
        for day in days
        for rank, name in enumerate(MANY)
    ]
    tiny = [
        Row(day, {"model": "claude-haiku-4-5"}, sample_measures(Decimal(day.day) / 20_000, day=day))
        for day in days
    ]
    kinds = [
        ("Twelve series", dozen, days),
        ("Tiny amounts", tiny, days),
        ("A single day", dozen[:12], days[:1]),
        ("Nothing spent", [], days),
    ]
    figures = []
    for number, (title, rows, periods) in enumerate(kinds):
        points = spend_points(rows, key="model", names={}, periods=periods)
        chart = stacked_bars(points)
        figures.append(
            Figure(
                id=f"sample-{number}",
                title=title,
                label=asked.days.label,
                words=chart_summary(chart),
                chart=chart,
            )
        )
    return figures


def sample_events() -> list[EventSummary]:
    """A priced and an unpriced one."""
    return [
        EventSummary(
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
            unpriced_reason="" if cost else "unknown_model",
        )
        for number, (model, cost) in enumerate(
            [("claude-sonnet-4-6", Decimal("0.0156")), ("claude-opus-9", None)]
        )
    ]
