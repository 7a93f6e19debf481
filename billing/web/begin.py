"""Begin: from nothing to the first figure, step by step. What is done is known from the database alone.

The last step is looked at again every few seconds (`data-refresh`, site.js), so that the page turns green by
itself; without script a link does it. What comes after the first event is offered there.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from billing.models import Budget, EventKey
from billing.reports.events import EventSummary, events
from tenants.access import STAFF, page
from tenants.actions import create_key
from tenants.models import ApiKey, Client, Invitation, Membership, Project, Role, Tenant
from tenants.models.keys import KeyScope
from tenants.web.keys import note_sent, was_sent_before
from tenants.web.requests import PageRequest

FIRST_KEY = "first application"


@dataclass(frozen=True, slots=True)
class Steps:
    """What there is already."""

    client: bool
    project: bool
    key: bool
    event: bool
    budget: bool
    viewer: bool


@page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: PageRequest) -> HttpResponse:
    """POST makes a key that may send, and answers with its secret in the lines to paste, this once."""
    secret, status = "", HTTPStatus.OK
    if request.method == "POST":
        if not request.access.is_manager:
            raise PermissionDenied
        if not was_sent_before(request):
            actor = request.access.user
            _, secret = create_key(actor=actor, name=FIRST_KEY, scopes=[KeyScope.INGEST])
            note_sent(request)
            status = HTTPStatus.CREATED
    now = timezone.now()
    steps = steps_taken(now=now)
    newest = newest_event() if steps.event else None
    context = {
        "section": "begin",
        "steps": steps,
        "secret": secret,
        "newest": newest,
        "url": request.build_absolute_uri("/api/v1/events"),
        "project": _project() or "my-project",
        "at": now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
    return render(request, "billing/begin.html", context, status=status)


def steps_taken(*, now: datetime) -> Steps:
    """One question for all of them."""
    works = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))
    invited = Invitation.objects.filter(role=Role.CLIENT, revoked_at=None)
    asked: dict[str, QuerySet[Any]] = {
        "client": Client.objects.filter(archived_at=None),
        "project": Project.objects.filter(archived_at=None),
        "key": ApiKey.objects.filter(works, scopes__contains=[KeyScope.INGEST]),
        "event": EventKey.objects.all(),
        "budget": Budget.objects.filter(archived_at=None),
        "member": Membership.objects.filter(role=Role.CLIENT),
        "invited": invited,
    }
    there = {name: Exists(rows) for name, rows in asked.items()}
    found: dict[str, Any] = dict(Tenant.objects.values(**there).get())
    invited, member = found.pop("invited"), found.pop("member")
    return Steps(viewer=invited or member, **found)


def newest_event() -> EventSummary | None:
    """None where the ledger keeps none any more."""
    found = events(limit=1).events
    return found[0] if found else None


def _project() -> str | None:
    rows = Project.objects.filter(archived_at=None).order_by("pk")
    return rows.values_list("slug", flat=True).first()
