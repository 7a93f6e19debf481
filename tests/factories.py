"""Two companies, four people. Acme has Ana (owner) and Vik (client viewer of Globex); Brix has Bo; Sam
belongs nowhere. Both companies have clients and projects of the same slugs, so a leak would show."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone

from billing.flow.fold import fold
from billing.flow.intake import Verdict, accept, check_items
from tenants.actions import add_member, create_client, create_project, create_tenant
from tenants.keys import FoundKey, find_key
from tenants.models import Client, Project, Role, Tenant, User
from tenants.scoping import tenant_scope

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
USAGE = {"input_tokens": 200, "output_tokens": 600, "cache_read_input_tokens": 20_000}
COST = "0.0156"
"""What USAGE costs on MODEL, by the shared vectors."""
MODEL = "claude-sonnet-4-6"


@dataclass
class Company:
    tenant: Tenant
    keys: dict[str, str]
    clients: dict[str, Client]
    projects: dict[str, Project]

    def scope(self):
        return tenant_scope(self.tenant.pk)

    def viewer_scope(self, client="globex"):
        return tenant_scope(self.tenant.pk, client_id=self.clients[client].pk)

    def found_key(self, scope="ingest") -> FoundKey:
        return find_key(self.keys[scope], now=timezone.now())

    def post(self, *events, now=None) -> list[Verdict]:
        """Take events in as the ingest view does, without HTTP."""
        key, now = self.found_key(), now or timezone.now()
        checked = check_items([json.dumps(each).encode() for each in events], now=now)
        return accept(checked, tenant_id=key.tenant_id, key=key, now=now)

    def fold(self):
        with self.scope():
            return fold()


@dataclass
class World:
    acme: Company
    brix: Company
    ana: User
    vik: User
    bo: User
    sam: User


def make_company(name: str, slug: str, owner: str, *, zone: str = "Europe/Sofia") -> Company:
    new = create_tenant(name=name, slug=slug, owner_email=owner, timezone_name=zone)
    with tenant_scope(new.tenant.pk):
        globex = create_client(actor="test", slug="globex", name=f"Globex of {name}")
        initech = create_client(actor="test", slug="initech", name=f"Initech of {name}")
        projects = [
            create_project(actor="test", slug="support-bot", name="Support bot", client=globex),
            create_project(actor="test", slug="contract-agent", name="Contracts", client=initech),
        ]
    return Company(
        tenant=new.tenant,
        keys=new.keys,
        clients={"globex": globex, "initech": initech},
        projects={project.slug: project for project in projects},
    )


def make_world() -> World:
    acme = make_company("Acme", "acme", "ana@acme.test")
    brix = make_company("Brix", "brix", "bo@brix.test", zone="Asia/Kolkata")
    with acme.scope():
        add_member(
            actor="test", email="vik@globex.test", role=Role.CLIENT, client=acme.clients["globex"]
        )
    return World(
        acme=acme,
        brix=brix,
        ana=User.objects.get(email="ana@acme.test"),
        vik=User.objects.get(email="vik@globex.test"),
        bo=User.objects.get(email="bo@brix.test"),
        sam=User.objects.create_user("sam@nowhere.test", "a long password"),
    )


def event(event_id="e-1", **changes) -> dict:
    """An event that is fine; `field=None` leaves a field out."""
    fields = {
        "id": event_id,
        "project": "support-bot",
        "occurred_at": NOON.isoformat(),
        "model": MODEL,
        "usage": USAGE,
    } | changes
    return {name: value for name, value in fields.items() if value is not None}
