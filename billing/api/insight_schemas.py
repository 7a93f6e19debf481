"""The shapes of the answers about insights."""

from rest_framework import serializers as s

from billing.api.schemas import Tokens


class CachingMeasures(s.Serializer[object]):
    period = s.CharField(allow_null=True)
    events = s.IntegerField()
    unpriced_events = s.IntegerField(help_text="They have tokens, and no cost or saving.")
    tokens = Tokens()
    hit_rate = s.CharField(
        allow_null=True, help_text="Cache reads as a part of all prompt tokens, 0 to 1."
    )
    cost = s.CharField()
    cost_uncached = s.CharField(help_text="The same calls with nothing cached.")
    saving = s.CharField(help_text="cost_uncached - cost; negative where caching did not pay.")
    multiplier = s.CharField(allow_null=True, help_text="cost_uncached / cost.")


class CachingRow(CachingMeasures):
    project = s.CharField()
    model = s.CharField()


class CachingAnswer(s.Serializer[object]):
    currency = s.CharField()
    timezone = s.CharField()
    since = s.DateField()
    until = s.DateField()
    as_of = s.DateTimeField()
    rows = CachingRow(many=True)
    total = CachingMeasures()


class InsightRow(s.Serializer[object]):
    key = s.CharField()
    kind = s.CharField()
    project = s.CharField()
    monthly = s.CharField(
        help_text="Dollars in the last 30 days; they overlap, do not add them up."
    )
    events = s.IntegerField()
    says = s.CharField()
    fix = s.CharField()
    state = s.CharField(help_text="done, dismissed or empty.")
    noted_by = s.CharField()
    noted_at = s.DateTimeField(allow_null=True)


class InsightsAnswer(s.Serializer[object]):
    currency = s.CharField()
    insights = InsightRow(many=True)
