"""Clients and projects: read them, make them, rename them, take them out of use. Keys are in keys.py."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api import schemas
from billing.flow.set_budget import member_of
from tenants.actions import (
    ActionError,
    archive,
    create_client,
    create_project,
    rename,
    set_price_view,
    unarchive,
)
from tenants.keyview import KeyView
from tenants.models import Client, Project
from tenants.owners import set_owner
from tenants.problems import Problem

CONFLICTS = {"overlapping_terms", "not_ready", "prices_changed", "repricing_under_way"}
"""Codes of changes that are refused as things stand, beside those that begin with `already`."""
READ_OR_MANAGE = {
    "GET": frozenset({"read"}),
    "POST": frozenset({"manage"}),
    "PATCH": frozenset({"manage"}),
    "DELETE": frozenset({"manage"}),
}


def client_data(client: Client) -> dict[str, Any]:
    return {
        "slug": client.slug,
        "name": client.name,
        "archived": client.archived_at is not None,
        "price_view": client.price_view,
        "owner": client.owner and client.owner.email,
    }


def project_data(project: Project) -> dict[str, Any]:
    archived = project.archived_at is not None
    return {
        "slug": project.slug,
        "name": project.name,
        "client": project.client.slug,
        "archived": archived,
        "owner": project.owner and project.owner.email,
    }


class ManagedView(KeyView):
    scopes: ClassVar = READ_OR_MANAGE

    @property
    def actor(self) -> str:
        return f"key {self.key.prefix}"

    def valid(self, serializer_class: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        serializer = serializer_class(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    @property
    def projects(self) -> QuerySet[Project]:
        """The projects that the key may know of."""
        bound = self.key.project
        return Project.objects.select_related("client", "owner").filter(
            **({"slug": bound} if bound else {})
        )

    @property
    def clients(self) -> QuerySet[Client]:
        """The clients that the key may know of."""
        bound = self.key.project
        return Client.objects.select_related("owner").filter(
            **({"projects__slug": bound} if bound else {})
        )

    def change(self, named: Client | Project, data: dict[str, Any]) -> None:
        """Name, owner and whether it is in use, as far as they are said."""
        if not data:
            raise Problem(422, "missing_field", "Say what is to change.", field="name")
        if "name" in data:
            rename(named, actor=self.actor, name=data["name"])
        if "owner" in data:
            address = data["owner"]
            owner = member_of(address, field="owner") if address else None
            set_owner(named, actor=self.actor, owner=owner)
        if "archived" in data:
            if data["archived"]:
                archive(named, actor=self.actor, now=timezone.now())
            else:
                unarchive(named, actor=self.actor)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, ActionError):
            is_conflict = exc.code in CONFLICTS or exc.code.startswith("already")
            status = 409 if is_conflict else 422
            exc = Problem(status, exc.code, exc.detail, field=exc.field)
        return super().handle_exception(exc)


def found(rows: Any, *, what: str, **lookup: Any) -> Any:
    row = rows.filter(**lookup).first()
    if row is None:
        raise Problem(404, "not_found", f"There is no such {what} in this tenant.")
    return row


class Clients(ManagedView):
    @extend_schema(operation_id="list_clients", tags=["Clients"], responses=schemas.ClientsAnswer)
    def get(self, request: Request) -> Response:
        """Every client, archived ones included."""
        return Response({"clients": [client_data(each) for each in self.clients]})

    @extend_schema(
        operation_id="create_client",
        tags=["Clients"],
        request=schemas.NewClient,
        responses={201: schemas.ClientAnswer},
    )
    def post(self, request: Request) -> Response:
        """Make a client."""
        data = self.valid(schemas.NewClient)
        client = create_client(
            actor=self.actor, slug=data["slug"], name=data.get("name") or data["slug"]
        )
        return Response(client_data(client), status=201)


class OneClient(ManagedView):
    @extend_schema(operation_id="get_client", tags=["Clients"], responses=schemas.ClientAnswer)
    def get(self, request: Request, slug: str) -> Response:
        """One client."""
        return Response(client_data(found(self.clients, what="client", slug=slug)))

    @extend_schema(
        operation_id="change_client",
        tags=["Clients"],
        request=schemas.ClientChange,
        responses=schemas.ClientAnswer,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change what is said; the slug and all figures stay."""
        client = found(Client.objects.select_related("owner"), what="client", slug=slug)
        data = self.valid(schemas.ClientChange)
        self.change(client, data)
        if "price_view" in data:
            set_price_view(client, actor=self.actor, view=data["price_view"])
        return Response(client_data(client))

    @extend_schema(operation_id="archive_client", tags=["Clients"], responses={204: None})
    def delete(self, request: Request, slug: str) -> Response:
        """Archive a client: its spend and its name stay."""
        archive(
            found(Client.objects, what="client", slug=slug), actor=self.actor, now=timezone.now()
        )
        return Response(status=204)


class Projects(ManagedView):
    @extend_schema(
        operation_id="list_projects", tags=["Projects"], responses=schemas.ProjectsAnswer
    )
    def get(self, request: Request) -> Response:
        """Every project, archived ones included."""
        return Response({"projects": [project_data(each) for each in self.projects]})

    @extend_schema(
        operation_id="create_project",
        tags=["Projects"],
        request=schemas.NewProject,
        responses={201: schemas.ProjectAnswer},
    )
    def post(self, request: Request) -> Response:
        """Make a project of a client."""
        data = self.valid(schemas.NewProject)
        client = Client.objects.filter(slug=data["client"]).first()
        if client is None:
            raise Problem(
                422, "unknown_client", "There is no such client in this tenant.", field="client"
            )
        project = create_project(
            actor=self.actor,
            slug=data["slug"],
            name=data.get("name") or data["slug"],
            client=client,
        )
        return Response(project_data(project), status=201)


class OneProject(ManagedView):
    @extend_schema(operation_id="get_project", tags=["Projects"], responses=schemas.ProjectAnswer)
    def get(self, request: Request, slug: str) -> Response:
        """One project."""
        return Response(project_data(self._project(slug)))

    @extend_schema(
        operation_id="change_project",
        tags=["Projects"],
        request=schemas.ProjectChange,
        responses=schemas.ProjectAnswer,
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change what is said; the slug and all figures stay."""
        project = self._project(slug)
        self.change(project, self.valid(schemas.ProjectChange))
        return Response(project_data(project))

    @extend_schema(operation_id="archive_project", tags=["Projects"], responses={204: None})
    def delete(self, request: Request, slug: str) -> Response:
        """Archive a project: its spend and its name stay."""
        archive(self._project(slug), actor=self.actor, now=timezone.now())
        return Response(status=204)

    def _project(self, slug: str) -> Project:
        project: Project = found(self.projects, what="project", slug=slug)
        return project
