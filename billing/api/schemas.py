"""The shapes of requests and answers: they check small bodies and draw the OpenAPI document."""

from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers as s

from billing.flow.decode import MAX_EVENTS
from tenants.models import PriceView
from tenants.models.keys import KeyScope


class Component(s.Serializer[object]):
    name = s.ChoiceField(["system", "tools", "context", "history", "user", "other"])
    tokens = s.IntegerField(min_value=0)
    fingerprint = s.CharField(required=False, max_length=200)


class Event(s.Serializer[object]):
    id = s.CharField(min_length=1, max_length=200)
    source = s.CharField(required=False, max_length=200)  # type: ignore[assignment]
    project = s.CharField(required=False)
    occurred_at = s.DateTimeField()
    provider = s.CharField(required=False, max_length=200)
    model = s.CharField(min_length=1, max_length=200)
    usage = s.DictField(help_text="The provider's usage object, verbatim.")
    stop_reason = s.CharField(required=False, max_length=200)
    components = Component(many=True, required=False)
    feature = s.CharField(required=False, max_length=200)
    environment = s.CharField(required=False, max_length=200)
    session = s.CharField(required=False, max_length=200)
    task = s.CharField(required=False, max_length=200)
    end_user = s.CharField(required=False, max_length=200)
    streamed = s.BooleanField(required=False)
    tool_calls = s.IntegerField(required=False, min_value=0)
    tags = s.DictField(child=s.CharField(max_length=200), required=False)


class BareEvent(Event):
    """What pricing needs of an event; the rest may be there."""

    id = s.CharField(min_length=1, max_length=200, required=False)


class BatchBody(s.Serializer[object]):
    events = s.ListField(child=Event(), min_length=1, max_length=MAX_EVENTS)


class BareBatch(s.Serializer[object]):
    events = s.ListField(child=BareEvent(), min_length=1, max_length=MAX_EVENTS)


class Verdict(s.Serializer[object]):
    index = s.IntegerField()
    id = s.CharField(allow_null=True)
    status = s.ChoiceField(["accepted", "duplicate", "conflict", "rejected"])
    cost = s.CharField(
        required=False,
        allow_null=True,
        help_text="Null: unpriced, as `unpriced_reason` says; without a reason a duplicate of an event that the"
        " ledger keeps no longer.",
    )
    unpriced_reason = s.CharField(required=False)
    code = s.CharField(required=False)
    detail = s.CharField(required=False)
    field = s.CharField(required=False)


class BatchAnswer(s.Serializer[object]):
    accepted = s.IntegerField()
    duplicates = s.IntegerField()
    conflicts = s.IntegerField()
    rejected = s.IntegerField()
    unpriced = s.IntegerField()
    results = Verdict(many=True)


BATCH_EXAMPLE = [
    OpenApiExample(
        "One event",
        request_only=True,
        media_type="application/json",
        value={
            "events": [
                {
                    "id": "msg_01ABC",
                    "project": "support-bot",
                    "occurred_at": "2026-11-22T10:00:00Z",
                    "model": "claude-sonnet-4-6",
                    "usage": {
                        "input_tokens": 200,
                        "output_tokens": 600,
                        "cache_read_input_tokens": 20000,
                    },
                }
            ]
        },
    )
]


class Tokens(s.Serializer[object]):
    input = s.IntegerField()
    cache_write_5m = s.IntegerField()
    cache_write_1h = s.IntegerField()
    cache_read = s.IntegerField()
    output = s.IntegerField()
    web_search = s.IntegerField()


class Line(s.Serializer[object]):
    token_class = s.CharField()
    tokens = s.IntegerField()
    rate_per_million = s.CharField()
    multipliers = s.DictField(child=s.CharField())
    cost = s.CharField()
    model = s.CharField()
    price_id = s.CharField()


class PriceResult(s.Serializer[object]):
    status = s.ChoiceField(["priced", "unpriced", "rejected"])
    cost = s.CharField(required=False, allow_null=True)
    lines = Line(many=True, required=False)
    unpriced_reason = s.CharField(required=False)
    code = s.CharField(required=False)
    detail = s.CharField(required=False)
    field = s.CharField(required=False)


class PriceAnswer(s.Serializer[object]):
    results = PriceResult(many=True)


class EventSummary(s.Serializer[object]):
    id = s.CharField()
    source = s.CharField()  # type: ignore[assignment]
    occurred_at = s.DateTimeField()
    received_at = s.DateTimeField()
    client = s.CharField()
    project = s.CharField()
    provider = s.CharField()
    model = s.CharField()
    variant = s.CharField()
    feature = s.CharField()
    environment = s.CharField()
    tokens = Tokens()
    cost = s.CharField(allow_null=True)
    unpriced_reason = s.CharField(allow_null=True)
    is_void = s.BooleanField()


class EventsAnswer(s.Serializer[object]):
    events = EventSummary(many=True)
    next_cursor = s.CharField(allow_null=True)


class VoidBody(s.Serializer[object]):
    source = s.CharField(
        max_length=200, required=False, allow_blank=True, default="", trim_whitespace=False
    )  # type: ignore[assignment]
    id = s.CharField(min_length=1, max_length=200, trim_whitespace=False)
    reason = s.CharField(min_length=1, max_length=500)


class VoidAnswer(s.Serializer[object]):
    status = s.ChoiceField(["voided", "duplicate"])
    source = s.CharField()  # type: ignore[assignment]
    id = s.CharField()
    cost = s.CharField(allow_null=True, help_text="What the totals lost.")


class PricePaid(s.Serializer[object]):
    model = s.CharField()
    since = s.DateField(allow_null=True)
    until = s.DateField(allow_null=True)
    over_prompt_tokens = s.IntegerField()
    speed = s.CharField()
    source = s.CharField()  # type: ignore[assignment]
    checked_on = s.DateField()


