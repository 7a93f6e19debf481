"""Deliveries: what was sent to whom, each try of it, and the message in every form."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from billing.channels import mail, slack, teams, webhook
from billing.channels.message import Message, from_json
from billing.flow.channels import send_again
from billing.models import ChannelKind, Delivery, DeliveryAttempt
from billing.models.channels import DeliveryState
from tenants.access import FINANCE, page
from tenants.actions import ActionError
from tenants.web.requests import PageRequest

NEWEST = 10
PER_PAGE = 50
ATTEMPTS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a message, as text."""

    name: str
    text: str


@page(FINANCE)
@require_safe
def delivery_list(request: PageRequest) -> HttpResponse:
    """All deliveries, newest first, or those of one `?state=`; `?before=` goes on where a page ended."""
    found = Delivery.objects.select_related("channel", "person").order_by("-id")
    state = request.GET.get("state", "")
    if state in DeliveryState.values:
        found = found.filter(state=state)
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        found = found.filter(id__lt=int(before))
    listed = list(found[: PER_PAGE + 1])
    kept = {"state": state} if state in DeliveryState.values else {}
    older = urlencode({**kept, "before": listed[PER_PAGE - 1].pk}) if listed[PER_PAGE:] else ""
    context = {
        "section": "channels",
        "deliveries": listed[:PER_PAGE],
        "state": kept.get("state", ""),
        "is_first": not before,
        "older": older,
    }
    return render(request, "billing/deliveries.html", context)


@page(FINANCE)
@require_safe
def delivery_page(request: PageRequest, delivery: int) -> HttpResponse:
    """One delivery: its attempts, and what was sent.

    Links of a person's mail are left out: some of them act in that person's name.
    """
    found = get_object_or_404(Delivery.objects.select_related("channel", "person"), pk=delivery)
    message = from_json(found.message)
    channel = found.channel
    attempts = DeliveryAttempt.objects.filter(delivery=found).order_by("-number")
    shown = message if channel else replace(message, links=())
    kinds = [channel.kind] if channel else [ChannelKind.EMAIL]
    context = {
        "section": "channels",
        "delivery": found,
        "message": message,
        "attempts": attempts[:ATTEMPTS_SHOWN],
        "preview": preview(shown, kinds=kinds, made_at=found.created_at),
        "may_send_again": found.state == DeliveryState.FAILED
        and not (channel and (channel.disabled_at or channel.archived_at)),
    }
    return render(request, "billing/delivery.html", context)


@page(FINANCE)
@require_POST
def delivery_again(request: PageRequest, delivery: int) -> HttpResponse:
    found = get_object_or_404(Delivery.objects.select_related("channel"), pk=delivery)
    try:
        send_again(found, actor=request.access.user, now=timezone.now())
    except ActionError as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, "It is on its way again.")
    return redirect("delivery", request.access.tenant.slug, found.pk)


def preview(message: Message, *, kinds: Iterable[str], made_at: datetime) -> list[Form]:
    """The message as each of these kinds is sent it."""
    forms = {
        ChannelKind.EMAIL: lambda: [
            Form("Text of the mail", mail.as_text(message)),
            Form("HTML of the mail", mail.as_html(message)),
        ],
        ChannelKind.SLACK: lambda: [Form("Slack blocks", _json(slack.payload(message)))],
        ChannelKind.TEAMS: lambda: [Form("Teams card", _json(teams.payload(message)))],
        ChannelKind.WEBHOOK: lambda: [
            Form("Webhook body", _json(webhook.payload(message, made_at=made_at)))
        ],
    }
    return [form for kind in kinds for form in forms[ChannelKind(kind)]()]


def _json(payload: object) -> str:
    return json.dumps(payload, indent=2, ensure_ascii=False)
