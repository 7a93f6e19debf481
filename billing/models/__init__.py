"""The nouns of `billing/`: what happened, what it cost, what it adds up to."""

from billing.models.alerts import Alarm, Alert
from billing.models.budgets import Budget, BudgetChannel, BudgetVersion
from billing.models.channels import Channel, ChannelKind, Delivery, DeliveryAttempt
from billing.models.corrections import EventCorrection
from billing.models.events import EventKey, UsageEvent
from billing.models.insights import (
    CacheBreak,
    InsightDay,
    InsightNote,
    InsightSum,
    Patient,
    TaskDay,
)
from billing.models.keeping import Horizon, Retention, ZoneChange
from billing.models.lists import BookDifference, ListedPrice
from billing.models.operations import Heartbeat, SpendDay, Verification
from billing.models.plans import ProjectPlan
from billing.models.prices import AgreedPrice, Discount, Markup, ModelAlias, PriceRow
from billing.models.repricing import RepricedDay, Repricing
from billing.models.scenarios import Scenario
from billing.models.spend import (
    ComponentSpend,
    DailySpend,
    DimensionValue,
    HourlySpend,
    ProjectDay,
    SpendEntry,
)
from billing.models.what_if import WhatIfDay, WhatIfRun

__all__ = [
    "AgreedPrice",
    "Alarm",
    "Alert",
    "BookDifference",
    "Budget",
    "BudgetChannel",
    "BudgetVersion",
    "CacheBreak",
    "Channel",
    "ChannelKind",
    "ComponentSpend",
    "DailySpend",
    "Delivery",
    "DeliveryAttempt",
    "DimensionValue",
    "Discount",
    "EventCorrection",
    "EventKey",
    "Heartbeat",
    "Horizon",
    "HourlySpend",
    "InsightDay",
    "InsightNote",
    "InsightSum",
    "ListedPrice",
    "Markup",
    "ModelAlias",
    "Patient",
    "PriceRow",
    "ProjectDay",
    "ProjectPlan",
    "RepricedDay",
    "Repricing",
    "Retention",
    "Scenario",
    "SpendDay",
    "SpendEntry",
    "TaskDay",
    "UsageEvent",
    "Verification",
    "WhatIfDay",
    "WhatIfRun",
    "ZoneChange",
]
