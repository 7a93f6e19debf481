"""Forms of prices, discounts, mark-ups and their ends. They check shape; billing/flow/terms.py decides."""

from datetime import date
from decimal import Decimal

from django import forms

from billing.money import TOKEN_CLASSES
from billing.templatetags.figures import CLASS_NAMES
from tenants.models import PriceView

VIEWS = [
    (PriceView.COST.value, "What you pay"),
    (PriceView.BILLED.value, "What you bill: cost and mark-up"),
    (PriceView.HIDDEN.value, "Tokens and events, no money"),
]


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def day_field(label: str, *, help_text: str = "", required: bool = True) -> forms.DateField:
    return forms.DateField(label=label, widget=DayInput(), help_text=help_text, required=required)


def rate_field(name: str, *, max_digits: int = 17, required: bool = True) -> forms.DecimalField:
    per = ", per million searches" if name == "web_search" else ""
    return forms.DecimalField(
        label=f"{CLASS_NAMES[name]}{per}",
        max_digits=max_digits,
        decimal_places=6,
        min_value=Decimal(0),
        required=required,
    )


def multiplier_field(label: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        max_digits=7,
        decimal_places=3,
        min_value=Decimal(0),
        required=False,
        help_text="Empty: not sold that way, so such events have no price.",
    )


class PriceForm(forms.Form):
    """An agreed price: dollars per million for each class, from a day on."""

    provider = forms.CharField(max_length=60, initial="anthropic")
    model = forms.CharField(max_length=200, help_text="Exactly as events name it.")
    since = day_field("From", help_text="A day in UTC. An open price of yours ends there.")
    source = forms.CharField(
        max_length=500, help_text="Where it is agreed: “contract of 3 May, annex 2”."
    )
    checked_on = day_field("Checked on")
    input = rate_field("input")
    cache_write_5m = rate_field("cache_write_5m")
    cache_write_1h = rate_field("cache_write_1h")
    cache_read = rate_field("cache_read")
    output = rate_field("output")
    web_search = rate_field("web_search")
    batch_multiplier = multiplier_field("Batches, times")
    us_multiplier = multiplier_field("Inference in the US, times")
    speed = forms.ChoiceField(choices=[("standard", "standard"), ("fast", "fast")])
    over_prompt_tokens = forms.IntegerField(
        label="For prompts over",
        min_value=0,
        max_value=10**12,
        initial=0,
        help_text="Tokens; 0: for every call.",
    )
    note = forms.CharField(max_length=500, required=False)


class DiscountForm(forms.Form):
    provider = forms.CharField(max_length=60, initial="anthropic")
    model = forms.CharField(
        max_length=200, required=False, help_text="Empty: every model of the provider."
    )
    percent = forms.DecimalField(
        label="Per cent off the list price", max_digits=5, decimal_places=2
    )
    since = day_field(
        "From", help_text="A day in UTC. An open discount of the same models ends there."
    )
    note = forms.CharField(max_length=500, required=False, help_text="Where it is agreed.")


class CloseForm(forms.Form):
    until = day_field("First day without it")


class ClientTermsForm(forms.Form):
    """What a client sees, and what it is billed above cost."""

    price_view = forms.ChoiceField(label="The client sees", choices=VIEWS, widget=forms.RadioSelect)
    percent = forms.DecimalField(
        label="Mark-up on cost, per cent",
        max_digits=6,
        decimal_places=2,
        required=False,
        help_text="Empty: as it is. 0 from a day on: billed at cost.",
    )
    since = day_field(
        "Mark-up from",
        required=False,
        help_text="A day of yours. Empty: from the first event on. Past days that it covers are billed anew.",
    )


def rates_of(row: object, *, on: date) -> dict[str, object]:
    """What a form is filled with beforehand: today's row."""
    names = (*TOKEN_CLASSES, "batch_multiplier", "us_multiplier", "speed", "over_prompt_tokens")
    values = {name: getattr(row, name) for name in names}
    return {
        name: each.normalize().__format__("f") if isinstance(each, Decimal) else each
        for name, each in values.items()
    } | {"checked_on": on, "since": on}
