"""Logos: the pages that set them, and the address of each, which is the hash of its content."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.access import EVERYONE, MANAGERS, page
from tenants.actions import ActionError
from tenants.logos import find_logo, remove_logo, set_logo
from tenants.models import Client
from tenants.web.change_forms import LogoForm
from tenants.web.requests import PageRequest


@page(EVERYONE)
@require_safe
def logo(request: PageRequest, digest: str) -> HttpResponse:
    """The picture, to whoever may see it; what is at an address never changes."""
    found = find_logo(digest)
    if found is None:
        raise Http404("no such logo")
    kind, picture = found
    response = HttpResponse(picture, content_type=f"image/{kind}")
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    return response


@page(MANAGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def company_logo(request: PageRequest) -> HttpResponse:
    """The company's own, which its clients read at the top of their statements."""
    form = LogoForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and _is_set(request, form):
        return redirect("company_logo", request.access.tenant.slug)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if request.method == "POST" else HTTPStatus.OK
    return render(request, "tenants/logo.html", {"form": form}, status=status)


@page(MANAGERS)
@require_POST
def client_logo(request: PageRequest, client: str) -> HttpResponse:
    found = get_object_or_404(Client, slug=client)
    form = LogoForm(request.POST, request.FILES)
    if not _is_set(request, form, client=found):
        messages.error(request, " ".join(map(str, form.errors.get("logo", []))))
    return redirect("client_edit", request.access.tenant.slug, found.slug)


def _is_set(request: PageRequest, form: LogoForm, *, client: Client | None = None) -> bool:
    """Whether the logo is as was asked for: the one that was sent, or with `remove=yes` none."""
    actor, whose = request.access.user, str(client or request.access.tenant)
    if request.POST.get("remove") == "yes":
        remove_logo(actor=actor, client=client)
        messages.success(request, f"{whose} has no logo any more.")
        return True
    if not form.is_valid():
        return False
    try:
        set_logo(form.cleaned_data["logo"].read(), actor=actor, client=client)
    except ActionError as error:
        form.add_error("logo", error.detail)
        return False
    messages.success(request, f"{whose} has this logo now.")
    return True
