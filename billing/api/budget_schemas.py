"""The shapes of budgets, alerts and permission to spend."""

from rest_framework import serializers as s

from billing.cycles import PERIODS
from billing.models.alerts import AlertKind
from billing.models.budgets import ESCALATE_AFTER, THRESHOLDS, Basis

MOST_ID = 2**63 - 1
MOST_CHANNELS = 100
PER_CENT = "Whole per cent of the amount, from 1 to 1000, at most ten."


class Scope(s.Serializer[object]):
    """What a budget counts; empty: everything."""

    client = s.CharField(required=False)
    project = s.CharField(required=False)
    model = s.CharField(required=False, max_length=200)
    feature = s.CharField(required=False, max_length=200)
    environment = s.CharField(required=False, max_length=200)


class BudgetTerms(s.Serializer[object]):
    """What can be changed of a budget."""

    name = s.CharField(min_length=1, max_length=120)
    amount = s.CharField(min_length=1, help_text="US dollars, more than nothing.")
    period = s.ChoiceField(PERIODS)
    starts_on = s.IntegerField(
        required=False,
        help_text="Of a week: 1 Monday to 7 Sunday. Of a month: 1 to 31; a month without that day"
        " starts on its last one.",
    )
    since = s.DateField(required=False, allow_null=True, help_text="First day of a fixed period.")
    until = s.DateField(required=False, allow_null=True, help_text="The day after its last one.")
    basis = s.ChoiceField(Basis.values, required=False)
    owner = s.CharField(min_length=1, help_text="The address of the member who answers for it.")
    deputy = s.CharField(required=False, allow_null=True, help_text="Told when the owner is not.")
    thresholds = s.ListField(
        child=s.IntegerField(), required=False, help_text=f"Default {THRESHOLDS}. {PER_CENT}"
    )
    forecast_thresholds = s.ListField(
        child=s.IntegerField(), required=False, help_text=f"Default none. {PER_CENT}"
    )
    escalate_after_hours = s.IntegerField(
        required=False,
        allow_null=True,
        help_text="Without acknowledgement of 100 % or more the deputy and the owners of the company"
        f" are told after so many hours. Default {ESCALATE_AFTER}; null: never.",
    )
    channels = s.ListField(
        child=s.IntegerField(min_value=1, max_value=MOST_ID),
        required=False,
        max_length=MOST_CHANNELS,
        help_text="Ids of channels that are told as well as the owner; these and no others.",
    )
    hard = s.BooleanField(required=False, help_text="GET /api/v1/allow says no when it is used up.")
    shared_with_client = s.BooleanField(required=False)


class NewBudget(BudgetTerms):
    scope = Scope(required=False)


class Forecast(s.Serializer[object]):
    expected = s.CharField(help_text="At the end of the period.")
    low = s.CharField(help_text="Four of five forecasts end between low and high.")
    high = s.CharField()
    exhausted_on = s.DateField(allow_null=True, help_text="The day on which 100 % is expected.")


class BudgetSupposed(s.Serializer[object]):
    expected = s.CharField(help_text="At the end of the period, if it happened.")
    exhausted_on = s.DateField(allow_null=True)


class BudgetAnswer(s.Serializer[object]):
    id = s.IntegerField()
    name = s.CharField()
    scope = Scope()
    amount = s.CharField()
    period = s.CharField()
    starts_on = s.IntegerField()
    since = s.DateField(allow_null=True)
    until = s.DateField(allow_null=True)
    basis = s.CharField()
    owner = s.CharField()
    deputy = s.CharField(allow_null=True)
    thresholds = s.ListField(child=s.IntegerField())
    forecast_thresholds = s.ListField(child=s.IntegerField())
    escalate_after_hours = s.IntegerField(allow_null=True)
    channels = s.ListField(
        child=s.IntegerField(),
        allow_null=True,
        help_text="Null for a key that is bound to a project: it knows of no channel.",
    )
    hard = s.BooleanField()
    shared_with_client = s.BooleanField()
    version = s.IntegerField()
    archived = s.BooleanField()
    period_since = s.DateField()
    period_until = s.DateField(help_text="Exclusive.")
    spent = s.CharField()
    remaining = s.CharField(help_text="Negative where more was spent.")
    percent = s.IntegerField(help_text="Used of the amount, rounded down.")
    unpriced_events = s.IntegerField(help_text="Not in `spent`: the true figure is higher.")
    next_threshold = s.IntegerField(allow_null=True)
    next_reset = s.DateField(allow_null=True, help_text="Null for fixed dates.")
    forecast = Forecast(allow_null=True)
    supposed = BudgetSupposed(
        allow_null=True, help_text="What would happen in the scenario that was asked for."
    )
    as_of = s.DateTimeField()


class BudgetsAnswer(s.Serializer[object]):
    budgets = BudgetAnswer(many=True)


class AllowAnswer(s.Serializer[object]):
    allow = s.BooleanField()
    budget = s.CharField(allow_null=True, help_text="The one with the least left.")
    remaining = s.CharField(allow_null=True)
    amount = s.CharField(allow_null=True)
    unpriced_events = s.IntegerField(help_text="Not in what was spent: less remains than it says.")
    next_reset = s.DateField(allow_null=True)
    as_of = s.DateTimeField()


class AlertBudget(s.Serializer[object]):
    id = s.IntegerField()
    name = s.CharField()


class AlertAnswer(s.Serializer[object]):
    id = s.IntegerField()
    kind = s.ChoiceField(AlertKind.choices)
    headline = s.CharField(help_text="As it was told.")
    budget = AlertBudget(allow_null=True)
    version = s.IntegerField()
    threshold = s.IntegerField(help_text="Per cent; 0 for what is not of a budget.")
    subject = s.CharField(help_text="What an alarm is about: a project, a model.")
    period_since = s.DateField()
    period_until = s.DateField(help_text="Exclusive.")
    spent = s.CharField()
    amount = s.CharField()
    made_at = s.DateTimeField()
    acknowledged_at = s.DateTimeField(allow_null=True)
    acknowledged_by = s.CharField(allow_null=True)
    note = s.CharField()
    snoozed_until = s.DateTimeField(allow_null=True)
    escalated_at = s.DateTimeField(allow_null=True)


class AlertsAnswer(s.Serializer[object]):
    alerts = AlertAnswer(many=True)
    next_cursor = s.CharField(allow_null=True)


class AcknowledgeBody(s.Serializer[object]):
    note = s.CharField(required=False, allow_blank=True, max_length=500)
