"""The start page: where a signed-in person may go; with one place to go, straight there."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from tenants.access import accesses


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, AnonymousUser):
        return redirect("account_login")
    found = accesses(request.user)
    if len(found) == 1:
        return redirect("overview", found[0].tenant.slug)
    return render(request, "tenants/start.html", {"places": found})
