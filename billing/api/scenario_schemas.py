"""The shapes of scenarios."""

from rest_framework import serializers as s

from billing.api.price_schemas import MILLION

PER_CENT = "Per cent more or less, -100 to 1000, with at most two decimals: -50 is half."


class SupposedRates(s.Serializer[object]):
    input = s.CharField(required=False, help_text=f"{MILLION} tokens, as the other rates.")
    cache_write_5m = s.CharField(required=False)
    cache_write_1h = s.CharField(required=False)
    cache_read = s.CharField(required=False)
    output = s.CharField(required=False)
    web_search = s.CharField(required=False, help_text=f"{MILLION} searches.")


class SupposedPrice(s.Serializer[object]):
    """From a day on: per cent, or own rates of a model. Changes count one after the other."""

    since = s.CharField(help_text="First day, in the tenant's zone.")
    provider = s.CharField(required=False, allow_blank=True, help_text="Without it: every one.")
    model = s.CharField(required=False, allow_blank=True, help_text="Without it: every one.")
    per_cent = s.CharField(required=False, help_text=PER_CENT)
    rates = SupposedRates(required=False, help_text="A class that is not named stays as it was.")

    def to_internal_value(self, data: object) -> object:
        return data


class SupposedGrowth(s.Serializer[object]):
    """Compound, from next month on. The narrowest counts: a project's before its client's."""

    per_cent = s.CharField(help_text="A month, -100 to 100.")
    client = s.CharField(required=False)
    project = s.CharField(required=False)

    def to_internal_value(self, data: object) -> object:
        return data


class NewScenario(s.Serializer[object]):
    name = s.CharField(min_length=1, max_length=120)
    prices = SupposedPrice(many=True, required=False)
    growth = SupposedGrowth(many=True, required=False)


class ScenarioAnswer(NewScenario):
    id = s.IntegerField()
    archived = s.BooleanField()
    made_by = s.CharField()
    changed_at = s.DateTimeField()
    changed_by = s.CharField()


class ScenariosAnswer(s.Serializer[object]):
    scenarios = ScenarioAnswer(many=True)


class SupposedFigures(s.Serializer[object]):
    expected = s.CharField(help_text="By the forecast.")
    supposed = s.CharField(help_text="What would happen in the scenario.")


class SupposedMonth(SupposedFigures):
    spent = s.CharField(help_text="So far; it stands in both.")


class SupposedPeriod(SupposedFigures):
    period = s.CharField(help_text="A month: 2027-11.")


class SupposedClient(s.Serializer[object]):
    client = s.CharField()
    month = SupposedFigures()
    next_twelve_months = SupposedFigures()


class ScenarioResult(s.Serializer[object]):
    month = SupposedMonth(help_text="This one.")
    next_twelve_months = SupposedFigures(help_text="Those after it.")
    months = SupposedPeriod(many=True)
    clients = SupposedClient(many=True)
    kept_at_their_price = s.CharField(
        help_text="Cost of the last four weeks whose own rates the sums do not tell."
    )
    unpriced_events = s.IntegerField()


class ScenarioResultAnswer(s.Serializer[object]):
    currency = s.CharField()
    timezone = s.CharField()
    scenario = ScenarioAnswer()
    result = ScenarioResult(allow_null=True, help_text="Null before three days with spend.")