class Correction(s.Serializer[object]):
    kind = s.ChoiceField(["void", "reprice"])
    made_at = s.DateTimeField()
    actor = s.CharField()
    reason = s.CharField()
    old_cost = s.CharField(allow_null=True)
    new_cost = s.CharField(allow_null=True, help_text="0 for an event that was taken back.")
    price_id = s.CharField(allow_null=True)


class ExplainedLine(Line):
    price = PricePaid()


class ComponentShare(s.Serializer[object]):
    component = s.CharField()
    tokens = Tokens()
    cost = s.CharField()


class EventAnswer(EventSummary):
    cost_uncached = s.CharField(allow_null=True)
    usage = s.DictField()
    lines = ExplainedLine(many=True)
    split = ComponentShare(
        many=True,
        help_text="What each component cost, exactly; empty where the event has none, or no price.",
    )
    corrections = Correction(many=True)
    stop_reason = s.CharField(required=False)
    session = s.CharField(required=False)
    task = s.CharField(required=False)
    end_user = s.CharField(required=False)
    streamed = s.BooleanField(required=False)
    tool_calls = s.IntegerField(required=False)
    components = Component(many=True, required=False)
    tags = s.DictField(child=s.CharField(), required=False)


class SpendMeasures(s.Serializer[object]):
    period = s.CharField(allow_null=True)
    events = s.IntegerField()
    cost = s.CharField(help_text="What the tenant pays.")
    cost_list = s.CharField(
        allow_null=True, help_text="What the price list asks for the same: cost without discounts."
    )
    billed = s.CharField(allow_null=True, help_text="What clients are charged: cost and mark-up.")
    cost_uncached = s.CharField(allow_null=True)
    saving = s.CharField(allow_null=True)
    tokens = Tokens()
    unpriced_events = s.IntegerField()


class SpendRow(SpendMeasures):
    cost = s.CharField(allow_null=True, help_text="Null in a row of what has no price.")
    is_unpriced = s.BooleanField(
        required=False, help_text="With `unpriced=apart`: the row of what has no price."
    )
    is_partial = s.BooleanField(
        required=False, help_text="With `unpriced=apart`: the true cost is higher, by events there."
    )
    client = s.CharField(required=False)
    project = s.CharField(required=False)
    api_key = s.CharField(required=False)
    model = s.CharField(required=False)
    provider = s.CharField(required=False)
    variant = s.CharField(required=False)
    feature = s.CharField(required=False)
    environment = s.CharField(required=False)
    token_class = s.CharField(required=False)
    component = s.CharField(
        required=False,
        help_text="A component of the prompt, `response`, `web_search` or `not_split`. Events are counted"
        " with `response` or `not_split`.",
    )


class SpendAnswer(s.Serializer[object]):
    currency = s.CharField()
    timezone = s.CharField()
    since = s.DateField()
    until = s.DateField()
    as_of = s.DateTimeField()
    rows = SpendRow(many=True)
    total = SpendMeasures()


class NewClient(s.Serializer[object]):
    slug = s.SlugField(min_length=1, max_length=60)
    name = s.CharField(min_length=1, max_length=120, required=False)


class NamedAnswer(s.Serializer[object]):
    slug = s.CharField()
    name = s.CharField()
    archived = s.BooleanField()


OWNER = "Mail address of the member who answers for it."


class ClientAnswer(NamedAnswer):
    price_view = s.ChoiceField(
        PriceView.values, help_text="In which figures the client sees the own spend."
    )
    owner = s.CharField(allow_null=True, help_text=OWNER)


class ClientsAnswer(s.Serializer[object]):
    clients = ClientAnswer(many=True)


class Rename(s.Serializer[object]):
    name = s.CharField(min_length=1, max_length=120)


class ProjectChange(s.Serializer[object]):
    name = s.CharField(min_length=1, max_length=120, required=False)
    owner = s.EmailField(required=False, allow_null=True, help_text=OWNER)
    archived = s.BooleanField(required=False)


class ClientChange(ProjectChange):
    price_view = s.ChoiceField(PriceView.values, required=False)


class NewProject(NewClient):
    client = s.CharField(min_length=1)


class ProjectAnswer(NamedAnswer):
    client = s.CharField()
    owner = s.CharField(allow_null=True, help_text=OWNER)


class ProjectsAnswer(s.Serializer[object]):
    projects = ProjectAnswer(many=True)


class NewKey(s.Serializer[object]):
    name = s.CharField(min_length=1, max_length=120)
    scopes = s.MultipleChoiceField(choices=KeyScope.choices, allow_empty=False)
    project = s.CharField(required=False, allow_null=True)
    expires_at = s.DateTimeField(required=False, allow_null=True)


class KeyAnswer(s.Serializer[object]):
    id = s.IntegerField()
    name = s.CharField()
    prefix = s.CharField()
    scopes = s.ListField(child=s.CharField())
    project = s.CharField(allow_null=True)
    created_at = s.DateTimeField()
    expires_at = s.DateTimeField(allow_null=True)
    last_used_at = s.DateTimeField(allow_null=True)
    revoked_at = s.DateTimeField(allow_null=True)
    replaced_by = s.IntegerField(allow_null=True)


class KeyRotation(s.Serializer[object]):
    overlap_hours = s.IntegerField(
        default=24,
        min_value=0,
        max_value=168,
        help_text="For how long the old secret works beside the new one; 0: it ends now.",
    )


class KeysAnswer(s.Serializer[object]):
    keys = KeyAnswer(many=True)


class NewKeyAnswer(KeyAnswer):
    key = s.CharField()
