"""Sessions end: when they were not used for a while, at the latest some time after they began, and on demand.

In:   SESSION_IDLE and SESSION_AT_MOST; when a session began and was last used, which it carries itself.
Out:  a request of an ended session is nobody's. What the sessions page lists is allauth's UserSession.
Cost: nothing per request; one write in ten minutes notes that a session is in use.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from allauth.account.signals import password_changed, password_reset
from allauth.mfa.signals import authenticator_added
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from tenants.models import User

Responder = Callable[[HttpRequest], HttpResponse]
BEGAN, USED = "began_at", "used_at"
NOTED_EVERY = timedelta(minutes=10)

BROWSERS = (
    ("Edge", r"Edg(?:A|iOS)?/"),
    ("Opera", r"OPR/|Opera"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/|Chromium/"),
    ("Safari", r"Safari/"),
)
SYSTEMS = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("ChromeOS", r"CrOS"),
    ("Mac", r"Macintosh|Mac OS"),
    ("Linux", r"Linux|X11"),
)


class SessionLimits:
    """Middleware, after the one that knows the user."""

    def __init__(self, get_response: Responder) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if SESSION_KEY in request.session:
            self._judge(request, now=timezone.now())
        return self.get_response(request)

    @staticmethod
    def _judge(request: HttpRequest, *, now: datetime) -> None:
        session = request.session
        began = _moment(session.get(BEGAN), default=now)
        used = _moment(session.get(USED), default=now)
        if now - began > settings.SESSION_AT_MOST or now - used > settings.SESSION_IDLE:
            UserSession.objects.filter(session_key=session.session_key).delete()
            logout(request)
            messages.info(
                request, "You were signed out, as it has been a while. Please sign in again."
            )
        elif BEGAN not in session or now - used > NOTED_EVERY:
            session[BEGAN], session[USED] = began.isoformat(), now.isoformat()
            UserSession.objects.filter(session_key=session.session_key).update(last_seen_at=now)


def _moment(text: str | None, *, default: datetime) -> datetime:
    return datetime.fromisoformat(text) if text else default


def note_begin(request: HttpRequest, **_: Any) -> None:
    now = timezone.now().isoformat()
    request.session[BEGAN] = request.session[USED] = now


def sessions_of(user: User, *, now: datetime) -> list[UserSession]:
    """What may still sign in as this person, the one last used first."""
    listed = list(UserSession.objects.filter(user=user).order_by("-last_seen_at", "-id"))
    keys = [each.session_key for each in listed]
    alive = set(
        Session.objects.filter(session_key__in=keys, expire_date__gt=now).values_list(
            "session_key", flat=True
        )
    )
    return [each for each in listed if each.session_key in alive]


def end_sessions(user: User, *, but: str | None = None) -> int:
    """End every session of a person but the one of this key; how many there were."""
    ending = UserSession.objects.filter(user=user).exclude(session_key=but or "")
    keys = list(ending.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    ending.delete()
    return len(keys)


def end_others(request: HttpRequest, user: User, **_: Any) -> None:
    """After a new password or a new factor: whoever was in by the old ones alone is out."""
    end_sessions(user, but=request.session.session_key)


def device(user_agent: str) -> str:
    """`Firefox on Linux`; what cannot be told is `an unknown browser`."""
    found = [
        next((name for name, pattern in kinds if re.search(pattern, user_agent)), "")
        for kinds in (BROWSERS, SYSTEMS)
    ]
    return " on ".join(filter(None, found)) or "an unknown browser"


def connect() -> None:
    """The only doors that allauth and Django leave open here are their signals."""
    user_logged_in.connect(note_begin, dispatch_uid="tenants.note_begin")
    for signal in (password_changed, password_reset, authenticator_added):
        signal.connect(end_others, dispatch_uid="tenants.end_others")
