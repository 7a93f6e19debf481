"""The keys page: what may send or read, when it was last used, a new one, and the end of one."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from tenants.access import MANAGERS, page
from tenants.actions import ActionError, create_key, revoke_key
from tenants.models import ApiKey
from tenants.web.forms import KeyForm
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
    made: dict[str, object] = {}
    status = HTTPStatus.OK
    if request.method == "POST":
        if was_sent_before(request):
            messages.info(request, "That form was sent already: its key is in the list.")
            return redirect("keys", request.access.tenant.slug)
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            try:
                key, secret = create_key(actor=request.access.user, **form.cleaned_data)
            except ActionError as error:
                form.add_error(error.field if error.field in form.fields else None, error.detail)
            else:
                made, status, form = {"made": key, "secret": secret}, HTTPStatus.CREATED, KeyForm()
                request.session[SENT] = request.POST.get(CSRF_FIELD)
    listed = ApiKey.objects.select_related("project", "created_by").order_by("revoked_at", "-id")
    context = {"section": "keys", "form": form, "keys": listed, **made}
    return render(request, "tenants/keys.html", context, status=status)


def was_sent_before(request: PageRequest) -> bool:
    """A reload sends the same form again; each form that is drawn carries a token of its own."""
    token = request.POST.get(CSRF_FIELD)
    return bool(token) and request.session.get(SENT) == token


@page(MANAGERS)
@require_POST
def revoke(request: PageRequest, key: int) -> HttpResponse:
    found = get_object_or_404(ApiKey, pk=key)
    revoke_key(found, actor=request.access.user)
    messages.success(request, f"“{found.name}” is revoked: it stopped working at once.")
    return redirect("keys", request.access.tenant.slug)
