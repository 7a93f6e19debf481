"""Proposals: search the prices of other providers, and accept one as a price of one's own."""

from decimal import Decimal
from http import HTTPStatus
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from billing.flow.accept_listed import UnknownProposal, accept_listed
from billing.money import TOKEN_CLASSES
from billing.reports.proposals import LONGEST_SEARCH, Proposal, proposal, proposals, providers
from billing.templatetags.figures import CLASS_NAMES
from tenants.access import FINANCE, page
from tenants.actions import ActionError
from tenants.web.requests import PageRequest

ASKED = ("provider", "search")


class AcceptForm(forms.Form):
    """What the list cannot know: how events name the model, from when it counts, the rates it lacks."""

    name = forms.CharField(label="The model’s name in your events", max_length=200)
    since = forms.DateField(
        label="From this day on (UTC)",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: for every day. Events of earlier days stay without a price.",
    )

    def __init__(self, *args: object, proposed: Proposal, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        if proposed.names:
            self.fields["name"].help_text = f"The list also calls it {', '.join(proposed.names)}."
        for name in proposed.missing:
            self.fields[name] = forms.DecimalField(
                label=f"{CLASS_NAMES[name]}, dollars per million",
                min_value=Decimal(0),
                max_digits=17,
                decimal_places=6,
                help_text="The list does not say. 0 if your provider never bills it.",
            )

    @property
    def given(self) -> dict[str, Decimal]:
        return {name: self.cleaned_data[name] for name in TOKEN_CLASSES if name in self.fields}


@page(FINANCE)
@require_safe
def proposal_list(request: PageRequest) -> HttpResponse:
    """GET ?provider=&search=; ?cursor= goes on where a page ended."""
    asked = {name: request.GET.get(name, "")[:LONGEST_SEARCH] for name in ASKED}
    found = proposals(
        provider=asked["provider"],
        search=asked["search"],
        cursor=request.GET.get("cursor", ""),
    )
    kept = {name: text for name, text in asked.items() if text}
    context = {
        "section": "prices",
        "asked": asked,
        "providers": providers(),
        "proposals": found.proposals,
        "is_first": "cursor" not in request.GET,
        "first": urlencode(kept),
        "next": urlencode(kept | {"cursor": found.next_cursor}) if found.next_cursor else "",
    }
    return render(request, "billing/proposals.html", context)


@page(FINANCE)
@require_http_methods(["GET", "HEAD", "POST"])
def proposal_accept(request: PageRequest) -> HttpResponse:
    """What will be added, and the form that adds it: ?provider=&model= as the list has them."""
    proposed = proposal(request.GET.get("provider", ""), request.GET.get("model", ""))
    if proposed is None or not proposed.is_acceptable:
        raise Http404
    first = proposed.since or timezone.now().date()
    form = AcceptForm(
        request.POST or None, proposed=proposed, initial={"name": proposed.model, "since": first}
    )
    if request.method == "POST" and form.is_valid() and _is_accepted(request, form, proposed):
        messages.success(request, f"“{form.cleaned_data['name']}” has a price from now on.")
        return redirect("proposals", request.access.tenant.slug)
    context = {"section": "prices", "proposal": proposed, "form": form, "classes": CLASS_NAMES}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if request.method == "POST" else HTTPStatus.OK
    return render(request, "billing/proposal.html", context, status=status)


def _is_accepted(request: PageRequest, form: AcceptForm, proposed: Proposal) -> bool:
    try:
        accept_listed(
            proposed.provider,
            proposed.model,
            name=form.cleaned_data["name"],
            since=form.cleaned_data["since"],
            given=form.given,
            actor=request.access.user,
            now=timezone.now(),
        )
    except UnknownProposal as error:
        raise Http404 from error
    except ActionError as error:
        form.add_error(error.field if error.field in form.fields else None, error.detail)
        return False
    return True
