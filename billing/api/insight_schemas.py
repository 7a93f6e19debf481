"""The shapes of the answers about insights."""

from rest_framework import serializers as s

from billing.api.schemas import Tokens


class OfDays(s.Serializer[object]):
    currency = s.CharField()
    timezone = s.CharField()
    since = s.DateField()
    until = s.DateField()


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


class CachingAnswer(OfDays):
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
    evidence = s.CharField(help_text="Where what stands behind it is.")
    state = s.CharField(help_text="done, dismissed or empty.")
    noted_by = s.CharField()
    noted_at = s.DateTimeField(allow_null=True)


class InsightsAnswer(s.Serializer[object]):
    currency = s.CharField()
    insights = InsightRow(many=True)


class InsightAnswerBody(s.Serializer[object]):
    insight = s.CharField(max_length=300, help_text="The `key` of an insight.")
    state = s.CharField(allow_blank=True, help_text="done, dismissed, or empty: open again.")


class InsightNoteAnswer(s.Serializer[object]):
    insight = s.CharField()
    state = s.CharField()
    noted_by = s.CharField()
    noted_at = s.DateTimeField(allow_null=True)


class SumRow(s.Serializer[object]):
    project = s.CharField()
    label = s.CharField()  # type: ignore[assignment]
    detail = s.CharField()
    events = s.IntegerField()
    tokens = s.IntegerField()
    cost = s.CharField()
    saving = s.CharField(help_text="Less than nothing: it had cost more.")


class SumsAnswer(OfDays):
    kind = s.CharField()
    rows = SumRow(many=True)


class WastedDay(s.Serializer[object]):
    day = s.DateField()
    wasted = s.CharField()


class BrokenCallRow(s.Serializer[object]):
    occurred_at = s.DateTimeField()
    project = s.CharField()
    cause = s.CharField()
    model = s.CharField()
    tokens = s.IntegerField(help_text="Written again instead of read.")
    wasted = s.CharField()
    gap_seconds = s.IntegerField(help_text="Since the call before it.")
    source = s.CharField()  # type: ignore[assignment]
    id = s.CharField(help_text="Of the event; empty when it is no longer kept.")


class BreaksAnswer(OfDays):
    rows = SumRow(many=True)
    by_day = WastedDay(many=True)
    calls = BrokenCallRow(many=True)


class DearTask(s.Serializer[object]):
    task = s.CharField()
    cost = s.CharField()


class TaskRow(s.Serializer[object]):
    project = s.CharField()
    tasks = s.IntegerField()
    turns = s.IntegerField()
    tool_calls = s.IntegerField()
    cost = s.CharField()
    unpriced_events = s.IntegerField()
    p50 = s.CharField(help_text="Half of the tasks cost this or less.")
    p95 = s.CharField()
    turns_each = s.CharField(allow_null=True)
    multiplier = s.CharField(
        allow_null=True, help_text="How many times its first call a task costs."
    )
    dearest = DearTask(many=True)


class TasksAnswer(OfDays):
    projects = TaskRow(many=True)
