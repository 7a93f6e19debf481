"""Re-pricing on pages: choose days and models, see what would change, apply it, watch it, or stop it."""

from datetime import date
from http import HTTPStatus

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.flow.reprice_run import apply_repricing, cancel_repricing, plan_repricing
from billing.periods import LONGEST, day_of, today_in
from billing.reports.repricing import RunReport, run_report, runs
from tenants.access import FINANCE, page
from tenants.actions import ActionError
from tenants.web.requests import PageRequest


class RepricingForm(forms.Form):
    since = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(
        label="To", help_text="Both days count.", widget=forms.DateInput(attrs={"type": "date"})
    )
    models = forms.CharField(
        label="Models",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="As events name them, one to a line. Empty: all.",
    )
    only_unpriced = forms.BooleanField(label="Only events without a price", required=False)
    reason = forms.CharField(
        label="Reason", max_length=500, help_text="It stays with every figure that changes."
    )

    def clean(self) -> None:
        since, last = self.cleaned_data.get("since"), self.cleaned_data.get("last")
        if since and last and not 0 <= (last - since).days < LONGEST:
            self.add_error("last", f"The last day is the first or later, at most {LONGEST} days.")

    @property
    def only_models(self) -> list[str]:
        return [name for line in self.cleaned_data["models"].splitlines() if (name := line.strip())]


@page(FINANCE)
@require_safe
def repricing_list(request: PageRequest) -> HttpResponse:
    context = {"section": "prices", "runs": runs()}
    return render(request, "billing/repricings.html", context)


@page(FINANCE)
@require_http_methods(["GET", "HEAD", "POST"])
def repricing_new(request: PageRequest) -> HttpResponse:
    """The form, filled from ?since=&model=&unpriced=1; posting it begins to count."""
    today = today_in(request.access.tenant.timezone, now=timezone.now())
    form = RepricingForm(request.POST or None, initial=_asked(request.GET, today=today))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            run = plan_repricing(
                since=data["since"],
                until=date.fromordinal(data["last"].toordinal() + 1),
                models=form.only_models,
                only_unpriced=data["only_unpriced"],
                reason=data["reason"],
                actor=request.access.user,
                now=timezone.now(),
            )
        except ActionError as error:
            form.add_error(error.field if error.field in form.fields else None, error.detail)
        else:
            return redirect("repricing", request.access.tenant.slug, run.pk)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if request.method == "POST" else HTTPStatus.OK
    context = {"section": "prices", "form": form}
    return render(request, "billing/repricing_new.html", context, status=status)


@page(FINANCE)
@require_safe
def repricing_page(request: PageRequest, run: int) -> HttpResponse:
    context = {"section": "prices", "report": _report(run)}
    return render(request, "billing/repricing.html", context)


@page(FINANCE)
@require_POST
def repricing_apply(request: PageRequest, run: int) -> HttpResponse:
    report = _report(run)
    try:
        apply_repricing(report.run, actor=request.access.user, now=timezone.now())
    except ActionError as error:
        messages.error(request, error.detail)
    return redirect("repricing", request.access.tenant.slug, run)


@page(FINANCE)
@require_POST
def repricing_cancel(request: PageRequest, run: int) -> HttpResponse:
    report = _report(run)
    try:
        cancel_repricing(report.run, actor=request.access.user, now=timezone.now())
    except ActionError as error:
        messages.error(request, error.detail)
    return redirect("repricing", request.access.tenant.slug, run)


def _asked(query: QueryDict, *, today: date) -> dict[str, object]:
    return {
        "since": day_of(query.get("since", "")) or today.replace(day=1),
        "last": today,
        "models": "\n".join(query.getlist("model")),
        "only_unpriced": query.get("unpriced") == "1",
        "reason": query.get("reason", ""),
    }


def _report(run: int) -> RunReport:
    report = run_report(run)
    if report is None:
        raise Http404("no such run")
    return report
