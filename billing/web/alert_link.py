"""The link in a mail: it says whose it is, so that one can acknowledge without signing in.

GET shows the alert and changes nothing, since programs open links before people do; POST acknowledges.
The scope is that of the tenant that the signature names. The person must still be able to see the budget.
"""

from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from billing.flow.acknowledge import AlertLink, BadLink, acknowledge, read_link
from billing.flow.set_budget import may_see
from billing.models import Alert
from billing.web.alerts import AcknowledgeForm
from tenants.models import Membership, Tenant, User
from tenants.scoping import ANSWER_WITHIN, tenant_scope


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def alert_link(request: HttpRequest, token: str) -> HttpResponse:
    try:
        link = read_link(token)
    except BadLink:
        return render(request, "billing/alert_link.html", {}, status=HTTPStatus.NOT_FOUND)
    with tenant_scope(link.tenant_id, within=ANSWER_WITHIN):
        response = _answer(request, link)
        if response.status_code >= 400:
            transaction.set_rollback(True)
    return response


def _answer(request: HttpRequest, link: AlertLink) -> HttpResponse:
    person = User.objects.filter(pk=link.user_id, is_active=True).first()
    alerts = Alert.objects.select_related("budget", "budget__owner", "budget__shared_with")
    alert = alerts.filter(pk=link.alert_id).first()
    if person is None or alert is None or not _may_answer(person, alert):
        return render(request, "billing/alert_link.html", {}, status=HTTPStatus.NOT_FOUND)
    form, status = AcknowledgeForm(request.POST or None), HTTPStatus.OK
    done = False
    if request.method == "POST":
        form = AcknowledgeForm(request.POST)
        if form.is_valid():
            note = form.cleaned_data["note"]
            done = acknowledge(alert, actor=person, note=note, now=timezone.now())
        else:
            status = HTTPStatus.UNPROCESSABLE_ENTITY
    context = {
        "alert": alert,
        "person": person,
        "form": form,
        "done": done,
        "zone": Tenant.objects.get().timezone,
    }
    return render(request, "billing/alert_link.html", context, status=status)


def _may_answer(person: User, alert: Alert) -> bool:
    if alert.budget is None:
        return Membership.objects.filter(user=person, client=None).exists()
    return may_see(person, alert.budget)
