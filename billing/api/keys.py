"""Keys: list them, make one, rename, rotate and revoke it. A secret is in the answer that makes it, once."""

from datetime import timedelta
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api import schemas
from billing.api.catalogue import READ_OR_MANAGE, ManagedView, found
from tenants.actions import create_key, rename, revoke_key
from tenants.models import ApiKey, Project
from tenants.problems import Problem
from tenants.rotation import rotate_key


def key_data(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.pk,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "project": key.project.slug if key.project else None,
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at and key.expires_at.isoformat(),
        "last_used_at": key.last_used_at and key.last_used_at.isoformat(),
        "revoked_at": key.revoked_at and key.revoked_at.isoformat(),
        "replaced_by": key.replaced_by_id,
    }


class Keys(ManagedView):
    scopes: ClassVar = READ_OR_MANAGE | {"GET": frozenset({"manage"})}

    @extend_schema(operation_id="list_keys", tags=["Keys"], responses=schemas.KeysAnswer)
    def get(self, request: Request) -> Response:
        """Every key, revoked ones included; never a secret."""
        keys = ApiKey.objects.select_related("project")
        return Response({"keys": [key_data(each) for each in keys]})

    @extend_schema(
        operation_id="create_key",
        tags=["Keys"],
        request=schemas.NewKey,
        responses={201: schemas.NewKeyAnswer},
    )
    def post(self, request: Request) -> Response:
        """Make a key. Its secret is in this answer and nowhere else."""
        data = self.valid(schemas.NewKey)
        project = None
        if data.get("project"):
            project = Project.objects.filter(slug=data["project"]).first()
            if project is None:
                raise Problem(
                    422,
                    "unknown_project",
                    "There is no such project in this tenant.",
                    field="project",
                )
        key, secret = create_key(
            actor=self.actor,
            name=data["name"],
            scopes=sorted(data["scopes"]),
            project=project,
            expires_at=data.get("expires_at"),
        )
        return Response(key_data(key) | {"key": secret}, status=201)


class OneKey(ManagedView):
    scopes: ClassVar = {"PATCH": frozenset({"manage"}), "DELETE": frozenset({"manage"})}

    @extend_schema(
        operation_id="rename_key",
        tags=["Keys"],
        request=schemas.Rename,
        responses=schemas.KeyAnswer,
    )
    def patch(self, request: Request, key_id: int) -> Response:
        """Give a key another name; what it may do stays, and its spend goes by the new name."""
        key = found(ApiKey.objects.select_related("project"), what="key", pk=key_id)
        rename(key, actor=self.actor, name=self.valid(schemas.Rename)["name"])
        return Response(key_data(key))

    @extend_schema(operation_id="revoke_key", tags=["Keys"], responses={204: None})
    def delete(self, request: Request, key_id: int) -> Response:
        """Revoke a key at once; past spend keeps its name."""
        revoke_key(found(ApiKey.objects, what="key", pk=key_id), actor=self.actor)
        return Response(status=204)


class KeyRotations(ManagedView):
    scopes: ClassVar = {"POST": frozenset({"manage"})}

    @extend_schema(
        operation_id="rotate_key",
        tags=["Keys"],
        request=schemas.KeyRotation,
        responses={201: schemas.NewKeyAnswer},
    )
    def post(self, request: Request, key_id: int) -> Response:
        """Another secret with the same rights, in this answer alone; the old one works on for a while."""
        overlap = timedelta(hours=self.valid(schemas.KeyRotation)["overlap_hours"])
        key = found(ApiKey.objects, what="key", pk=key_id)
        new, secret = rotate_key(key, actor=self.actor, overlap=overlap, now=timezone.now())
        return Response(key_data(new) | {"key": secret}, status=201)
