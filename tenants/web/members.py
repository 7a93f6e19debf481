"""The members page: who is here, who is asked in, and the way in and out."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from tenants.access import MANAGERS, page
from tenants.actions import ActionError
from tenants.invitations import invite, revoke_invitation
from tenants.members import ask_for_second_factor, change_role, may_give, members, remove_member
from tenants.models import Invitation, Membership
from tenants.web.people_forms import InviteForm, RoleForm
from tenants.web.requests import PageRequest


@page(MANAGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def people(request: PageRequest) -> HttpResponse:
    """List the members and open invitations; POST invites, and answers with the link.

    That answer is the page itself, not a redirect: a link that waits in a session would be stored.
    """
    form = InviteForm(request.POST or None, own=request.access.role)
    made: dict[str, object] = {}
    status = HTTPStatus.OK
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            try:
                invitation, link = invite(
                    actor=request.access.user, now=timezone.now(), **form.cleaned_data
                )
            except ActionError as error:
                form.add_error(error.field if error.field in form.fields else None, error.detail)
            else:
                made, status = {"made": invitation, "link": link}, HTTPStatus.CREATED
                form = InviteForm(own=request.access.role)
    return render(
        request, "tenants/members.html", listing(request) | {"form": form} | made, status=status
    )


def listing(request: PageRequest) -> dict[str, object]:
    now, own = timezone.now(), request.access.role
    waiting = Invitation.objects.select_related("client").filter(accepted_at=None, revoked_at=None)
    rows = [(each, may_give(own, each.role)) for each in members()]
    return {
        "section": "members",
        "members": rows,
        "invitations": [
            (each, each.is_open(now=now), may_give(own, each.role)) for each in waiting
        ],
        "without_factor": sum(not each.has_second_factor for each, _ in rows),  # type: ignore[attr-defined]
    }


@page(MANAGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def member(request: PageRequest, member: int) -> HttpResponse:
    """One member: another role."""
    found = get_object_or_404(Membership.objects.select_related("user", "client"), pk=member)
    form = RoleForm(
        request.POST or None,
        own=request.access.role,
        initial={"role": found.role, "client": found.client},
    )
    if request.method == "POST" and form.is_valid():
        try:
            change_role(found, actor=request.access.user, **form.cleaned_data)
        except ActionError as error:
            form.add_error(error.field if error.field in form.fields else None, error.detail)
        else:
            messages.success(request, f"{found.user} is {found.get_role_display().lower()} now.")
            return redirect("members", request.access.tenant.slug)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {"section": "members", "member": found, "form": form}
    return render(request, "tenants/member.html", context, status=status)


@page(MANAGERS)
@require_POST
def member_remove(request: PageRequest, member: int) -> HttpResponse:
    found = get_object_or_404(Membership.objects.select_related("user"), pk=member)
    try:
        remove_member(found, actor=request.access.user)
    except ActionError as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, f"{found.user} sees nothing here any more.")
        if found.user_id == request.user.pk:
            return redirect("start")
    return redirect("members", request.access.tenant.slug)


@page(MANAGERS)
@require_POST
def invitation_revoke(request: PageRequest, invitation: int) -> HttpResponse:
    found = get_object_or_404(Invitation, pk=invitation)
    try:
        revoke_invitation(found, actor=request.access.user, now=timezone.now())
    except ActionError as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, f"The invitation of {found.email} no longer opens anything.")
    return redirect("members", request.access.tenant.slug)


@page(MANAGERS)
@require_POST
def second_factor(request: PageRequest) -> HttpResponse:
    """Ask all members for a second factor, or no longer."""
    needed = request.POST.get("needed") == "yes"
    try:
        ask_for_second_factor(needed, actor=request.access.user)
    except ActionError as error:
        messages.error(request, error.detail)
    else:
        words = "asks its members for" if needed else "no longer asks for"
        messages.success(request, f"{request.access.tenant.name} {words} a second factor.")
    return redirect("members", request.access.tenant.slug)
