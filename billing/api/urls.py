"""Addresses of the API."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter
from drf_spectacular.views import SpectacularJSONAPIView

from billing.api import (
    budgets,
    catalogue,
    keys,
    markups,
    repricings,
    scenarios,
    terms,
    what_if_runs,
)
from billing.api.alerts import Acknowledge, Alerts
from billing.api.allow import Allow
from billing.api.calculator import Calculator
from billing.api.channels import Channels, OneChannel
from billing.api.events import OneEvent
from billing.api.ingest import Events
from billing.api.insight_evidence import Breaks, InsightAnswer, Sums, Tasks
from billing.api.insights import Caching, Insights
from billing.api.price import Price
from billing.api.proposals import Proposals
from billing.api.spend import Spend
from billing.api.unpriced import UnpricedModels
from billing.api.void import Void
from billing.api.what_if import WhatIfView


class AnyText(StringConverter):
    """A source or an id: any text, slashes and line breaks included."""

    regex = r"[\s\S]+?"


register_converter(AnyText, "text")

openapi = SpectacularJSONAPIView.as_view(authentication_classes=[], permission_classes=[])

urlpatterns = [
    path("v1/openapi.json", openapi, name="openapi"),
    path("v1/events", Events.as_view()),
    path("v1/events/<text:source>/<text:event_id>", OneEvent.as_view()),
    path("v1/events/void", Void.as_view()),
    path("v1/price", Price.as_view()),
    path("v1/calculator", Calculator.as_view()),
    path("v1/what-if", WhatIfView.as_view()),
    path("v1/what-if/runs", what_if_runs.WhatIfRuns.as_view()),
    path("v1/what-if/runs/<int:run_id>", what_if_runs.OneWhatIfRun.as_view()),
    path("v1/what-if/runs/<int:run_id>/stop", what_if_runs.StopWhatIfRun.as_view()),
    path("v1/what-if/runs/<int:run_id>/resume", what_if_runs.ResumeWhatIfRun.as_view()),
    path("v1/scenarios", scenarios.Scenarios.as_view()),
    path("v1/scenarios/<int:scenario_id>", scenarios.OneScenario.as_view()),
    path("v1/scenarios/<int:scenario_id>/result", scenarios.ScenarioResult.as_view()),
    path("v1/prices/proposals", Proposals.as_view()),
    path("v1/spend", Spend.as_view()),
    path("v1/insights", Insights.as_view()),
    path("v1/insights/caching", Caching.as_view()),
    path("v1/insights/breaks", Breaks.as_view()),
    path("v1/insights/tasks", Tasks.as_view()),
    path("v1/insights/sums", Sums.as_view()),
    path("v1/insights/answer", InsightAnswer.as_view()),
    path("v1/budgets", budgets.Budgets.as_view()),
    path("v1/budgets/<int:budget_id>", budgets.OneBudget.as_view()),
    path("v1/alerts", Alerts.as_view()),
    path("v1/alerts/<int:alert_id>/acknowledge", Acknowledge.as_view()),
    path("v1/allow", Allow.as_view()),
    path("v1/channels", Channels.as_view()),
    path("v1/channels/<int:channel_id>", OneChannel.as_view()),
    path("v1/clients", catalogue.Clients.as_view()),
    path("v1/clients/<slug:slug>", catalogue.OneClient.as_view()),
    path("v1/clients/<slug:slug>/markups", markups.Markups.as_view()),
    path("v1/clients/<slug:slug>/markups/<int:markup_id>", markups.OneMarkup.as_view()),
    path("v1/clients/<slug:slug>/markups/<int:markup_id>/close", markups.CloseMarkup.as_view()),
    path("v1/prices", terms.Prices.as_view()),
    path("v1/prices/<int:price_id>", terms.OnePrice.as_view()),
    path("v1/prices/<int:price_id>/close", terms.ClosePrice.as_view()),
    path("v1/discounts", terms.Discounts.as_view()),
    path("v1/discounts/<int:discount_id>", terms.OneDiscount.as_view()),
    path("v1/discounts/<int:discount_id>/close", terms.CloseDiscount.as_view()),
    path("v1/repricings", repricings.Repricings.as_view()),
    path("v1/repricings/<int:run_id>", repricings.OneRepricing.as_view()),
    path("v1/repricings/<int:run_id>/apply", repricings.ApplyRepricing.as_view()),
    path("v1/repricings/<int:run_id>/cancel", repricings.CancelRepricing.as_view()),
    path("v1/unpriced", UnpricedModels.as_view()),
    path("v1/projects", catalogue.Projects.as_view()),
    path("v1/projects/<slug:slug>", catalogue.OneProject.as_view()),
    path("v1/keys", keys.Keys.as_view()),
    path("v1/keys/<int:key_id>", keys.OneKey.as_view()),
    path("v1/keys/<int:key_id>/rotate", keys.KeyRotations.as_view()),
]
