"""Letters: the mails about an account, in the product's words, as plain text and HTML.

In:   what happened.   Out: a mail for one address. Nothing is sent here, and nothing is asked of the database.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

IGNORE = "If this was not you, there is nothing to do: without this mail nobody gets in."


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    headline: str
    lines: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        facts = "\n".join(f"{label}: {value}" for label, value in self.facts)
        links = [f"{each.label}:\n{each.url}" for each in self.links]
        parts = [self.headline, facts, *links, *self.lines, "-- \ncosttrack"]
        return "\n\n".join(filter(None, parts)) + "\n"


def mail_of(
    letter: Letter, *, to: str, headers: dict[str, str] | None = None
) -> EmailMultiAlternatives:
    mail = EmailMultiAlternatives(
        letter.subject, letter.text, settings.DEFAULT_FROM_EMAIL, [to], headers=headers
    )
    mail.attach_alternative(
        render_to_string("emails/message.html", {"message": letter}), "text/html"
    )
    return mail


def account_letter(name: str, context: dict[str, Any]) -> Letter:
    """The letter that allauth asks for by the name of its template."""
    if name in ASKED_FOR:
        return ASKED_FOR[name](context)
    return _changed(CHANGED[name], context)


def invitation_letter(*, company: str, invited_by: str, role: str, url: str, days: int) -> Letter:
    return Letter(
        f"{invited_by} invites you to {company}",
        f"{invited_by} would like you to see what {company} spends, as {role}.",
        (
            f"The invitation holds for {days} days and works once, for this address only.",
            "You did not expect it? Then leave it; it ends by itself.",
        ),
        (Link("Accept the invitation", url),),
    )


def _reset(context: dict[str, Any]) -> Letter:
    return Letter(
        "Choose a new password",
        "A new password was asked for.",
        ("The link works once, for a day.", IGNORE),
        (Link("Choose a new password", context["password_reset_url"]),),
    )


def _code(context: dict[str, Any]) -> Letter:
    return Letter(
        f"{context['code']} is your code to sign in",
        "Type this code where you are signing in.",
        ("It holds for 15 minutes. Nobody of ours will ever ask you for it.", IGNORE),
        facts=(("Code", context["code"]),),
    )


def _unknown(context: dict[str, Any]) -> Letter:
    return Letter(
        "There is no account with this address",
        "Somebody tried to sign in with this address. There is no account with it here.",
        (
            "If it was you, you may have another address; or ask your company for an invitation to this one.",
            "If not, there is nothing to do.",
        ),
    )


def _changed(what: str, context: dict[str, Any]) -> Letter:
    return Letter(
        what,
        f"{what}.",
        (
            "This was you? Then all is well. If not, choose a new password at once, and sign out everywhere.",
        ),
        (Link("Where you are signed in", f"{settings.PUBLIC_URL.rstrip('/')}/accounts/sessions/"),),
        facts=(
            ("When", f"{context['timestamp']:%d %B %Y, %H:%M} UTC"),
            ("From", str(context["ip"])),
            ("With", str(context["user_agent"])),
        ),
    )


ASKED_FOR: dict[str, Callable[[dict[str, Any]], Letter]] = {
    "password_reset_key": _reset,
    "login_code": _code,
    "unknown_account": _unknown,
    "account_already_exists": _unknown,
}
CHANGED = {
    "account_connected": "Your account was joined with your identity provider",
    "account_disconnected": "Your account was parted from your identity provider",
    "password_changed": "Your password was changed",
    "password_reset": "Your password was changed",
    "password_set": "Your password was set",
    "totp_activated": "An authenticator app was added to your account",
    "totp_deactivated": "The authenticator app was taken from your account",
    "webauthn_added": "A passkey was added to your account",
    "webauthn_removed": "A passkey was taken from your account",
    "recovery_codes_generated": "New recovery codes were made for your account",
    "email_changed": "The address of your account was changed",
    "email_confirm": "The address of your account was confirmed",
    "email_deleted": "An address was taken from your account",
}
