"""Changing a client or project: its name, who answers for it, its logo, out of use and back."""

from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from tenants.access import MANAGERS, page
from tenants.actions import ActionError, archive, rename, unarchive
from tenants.models import Client, Logo, Project
from tenants.owners import set_contact, set_owner
from tenants.web.change_forms import ClientChangeForm, LogoForm, ProjectChangeForm
from tenants.web.requests import PageRequest


@page(MANAGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def client_edit(request: PageRequest, client: str) -> HttpResponse:
    found = get_object_or_404(Client.objects.select_related("owner"), slug=client)
    form = ClientChangeForm(
        request.POST or None,
        initial={
            "name": found.name,
            "owner": found.owner and found.owner.email,
            "contact_name": found.contact_name,
            "contact_email": found.contact_email,
        },
    )

    def change() -> None:
        data, actor = form.cleaned_data, request.access.user
        rename(found, actor=actor, name=data["name"])
        set_owner(found, actor=actor, owner=data["owner"])
        if {"contact_name", "contact_email"} & set(form.changed_data):
            set_contact(found, actor=actor, name=data["contact_name"], email=data["contact_email"])

    if form.is_valid() and _done(form, change):
        messages.success(request, f"{found.name} is as you said.")
        return redirect("client", request.access.tenant.slug, found.slug)
    logo = Logo.objects.filter(client=found).values_list("digest", flat=True).first()
    context = {"section": "clients", "named": found, "form": form}
    context |= {"logo": logo, "logo_form": LogoForm()}
    return render(request, "tenants/client_edit.html", context, status=_status(form))


@page(MANAGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def project_edit(request: PageRequest, project: str) -> HttpResponse:
    found = get_object_or_404(Project.objects.select_related("owner", "client"), slug=project)
    initial = {"name": found.name, "owner": found.owner and found.owner.email}
    form = ProjectChangeForm(request.POST or None, initial=initial)

    def change() -> None:
        rename(found, actor=request.access.user, name=form.cleaned_data["name"])
        set_owner(found, actor=request.access.user, owner=form.cleaned_data["owner"])

    if form.is_valid() and _done(form, change):
        messages.success(request, f"{found.name} is as you said.")
        return redirect("project", request.access.tenant.slug, found.slug)
    context = {"section": "projects", "named": found, "form": form}
    return render(request, "tenants/project_edit.html", context, status=_status(form))


@page(MANAGERS)
@require_POST
def client_archive(request: PageRequest, client: str) -> HttpResponse:
    return _in_or_out_of_use(request, get_object_or_404(Client, slug=client))


@page(MANAGERS)
@require_POST
def project_archive(request: PageRequest, project: str) -> HttpResponse:
    return _in_or_out_of_use(request, get_object_or_404(Project, slug=project))


def _in_or_out_of_use(request: PageRequest, named: Client | Project) -> HttpResponse:
    """`in_use=yes` takes it into use again; else it is archived."""
    if request.POST.get("in_use") == "yes":
        unarchive(named, actor=request.access.user)
        messages.success(request, f"{named.name} is in use again.")
    else:
        archive(named, actor=request.access.user, now=timezone.now())
        messages.success(request, f"{named.name} is out of use. Its figures and its name stay.")
    kind = "client" if isinstance(named, Client) else "project"
    return redirect(kind, request.access.tenant.slug, named.slug)


def _done(form: ClientChangeForm | ProjectChangeForm, change: Callable[[], None]) -> bool:
    """Whether the change was made; else the form says why not."""
    try:
        change()
    except ActionError as error:
        form.add_error(error.field if error.field in form.fields else None, error.detail)
        return False
    return True


def _status(form: ClientChangeForm | ProjectChangeForm) -> int:
    return HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
