"""The shapes of what the calculator and what-if answer."""

from rest_framework import serializers as s

from billing.api.schemas import Line, Tokens


class Turn(s.Serializer[object]):
    tokens = Tokens()
    cost = s.CharField()
    cost_uncached = s.CharField(help_text="The same calls with nothing cached.")


class TurnWorking(s.Serializer[object]):
    turn = s.IntegerField()
    calls = s.IntegerField(help_text="One, and one for each tool call.")
    lines = Line(many=True)
    cost = s.CharField()


class EstimateAnswer(s.Serializer[object]):
    """With an `unpriced_reason` there is nothing but `model` and `detail`."""

    model = s.CharField()
    unpriced_reason = s.CharField(allow_null=True)
    detail = s.CharField(required=False)
    first_turn = Turn(required=False)
    last_turn = Turn(required=False)
    conversation = s.CharField(required=False)
    conversation_uncached = s.CharField(required=False)
    per_1000_turns = s.CharField(required=False, help_text="Rounded to a millionth of a dollar.")
    per_1000_turns_uncached = s.CharField(required=False)
    month = s.CharField(required=False)
    month_uncached = s.CharField(required=False)
    saving = s.CharField(required=False, help_text="Of a month, after what cache writes cost.")
    multiplier = s.CharField(
        required=False,
        allow_null=True,
        help_text="How many times as much a conversation costs without caching.",
    )
    components = s.DictField(
        child=s.CharField(), required=False, help_text="Of one conversation; they add up to it."
    )
    working = TurnWorking(many=True, required=False, help_text="The first, second and last turn.")


class CalculatorAnswer(s.Serializer[object]):
    currency = s.CharField()
    plan = s.DictField(child=s.JSONField(), help_text="What was calculated, defaults included.")
    estimates = EstimateAnswer(many=True, help_text="In the order of the models asked for.")


class WhatIfFigures(s.Serializer[object]):
    period = s.CharField(allow_null=True, help_text="A day of the tenant's zone; null: of all.")
    events = s.IntegerField()
    old = s.CharField(help_text="What was paid.")
    new = s.CharField(help_text="What the price engine asks for the same calls under the change.")


class WhatIfRow(WhatIfFigures):
    client = s.CharField()


class NotSaid(s.Serializer[object]):
    reason = s.CharField()
    detail = s.CharField()
    events = s.IntegerField()
    cost = s.CharField(help_text="What they cost; it stands in neither old nor new.")


class WhatIfAnswer(s.Serializer[object]):
    currency = s.CharField()
    timezone = s.CharField()
    since = s.DateField()
    until = s.DateField()
    rows = WhatIfRow(many=True)
    total = WhatIfFigures()
    left_out = NotSaid(many=True, help_text="Never guessed.")
    unpriced_events = s.IntegerField(help_text="They have no price and stand in neither figure.")
    priced_one_by_one = s.IntegerField(
        help_text="Events priced each by itself; the others by sums, where that is the same."
    )


class NewWhatIfRun(s.Serializer[object]):
    settings = s.DictField(
        child=s.CharField(allow_blank=True, max_length=200),
        help_text='The change, as the query of GET /what-if: `{"per_cent": "-50"}`.',
    )
    since = s.DateField(help_text="First day, in the tenant's zone.")
    until = s.DateField(help_text="The day after the last one.")
    client = s.CharField(required=False, allow_blank=True, max_length=200)
    project = s.CharField(required=False, allow_blank=True, max_length=200)


class WhatIfPart(s.Serializer[object]):
    rows = WhatIfRow(many=True)
    total = WhatIfFigures()
    left_out = NotSaid(many=True)
    unpriced_events = s.IntegerField()
    priced_one_by_one = s.IntegerField()


class WhatIfRunAnswer(NewWhatIfRun):
    id = s.IntegerField()
    state = s.CharField(help_text="running, stopped, done or failed.")
    stopped_because = s.CharField()
    answered_until = s.DateField(help_text="Days before it are answered.")
    percent = s.IntegerField()
    asked_at = s.DateTimeField()
    asked_by = s.CharField()
    answer = WhatIfPart(required=False, help_text="In the answer about one question.")


class WhatIfRunsAnswer(s.Serializer[object]):
    runs = WhatIfRunAnswer(many=True)
