"""Forms of second factors, where allauth's are not enough.

A code of an app holds for a minute and a half here (a clock may be off), while allauth remembers for half a
minute that it was used. `Once` remembers it for as long as it holds.
"""

from typing import Any

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django.core.cache import cache

USED = "allauth.mfa.totp.used.here?user={}&code={}"


class Once(BaseAuthenticateForm):  # type: ignore[misc]
    def clean_code(self) -> str:
        code: str = super().clean_code()
        if self.authenticator.type == Authenticator.Type.TOTP:
            holds = app_settings.TOTP_PERIOD * (1 + 2 * app_settings.TOTP_TOLERANCE)
            key = USED.format(self.user.pk, normalize_user_code(code))
            if not cache.add(key, 1, timeout=holds):
                raise get_adapter().validation_error("incorrect_code")
        return code


class SignInForm(Once, AuthenticateForm):  # type: ignore[misc]
    pass


class AgainForm(Once, ReauthenticateForm):  # type: ignore[misc]
    pass


class PasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = "So that you know it again: “laptop”, “key on my ring”."
        alone = self.fields["passwordless"]
        alone.label = "Sign in with it alone"
        alone.help_text = "No password then; your device asks for finger, face or PIN."
