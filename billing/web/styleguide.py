"""The style guide: every part of the pages on one page. Public, and the same for everyone."""

from decimal import Decimal

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.web import budget_samples, samples
from billing.web.components import waterfall
from billing.web.figures import periods_of, spend_figure
from billing.web.names import model_names
from billing.web.ranges import asked_range
from billing.web.screens import SpendScreen
from billing.web.tables import breakdown, class_table

SAID = [
    Message(constants.SUCCESS, "The key is revoked."),
    Message(constants.INFO, "A thing to know."),
    Message(constants.ERROR, "A thing that went wrong."),
]


class SampleForm(forms.Form):
    name = forms.CharField(help_text="Where the key is used, so that you know it again.")
    scopes = forms.MultipleChoiceField(
        label="May",
        choices=[("ingest", "send events"), ("read", "read spend")],
        widget=forms.CheckboxSelectMultiple,
    )
    project = forms.ChoiceField(choices=[("", "Any project"), ("1", "support-bot")], required=False)
    remember = forms.BooleanField(label="Remember me", required=False)


@login_not_required
@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """The parts of a client page with invented figures, then those that stand alone."""
    screen = sample_screen(request)
    alone = {
        "lone_stats": samples.STATS,
        "figures": samples.sample_figures(screen.asked.days.days),
        "budget_rows": budget_samples.sample_rows(),
        "burn": budget_samples.sample_burn(),
        "pairs": budget_samples.sample_pairs(),
        "alerts": budget_samples.sample_alerts(),
        "form": SampleForm(),
        "wrong_form": SampleForm({"name": ""}),
        "events": [
            samples.sample_event(1, model="claude-sonnet-4-6", cost=Decimal("0.0156")),
            samples.sample_event(2, model="claude-opus-9", cost=None),
            samples.sample_event(
                3, model="claude-sonnet-4-6", cost=Decimal("0.0156"), is_void=True
            ),
        ],
        "said": SAID,
        "first": samples.FIRST,
        "fields": samples.FIELDS,
        "drift": samples.DRIFT,
    }
    return render(request, "styleguide.html", sample_page(screen) | alone)


def sample_screen(request: HttpRequest) -> SpendScreen:
    asked = asked_range(request, zone=samples.ZONE, now=samples.NOW)
    now = samples.sample_report(periods_of(asked))
    return SpendScreen(asked, now, samples.sample_report(asked.before.days))


def sample_page(screen: SpendScreen) -> dict[str, object]:
    """What a client page shows."""
    rows, names = screen.now.rows, model_names(samples.MODELS)
    return screen.context() | {
        "models": ["claude-opus-9"],
        "figure": spend_figure(
            rows, key="model", names=names, asked=screen.asked, tabs=samples.TABS
        ),
        "classes": class_table(screen.now.total),
        "fall": waterfall(samples.sample_components(), whose="this project's"),
        "table": breakdown(
            "Projects",
            noun="Project",
            key="project",
            rows=rows,
            before=samples.sample_report(screen.asked.before.days).rows,
            names={slug: slug.replace("-", " ").capitalize() for slug in samples.PROJECTS},
            url=lambda slug: f"#{slug}",
        ),
    }
