"""The shapes of prices, discounts, mark-ups and the queue of what has no price."""

from rest_framework import serializers as s

from billing.api.schemas import Tokens

MILLION = "Dollars per million"
DAYS = "UTC days"


class Rates(s.Serializer[object]):
    input = s.CharField(help_text=f"{MILLION} tokens, as the other rates.")
    cache_write_5m = s.CharField()
    cache_write_1h = s.CharField()
    cache_read = s.CharField()
    output = s.CharField()
    web_search = s.CharField(help_text=f"{MILLION} searches: 10000 is $10 for 1,000.")


class NewDated(s.Serializer[object]):
    since = s.DateField(required=False, allow_null=True, help_text="First day. Null: from ever on.")
    until = s.DateField(
        required=False, allow_null=True, help_text="The day after its last one. Null: open."
    )
    note = s.CharField(required=False, allow_blank=True, max_length=500)


class NewPrice(Rates, NewDated):
    """It counts instead of all list rows of this model and speed, those of other prompt sizes too."""

    provider = s.CharField(required=False, max_length=60, help_text="Default anthropic.")
    model = s.CharField(min_length=1, max_length=200, help_text="Exactly as events name it.")
    speed = s.ChoiceField(["standard", "fast"], required=False)
    over_prompt_tokens = s.IntegerField(
        required=False,
        min_value=0,
        max_value=10**12,
        help_text="For calls with a larger prompt than this. Default 0: every call.",
    )
    batch_multiplier = s.CharField(
        required=False, allow_null=True, help_text="Null: not sold in batches."
    )
    us_multiplier = s.CharField(
        required=False, allow_null=True, help_text="Null: no inference in the US."
    )
    source = s.CharField(min_length=1, max_length=500, help_text="Where it is agreed: a contract.")  # type: ignore[assignment]
    checked_on = s.DateField(required=False, help_text="Default today.")


class Dated(s.Serializer[object]):
    since = s.DateField(allow_null=True, help_text=f"First day, of {DAYS}.")
    until = s.DateField(allow_null=True, help_text="The day after its last one.")
    note = s.CharField()
    added_at = s.DateTimeField()
    added_by = s.CharField(help_text="'' for what came with the product.")
    closed_at = s.DateTimeField(allow_null=True)
    closed_by = s.CharField()


class PriceRowAnswer(Rates, Dated):
    id = s.CharField(help_text="`price_id` of a line of an event.")
    kind = s.ChoiceField(["list", "agreed"])
    provider = s.CharField()
    model = s.CharField()
    aliases = s.ListField(child=s.CharField())
    speed = s.CharField()
    over_prompt_tokens = s.IntegerField()
    batch_multiplier = s.CharField(allow_null=True)
    us_multiplier = s.CharField(allow_null=True)
    source = s.CharField()  # type: ignore[assignment]
    checked_on = s.DateField()
    counts = s.BooleanField(
        help_text="On the asked day, else today: valid, and no agreed price stands before it."
    )


class PricesAnswer(s.Serializer[object]):
    on = s.DateField(help_text="In UTC.")
    prices = PriceRowAnswer(many=True)


class CloseBody(s.Serializer[object]):
    until = s.DateField(help_text="The first day on which it does not count any more.")


class NewDiscount(NewDated):
    provider = s.CharField(required=False, max_length=60, help_text="Default anthropic.")
    model = s.CharField(
        required=False, allow_blank=True, max_length=200, help_text="'' for every model."
    )
    percent = s.CharField(help_text="Off the list price: more than 0, at most 100.")


class DiscountAnswer(Dated):
    id = s.IntegerField()
    provider = s.CharField()
    model = s.CharField()
    percent = s.CharField()


class DiscountsAnswer(s.Serializer[object]):
    discounts = DiscountAnswer(many=True)


class NewMarkup(NewDated):
    percent = s.CharField(help_text="Above cost, from -100 to 1000. Its days are the tenant's.")


class MarkupAnswer(Dated):
    id = s.IntegerField()
    client = s.CharField()
    percent = s.CharField()


class MarkupsAnswer(s.Serializer[object]):
    markups = MarkupAnswer(many=True)


class Reason(s.Serializer[object]):
    code = s.CharField()
    detail = s.CharField()


class UnpricedModel(s.Serializer[object]):
    provider = s.CharField()
    model = s.CharField()
    events = s.IntegerField()
    tokens = Tokens()
    since = s.DateField(help_text="Day of the first, in the tenant's zone.")
    last = s.DateField(help_text="Day of the newest.")
    clients = s.ListField(child=s.CharField())
    reasons = Reason(
        many=True, help_text="Of the newest event of each variant; none where it is not kept."
    )
    priced_now = s.IntegerField(help_text="Of so many the book knows the price by now: re-price.")


class UnpricedAnswer(s.Serializer[object]):
    events = s.IntegerField(help_text="The `unpriced_events` of all days.")
    model_count = s.IntegerField()
    models = UnpricedModel(many=True, help_text="Most events first; at most 200.")
