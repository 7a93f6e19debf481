"""The audit page: who changed what, before and after; and the same as a file."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenants.access import MANAGERS, page
from tenants.csv import csv_bytes
from tenants.history import COLUMNS, Filters, actions, lines, table
from tenants.web.requests import PageRequest


class FilterForm(forms.Form):
    """GET is a form too: every view of the log is a link."""

    actor = forms.CharField(required=False, max_length=200, label="Who")
    action = forms.CharField(required=False, max_length=60, label="Did what")
    subject = forms.CharField(required=False, max_length=200, label="To what")
    since = forms.DateField(
        required=False, label="From", widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        required=False, label="Until, not included", widget=forms.DateInput(attrs={"type": "date"})
    )
    before = forms.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput
    )

    def __init__(self, data: Any, *, actions: list[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields["action"].widget = forms.Select(choices=[("", "Anything"), *actions])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since >= until:
            self.add_error("until", "This lies before the first day.")
        return cleaned


@page(MANAGERS)
@require_safe
def audit(request: PageRequest) -> HttpResponse:
    form = FilterForm(request.GET, actions=actions())
    context: dict[str, object] = {"section": "audit", "form": form, "is_first": True}
    if not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return render(request, "tenants/audit.html", context, status=status)
    before = form.cleaned_data.pop("before")
    filters = Filters(**form.cleaned_data)
    zone = request.access.tenant.timezone
    query = request.GET.copy()
    query.pop("before", None)
    context["query"] = query.urlencode()
    context["lines"], more = lines(filters, zone=zone, before=before)
    if more:
        query["before"] = str(more)
        context["older"] = query.urlencode()
    context["is_first"] = before is None
    return render(request, "tenants/audit.html", context)


@page(MANAGERS)
@require_safe
def audit_csv(request: PageRequest) -> HttpResponse:
    """All that the filters leave, not only the page that was shown."""
    form = FilterForm(request.GET, actions=[])
    if not form.is_valid():
        return HttpResponse("These filters make no sense.", status=HTTPStatus.UNPROCESSABLE_ENTITY)
    form.cleaned_data.pop("before")
    rows = table(Filters(**form.cleaned_data), zone=request.access.tenant.timezone)
    answer = HttpResponse(csv_bytes(COLUMNS, rows), content_type="text/csv; charset=utf-8")
    name = f"audit-{request.access.tenant.slug}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
