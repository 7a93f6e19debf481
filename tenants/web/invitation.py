"""The page behind the link of an invitation: accept it, as somebody new or as who you are."""

from http import HTTPStatus

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from tenants.actions import ActionError
from tenants.invitations import Found, accept_invitation, find_invitation, make_account
from tenants.models import User
from tenants.web.people_forms import AccountForm
from tenants.words import role_in_words


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    found = find_invitation(token)
    if found is None:
        raise Http404("no such invitation")
    if ended := found.ended(now=timezone.now()):
        return _show(request, found, {"ended": ended}, status=HTTPStatus.GONE)
    if isinstance(request.user, User):
        return _accept_as(request.user, request, found)
    if User.objects.filter(email=found.email).exists():
        link = f"{reverse('account_login')}?next={request.path}"
        return _show(request, found, {"sign_in": link})
    return _accept_as_somebody_new(request, found)


def _accept_as(user: User, request: HttpRequest, found: Found) -> HttpResponse:
    if user.email != found.email:
        return _show(request, found, {"other": True}, status=HTTPStatus.FORBIDDEN)
    if request.method != "POST":
        return _show(request, found, {"accept": True})
    try:
        accept_invitation(found, user=user, now=timezone.now())
    except ActionError as error:
        messages.error(request, error.detail)
        return redirect(request.path)
    messages.success(request, f"Welcome to {found.name}.")
    return redirect("overview", found.slug)


def _accept_as_somebody_new(request: HttpRequest, found: Found) -> HttpResponse:
    form = AccountForm(request.POST or None, email=found.email)
    if not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
        return _show(request, found, {"form": form}, status=status)
    try:
        with transaction.atomic():
            user = make_account(found, **form.cleaned_data)
            accept_invitation(found, user=user, now=timezone.now())
    except (ActionError, IntegrityError):  # somebody was quicker with the same link
        return redirect(request.path)
    record_authentication(request, user, method="password")
    messages.success(request, f"Welcome to {found.name}.")
    answer: HttpResponse = perform_login(
        request,
        user,
        email_verification="none",
        redirect_url=reverse("overview", args=[found.slug]),
    )
    return answer


def _show(
    request: HttpRequest, found: Found, context: dict[str, object], *, status: int = HTTPStatus.OK
) -> HttpResponse:
    shown = {"found": found, "role": role_in_words(found.role, client=found.client_name)}
    return render(request, "tenants/invitation.html", shown | context, status=status)
