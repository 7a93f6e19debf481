"""Everything that changes tenants, people, clients, projects and keys; each leaves an audit entry.

In: keyword arguments and an actor.   Out: the changed row.   Errors: ActionError with a stable code.
All but `create_tenant` run inside the scope of the tenant they change.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from tenants.audit import Actor, record
from tenants.keys import FoundKey, digest_of, new_secret, prefix_of, remember_key
from tenants.models import ApiKey, Client, Membership, Project, Role, Tenant, User
from tenants.models.keys import KeyScope
from tenants.scoping import ANSWER_WITHIN, tenant_scope

USE_NOTED_EVERY = timedelta(minutes=1)


class ActionError(ValueError):
    """A change that cannot be made. `code` is stable, `field` names the argument."""

    def __init__(self, code: str, detail: str, *, field: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field


@dataclass(frozen=True)
class NewTenant:
    tenant: Tenant
    owner: User
    password: str
    """Empty when the owner had an account before."""
    keys: dict[str, str] = field(default_factory=dict)


def create_tenant(*, name: str, slug: str, owner_email: str, timezone_name: str) -> NewTenant:
    """Make a company with its owner and one key per scope; the passwords and keys are shown once."""
    tenant = Tenant(name=name, slug=slug, timezone=timezone_name)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval(pg_get_serial_sequence('tenants_tenant', 'id'))")
            tenant.pk = cursor.fetchone()[0]
        with tenant_scope(tenant.pk):
            _save_new(tenant)
            user, password = ensure_user(owner_email)
            Membership.objects.create(tenant=tenant, user=user, role=Role.OWNER)
            record(
                "tenant.created", actor="command", subject=slug, after={"timezone": timezone_name}
            )
            keys = {
                scope.value: create_key(
                    actor=user, name=f"first {scope.value} key", scopes=[scope]
                )[1]
                for scope in (KeyScope.MANAGE, KeyScope.INGEST, KeyScope.READ)
            }
    return NewTenant(tenant=tenant, owner=user, password=password, keys=keys)


def ensure_user(email: str) -> tuple[User, str]:
    """The account of an address, made when there is none: then its first password comes with it."""
    email = email.strip().lower()
    user = User.objects.filter(email=email).first()
    if user is not None:
        return user, ""
    password = secrets.token_urlsafe(12)
    candidate = User(email=email)
    _validate(candidate, exclude=["password"])
    return User.objects.create_user(email, password), password


def add_member(
    *, actor: Actor, email: str, role: Role, client: Client | None = None
) -> tuple[Membership, str]:
    """Give a person a role here; a client viewer gets exactly one client."""
    if (role == Role.CLIENT) != (client is not None):
        raise ActionError(
            "invalid_field", "A client viewer, and only one, names a client.", field="client"
        )
    user, password = ensure_user(email)
    if Membership.objects.filter(user=user).exists():
        raise ActionError("already_member", f"{email} is a member already.", field="email")
    membership = Membership.objects.create(user=user, role=role, client=client)
    record("member.added", actor=actor, subject=email, after={"role": role.value})
    return membership, password


def create_client(*, actor: Actor, slug: str, name: str) -> Client:
    client = Client(slug=slug, name=name)
    _save_new(client)
    record("client.created", actor=actor, subject=slug, after={"name": name})
    return client


def create_project(*, actor: Actor, slug: str, name: str, client: Client) -> Project:
    project = Project(slug=slug, name=name, client=client)
    _save_new(project)
    record(
        "project.created", actor=actor, subject=slug, after={"name": name, "client": client.slug}
    )
    return project


def check_timezone(zone: str) -> None:
    """ActionError for a name that is no IANA zone; billing/actions.py moves a tenant's days there."""
    tenant = Tenant.objects.get()
    tenant.timezone = zone
    _validate(tenant)


def rename(named: Client | Project | ApiKey, *, actor: Actor, name: str) -> None:
    before, named.name = named.name, name
    if before == name:
        return
    _validate(named)
    named.save(update_fields=["name"])
    _record_named("renamed", named, actor=actor, before={"name": before}, after={"name": name})


def set_price_view(client: Client, *, actor: Actor, view: str) -> None:
    """Choose in which figures a client sees the own spend. The same again changes nothing."""
    before, client.price_view = client.price_view, view
    if before == view:
        return
    _validate(client)
    client.save(update_fields=["price_view"])
    _record_named(
        "price_view",
        client,
        actor=actor,
        before={"price_view": before},
        after={"price_view": str(view)},
    )


def archive(named: Client | Project, *, actor: Actor, now: datetime) -> None:
    """Take a client or project out of use; its spend and its name stay. Twice changes nothing."""
    if named.archived_at is None:
        named.archived_at = now
        named.save(update_fields=["archived_at"])
        _record_named("archived", named, actor=actor)


def unarchive(named: Client | Project, *, actor: Actor) -> None:
    """Take it into use again. Twice changes nothing."""
    if named.archived_at is not None:
        named.archived_at = None
        named.save(update_fields=["archived_at"])
        _record_named("unarchived", named, actor=actor)


def create_key(
    *,
    actor: Actor,
    name: str,
    scopes: Sequence[str],
    project: Project | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which is not kept and cannot be shown again.

    One that is bound to a project sends that project's events and reads that project's spend; it does not
    manage, since what it made could reach further than itself.
    """
    if project is not None and "manage" in scopes:
        raise ActionError(
            "invalid_field", "A key that is bound to a project does not manage.", field="project"
        )
    secret = new_secret()
    key = ApiKey(
        name=name,
        prefix=prefix_of(secret),
        digest=digest_of(secret),
        scopes=sorted(set(scopes)),
        project=project,
        expires_at=expires_at,
        created_by=actor if isinstance(actor, User) else None,
    )
    _save_new(key)
    record(
        "key.created", actor=actor, subject=key.prefix, after={"name": name, "scopes": key.scopes}
    )
    return key, secret


def revoke_key(key: ApiKey, *, actor: Actor) -> None:
    """End a key at once. Its row stays, so that past spend keeps its name."""
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        record("key.revoked", actor=actor, subject=key.prefix)


def note_key_use(key: FoundKey, *, now: datetime) -> None:
    """Remember that a key was used, at most once a minute: mostly there is nothing to do."""
    if key.last_used_at and key.last_used_at >= now - USE_NOTED_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
    with tenant_scope(key.tenant_id, within=ANSWER_WITHIN):
        ApiKey.objects.filter(stale, pk=key.id).update(last_used_at=now)
    remember_key(replace(key, last_used_at=now))


def _record_named(
    verb: str,
    named: Client | Project | ApiKey,
    *,
    actor: Actor,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
    kind = {Client: "client", Project: "project", ApiKey: "key"}[type(named)]
    subject = named.prefix if isinstance(named, ApiKey) else named.slug
    record(f"{kind}.{verb}", actor=actor, subject=subject, before=before, after=after)


def _save_new(row: Tenant | Client | Project | ApiKey) -> None:
    """Validate and insert; a taken slug is an ActionError, not a broken transaction."""
    _validate(row, exclude=["tenant", "project", "client"])
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        slug = getattr(row, "slug", "")
        raise ActionError("already_exists", f"{slug!r} is taken.", field="slug") from error


def _validate(
    row: Tenant | Client | Project | ApiKey | User, *, exclude: Sequence[str] = ()
) -> None:
    try:
        row.clean_fields(exclude={"tenant", *exclude})
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise ActionError("invalid_field", f"{name}: {messages[0]}", field=name) from error
