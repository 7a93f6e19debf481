"""Naming a new client or project: what an empty page leads to."""

from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tenants.access import MANAGERS, page
from tenants.actions import ActionError, create_client, create_project
from tenants.models import Client, Project
from tenants.web.forms import ClientForm, ProjectForm
from tenants.web.requests import PageRequest

Made = TypeVar("Made", Client, Project)


@page(MANAGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def client_new(request: PageRequest) -> HttpResponse:
    form = ClientForm(request.POST or None)
    made = submit(form, create_client, request=request)
    if made is not None:
        messages.success(request, f"{made} is a client now. Next: a project, which sends events.")
        return redirect("client", request.access.tenant.slug, made.slug)
    return render_form(request, form, title="New client", section="clients")


@page(MANAGERS)
@require_http_methods(["GET", "HEAD", "POST"])
def project_new(request: PageRequest) -> HttpResponse:
    """`?client=` chooses the client beforehand."""
    form = ProjectForm(request.POST or None, initial={"client": request.GET.get("client", "")})
    made = submit(form, create_project, request=request)
    if made is not None:
        messages.success(request, f"{made} is ready for events.")
        return redirect("project", request.access.tenant.slug, made.slug)
    return render_form(request, form, title="New project", section="projects")


def submit(form: Form, action: Callable[..., Made], *, request: PageRequest) -> Made | None:
    """What the action made of a valid form; None with the errors in the form, or before it is sent."""
    if not form.is_valid():
        return None
    try:
        return action(actor=request.access.user, **form.cleaned_data)
    except ActionError as error:
        form.add_error(error.field if error.field in form.fields else None, error.detail)
        return None


def render_form(request: PageRequest, form: Form, *, title: str, section: str) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {"form": form, "title": title, "section": section}
    return render(request, "tenants/new.html", context, status=status)
