"""The keys page: what may send or read, when it was last used, a new one, another secret for one, its end."""

from datetime import timedelta
from http import HTTPStatus
from itertools import filterfalse
from operator import itemgetter

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from tenants.access import MANAGERS, page
from tenants.actions import ActionError, create_key, revoke_key
from tenants.models import ApiKey
from tenants.rotation import rotate_key
from tenants.web.forms import OVERLAPS, KeyForm, RotateForm
from tenants.web.requests import PageRequest

CSRF_FIELD = "csrfmiddlewaretoken"
SENT = "key_form_sent"


@page(MANAGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: PageRequest) -> HttpResponse:
    """List the keys; POST makes one and answers with its secret.

    That answer is the page itself, not a redirect: a secret that waits in a session would be stored.
    """
    form = KeyForm(request.POST or None)
    if request.method != "POST":
        return _listed(request, form)
    if was_sent_before(request):
        return _sent_already(request)
    if form.is_valid():
        try:
            made = create_key(actor=request.access.user, **form.cleaned_data)
        except ActionError as error:
            form.add_error(error.field if error.field in form.fields else None, error.detail)
        else:
            return _shown_once(request, *made)
    return _listed(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@page(MANAGERS)
@require_POST
def rotate(request: PageRequest, key: int) -> HttpResponse:
    """Another secret in the place of one; answers with it as `keys` does."""
    found = get_object_or_404(ApiKey, pk=key)
    if was_sent_before(request):
        return _sent_already(request)
    form = RotateForm(request.POST)
    if not form.is_valid():
        return _listed(request, KeyForm(), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    overlap = timedelta(hours=form.cleaned_data["overlap_hours"])
    try:
        made = rotate_key(found, actor=request.access.user, overlap=overlap, now=timezone.now())
    except ActionError as error:
        messages.error(request, error.detail)
        return redirect("keys", request.access.tenant.slug)
    found.refresh_from_db(fields=["expires_at"])
    return _shown_once(request, *made, replaced=found)


def _shown_once(
    request: PageRequest, made: ApiKey, secret: str, *, replaced: ApiKey | None = None
) -> HttpResponse:
    note_sent(request)
    context: dict[str, object] = {"made": made, "secret": secret, "replaced": replaced}
    return _listed(request, KeyForm(), status=HTTPStatus.CREATED, **context)


def _listed(
    request: PageRequest, form: KeyForm, *, status: int = HTTPStatus.OK, **context: object
) -> HttpResponse:
    now = timezone.now()
    found = ApiKey.objects.select_related("project", "created_by", "replaced_by")
    rows = [(each, each.works_at(now)) for each in found]
    context |= {
        "section": "keys",
        "form": form,
        "overlaps": OVERLAPS,
        "keys": [*filter(itemgetter(1), rows), *filterfalse(itemgetter(1), rows)],
    }
    return render(request, "tenants/keys.html", context, status=status)


def _sent_already(request: PageRequest) -> HttpResponse:
    messages.info(request, "That form was sent already: its key is in the list.")
    return redirect("keys", request.access.tenant.slug)


def was_sent_before(request: PageRequest) -> bool:
    """A reload sends the same form again; each form that is drawn carries a token of its own."""
    token = request.POST.get(CSRF_FIELD)
    return bool(token) and request.session.get(SENT) == token


def note_sent(request: PageRequest) -> None:
    request.session[SENT] = request.POST.get(CSRF_FIELD)


@page(MANAGERS)
@require_POST
def revoke(request: PageRequest, key: int) -> HttpResponse:
    found = get_object_or_404(ApiKey, pk=key)
    revoke_key(found, actor=request.access.user)
    messages.success(request, f"“{found.name}” is revoked: it stopped working at once.")
    return redirect("keys", request.access.tenant.slug)
