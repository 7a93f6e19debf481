"""Alarms: what a company wants to hear of besides its budgets, and from how many dollars on."""

from decimal import Decimal
from http import HTTPStatus

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from billing.flow.set_alarm import DEFAULTS, set_alarm, settings_of_alarms
from billing.models.alerts import AlertKind
from billing.money import is_storable, plain
from tenants.access import FINANCE, page
from tenants.web.requests import PageRequest

WORDS = {
    AlertKind.SPIKE: "A project spends three times what the weekday usually costs",
    AlertKind.SILENCE: "A project that usually sends sent nothing for a day",
    AlertKind.UNPRICED: "A model without a price turns up",
    AlertKind.NEW_MODEL: "A model is used for the first time",
}
HAS_FLOOR = (AlertKind.SPIKE, AlertKind.SILENCE, AlertKind.NEW_MODEL)


class AlarmForm(forms.Form):
    """A switch for each alarm, and its floor where there are dollars to compare."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        for kind, words in WORDS.items():
            self.fields[kind.value] = forms.BooleanField(label=words, required=False)
            if kind in HAS_FLOOR:
                label = "… and it is about so many dollars or more"
                field = forms.DecimalField(label=label, min_value=0, max_value=10**9)
                self.fields[f"{kind.value}_floor"] = field

    def floor(self, kind: AlertKind) -> Decimal:
        found: Decimal = self.cleaned_data.get(f"{kind.value}_floor", DEFAULTS[kind].floor)
        return found

    def clean(self) -> None:
        for kind in HAS_FLOOR:
            name = f"{kind.value}_floor"
            if name in self.cleaned_data and not is_storable(self.cleaned_data[name]):
                self.add_error(name, "At most 18 places.")


@page(FINANCE)
@require_http_methods(["GET", "HEAD", "POST"])
def alarms(request: PageRequest) -> HttpResponse:
    initial: dict[str, object] = {}
    for kind, setting in settings_of_alarms().items():
        initial |= {kind.value: setting.is_on, f"{kind.value}_floor": plain(setting.floor)}
    form = AlarmForm(request.POST or None, initial=initial)
    if form.is_valid():
        for kind in WORDS:
            is_on = form.cleaned_data[kind.value]
            set_alarm(kind, is_on=is_on, floor=form.floor(kind), actor=request.access.user)
        messages.success(request, "Your company's owners are told from now on as you have chosen.")
        return redirect("alarms", request.access.tenant.slug)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {"section": "alerts", "form": form}
    return render(request, "billing/alarms.html", context, status=status)
