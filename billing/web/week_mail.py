"""The week's mail: what it says, whether one gets it, and the link in it that ends it."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from billing.periods import preset_range, today_in
from billing.watch.week import BadLink, read_link, readers, week_message, week_of
from tenants.access import STAFF, page
from tenants.audit import record
from tenants.models import Membership, Role, User
from tenants.scoping import ANSWER_WITHIN, tenant_scope
from tenants.web.requests import PageRequest


@page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def week_mail(request: PageRequest) -> HttpResponse:
    """Last week's mail as it would be sent now; POST of an owner switches the own one on or off."""
    tenant, person = request.access.tenant, request.access.user
    is_owner = request.access.role == Role.OWNER
    if request.method == "POST":
        if not is_owner:
            raise PermissionDenied
        wanted = request.POST.get("wanted", "") == "1"
        want(person, wanted=wanted)
        messages.success(
            request, "You get it again." if wanted else "It is stopped: you get it no more."
        )
        return redirect("week_mail", tenant.slug)
    today = today_in(tenant.timezone, now=timezone.now())
    days = preset_range("last-week", today=today, week_starts_on=tenant.week_starts_on)
    week, people = week_of(tenant, days), readers()
    context = {
        "section": "insights",
        "tab": "mail",
        "mail": week and week_message(week, person),
        "is_owner": is_owner,
        "people": people,
        "gets_it": person in people,
        "first": f"{days.until:%A}",
    }
    return render(request, "billing/week_mail.html", context)


@login_not_required
@csrf_exempt  # mail programs end a list by one POST; the link itself says who asks
@require_http_methods(["GET", "HEAD", "POST"])
def week_mail_link(request: HttpRequest, token: str) -> HttpResponse:
    """GET changes nothing, since programs open links before people do; POST ends the mail."""
    try:
        tenant_id, user_id = read_link(token)
    except BadLink:
        return render(request, "billing/week_mail_link.html", {}, status=HTTPStatus.NOT_FOUND)
    with tenant_scope(tenant_id, within=ANSWER_WITHIN):
        found = Membership.objects.filter(user_id=user_id).select_related("user", "tenant").first()
        if found is None:
            return render(request, "billing/week_mail_link.html", {}, status=HTTPStatus.NOT_FOUND)
        if request.method == "POST":
            want(found.user, wanted=False)
        context = {"tenant": found.tenant, "person": found.user, "done": request.method == "POST"}
        return render(request, "billing/week_mail_link.html", context)


def want(person: User, *, wanted: bool) -> None:
    """Switch a person's mail on or off; the log says it where it changes something."""
    if Membership.objects.filter(user=person, week_mail=not wanted).update(week_mail=wanted):
        record("week_mail.changed", actor=person, subject=person.email, after={"wanted": wanted})
