"""Sign-in is allauth's; people come in by invitation or command, so signing up is closed.

Mails about an account are written in tenants/letters.py. A mail that cannot be sent is said on the page, for
known and unknown addresses alike, and breaks nothing.
Never: a person who changes the address of the own account. Roles are given to addresses: whoever could take the
address of somebody yet to come would be given that person's role. For the same reason an identity provider is
believed only where it vouches for the address (`VouchedOnly`).
"""

from smtplib import SMTPException
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as current
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.mail import EmailMessage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from tenants.letters import account_letter, mail_of
from tenants.models import User

SAID_ELSEWHERE = {"account/messages/logged_in.txt", "account/messages/logged_out.txt"}
NOT_VOUCHED = "Your identity provider does not vouch for your address, so it cannot sign you in."

log = structlog.get_logger("costtrack.accounts")


class ClosedSignup(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "This address and password do not belong together.",
        "too_many_login_attempts": "Too many attempts failed. Wait five minutes, or ask for a new password.",
        "rate_limited": "That was too often. Wait a minute.",
        "incorrect_code": "This code is not right, or not any more.",
        "incorrect_password": "This is not your password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def render_mail(
        self,
        template_prefix: str,
        email: str,
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMessage:
        letter = account_letter(template_prefix.rpartition("/")[2], context)
        return mail_of(letter, to=email, headers=headers)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        try:
            super().send_mail(template_prefix, email, context)
        except (SMTPException, OSError) as error:
            log.error("mail_failed", letter=template_prefix, error=type(error).__name__)
            messages.error(
                current.request, "A mail could not be sent just now. Try again in some minutes."
            )

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Accounts that came by command have no address of allauth's; the user has one."""
        super().send_notification_mail(template_prefix, user, context, email or user.email)

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Nobody needs to read that the sign-in which they see has worked."""
        if message_template not in SAID_ELSEWHERE:
            super().add_message(request, level, message_template, *args, **kwargs)


class VouchedOnly(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """An identity provider makes an account, never a membership; and only for an address it has verified."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return True

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        vouched = any(each.verified for each in sociallogin.email_addresses)
        connects = sociallogin.state.get("process") == "connect"
        if (not vouched and not sociallogin.is_existing) or connects:
            messages.error(request, NOT_VOUCHED)
            raise ImmediateHttpResponse(redirect("account_login"))

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        user = sociallogin.user
        user.email = str(data.get("email") or "").strip().lower()
        user.name = str(data.get("name") or "")[:120]
        return user  # type: ignore[no-any-return]


@login_not_required
def closed(request: HttpRequest) -> HttpResponse:
    """Stands before a page of allauth that is not offered here."""
    raise Http404("not offered")
