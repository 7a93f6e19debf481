"""The sessions page: where somebody is signed in, and an end to it."""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from tenants.sessions import device, end_sessions, sessions_of
from tenants.web.requests import PersonRequest


@dataclass(frozen=True, slots=True)
class Place:
    id: int
    device: str
    place: str
    began_at: datetime
    seen_at: datetime
    is_current: bool


@require_http_methods(["GET", "HEAD", "POST"])
def sessions(request: PersonRequest) -> HttpResponse:
    """POST ends all of them, this one too."""
    if request.method == "POST":
        end_sessions(request.user)
        logout(request)
        messages.success(request, "You are signed out everywhere.")
        return redirect("account_login")
    listed = sessions_of(request.user, now=timezone.now())
    here = next((each.ip for each in listed if _is_current(each, request)), None)
    places = [_place(each, request, here=here) for each in listed]
    return render(request, "account/sessions.html", {"places": places})


@require_POST
def session_end(request: PersonRequest, session: int) -> HttpResponse:
    found = get_object_or_404(UserSession, pk=session, user=request.user)
    if _is_current(found, request):
        logout(request)
        found.delete()
        return redirect("account_login")
    found.end()
    messages.success(request, f"{device(found.user_agent)} is signed out.")
    return redirect("sessions")


def _is_current(session: UserSession, request: PersonRequest) -> bool:
    return bool(session.session_key == request.session.session_key)


def _place(session: UserSession, request: PersonRequest, *, here: str | None) -> Place:
    return Place(
        id=session.pk,
        device=device(session.user_agent),
        place=place_in_words(session.ip, here=here),
        began_at=session.created_at,
        seen_at=session.last_seen_at,
        is_current=_is_current(session, request),
    )


def place_in_words(ip: str, *, here: str | None) -> str:
    """Nobody is asked where an address is: `from where you are now`, `from this machine`, `from 192.0.2.7`."""
    if ip == here:
        return f"from where you are now ({ip})"
    address = ip_address(ip)
    if address.is_loopback:
        return "from this machine"
    return f"from a network inside ({ip})" if address.is_private else f"from {ip}"
