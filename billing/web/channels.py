"""Channels: where messages go. List them, make one, try it, change its secret, switch it off, archive it.

Secrets and addresses are shown when they are made and never again.
"""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.flow.channels import (
    archive_channel,
    create_channel,
    disable_channel,
    enable_channel,
    rotate_secret,
    send_test,
    test_message,
)
from billing.models import Channel, ChannelKind, Delivery
from billing.models.channels import OPEN
from billing.web.channel_forms import FORMS, ChannelForm
from billing.web.deliveries import NEWEST, preview
from tenants.access import FINANCE, page
from tenants.actions import ActionError
from tenants.web.requests import PageRequest

LOOKED_AT_FOR = timedelta(seconds=20)
LOOK_AGAIN = "2"
"""Seconds: while a test is on its way its page looks again by itself."""


@page(FINANCE)
@require_safe
def channel_list(request: PageRequest) -> HttpResponse:
    context = {
        "section": "channels",
        "channels": Channel.objects.filter(archived_at=None),
        "archived": Channel.objects.exclude(archived_at=None),
        "is_mail_in_log": "console" in settings.EMAIL_BACKEND,
        "kinds": [(kind, FORMS[kind]) for kind in ChannelKind],
        "newest": Delivery.objects.select_related("channel", "person").order_by("-id")[:NEWEST],
    }
    return render(request, "billing/channels.html", context)


@page(FINANCE)
@require_http_methods(["GET", "HEAD", "POST"])
def channel_new(request: PageRequest, kind: str) -> HttpResponse:
    """The form of one kind. A webhook's secret is in the answer itself: nothing stores it on the way."""
    if kind not in FORMS:
        raise Http404
    form = ChannelForm(FORMS[kind], request.POST or None)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    if form.is_valid():
        try:
            made = create_channel(actor=request.access.user, kind=kind, **form.cleaned_data)
        except ActionError as error:
            form.add_error(error.field if error.field in form.fields else None, error.detail)
        else:
            if made.secret:
                return _with_secret(request, made.channel, made.secret, status=HTTPStatus.CREATED)
            messages.success(request, f"“{made.channel}” is ready. Try it with a test.")
            return redirect("channel", request.access.tenant.slug, made.channel.pk)
    context = {"section": "channels", "form": form, "kind": FORMS[kind]}
    return render(request, "billing/channel_new.html", context, status=status)


@page(FINANCE)
@require_safe
def channel_page(request: PageRequest, channel: int) -> HttpResponse:
    """One channel, the newest messages sent to it, and what a message looks like there."""
    found = get_object_or_404(Channel, pk=channel)
    now, tenant = timezone.now(), request.access.tenant
    newest = list(Delivery.objects.filter(channel=found).order_by("-id")[:NEWEST])
    message = test_message(found, by=request.access.user.email, tenant=tenant)
    context = {
        "section": "channels",
        "channel": found,
        "newest": newest,
        "preview": preview(message, kinds=[found.kind], made_at=now),
        "old_secret_signs": bool(found.old_secret_until and found.old_secret_until > now),
    }
    response = render(request, "billing/channel.html", context)
    if newest and newest[0].state in OPEN and newest[0].created_at > now - LOOKED_AT_FOR:
        response["Refresh"] = LOOK_AGAIN
    return response


@page(FINANCE)
@require_POST
def channel_test(request: PageRequest, channel: int) -> HttpResponse:
    found = get_object_or_404(Channel, pk=channel, archived_at=None, disabled_at=None)
    tenant = request.access.tenant
    queued = send_test(found, actor=request.access.user, tenant=tenant, now=timezone.now())
    if queued:
        messages.success(request, "A test is on its way: see below what becomes of it.")
    else:
        messages.info(request, "A test was sent within this minute.")
    return redirect("channel", tenant.slug, found.pk)


@page(FINANCE)
@require_POST
def channel_rotate(request: PageRequest, channel: int) -> HttpResponse:
    found = get_object_or_404(Channel, pk=channel, kind=ChannelKind.WEBHOOK, archived_at=None)
    secret = rotate_secret(found, actor=request.access.user, now=timezone.now())
    return _with_secret(request, found, secret, status=HTTPStatus.OK)


@page(FINANCE)
@require_POST
def channel_off(request: PageRequest, channel: int) -> HttpResponse:
    return _changed(
        request,
        channel,
        lambda found: disable_channel(found, actor=request.access.user, now=timezone.now()),
        "is off: nothing is sent to it.",
    )


@page(FINANCE)
@require_POST
def channel_on(request: PageRequest, channel: int) -> HttpResponse:
    return _changed(
        request,
        channel,
        lambda found: enable_channel(found, actor=request.access.user),
        "is on. What failed meanwhile can be sent again below.",
    )


@page(FINANCE)
@require_POST
def channel_archive(request: PageRequest, channel: int) -> HttpResponse:
    return _changed(
        request,
        channel,
        lambda found: archive_channel(found, actor=request.access.user, now=timezone.now()),
        "is archived: its address is forgotten, its log stays.",
    )


def _changed(
    request: PageRequest, channel: int, change: Callable[[Channel], None], words: str
) -> HttpResponse:
    found = get_object_or_404(Channel, pk=channel, archived_at=None)
    change(found)
    messages.success(request, f"“{found}” {words}")
    return redirect("channel", request.access.tenant.slug, found.pk)


def _with_secret(
    request: PageRequest, channel: Channel, secret: str, *, status: HTTPStatus
) -> HttpResponse:
    context = {"section": "channels", "channel": channel, "secret": secret}
    return render(request, "billing/channel_secret.html", context, status=status)
