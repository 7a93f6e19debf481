"""`seed_demo`: two made-up agencies with ninety days of spend, through the same intake as real events;
and the first comparison of the price book with the other list.

Prints the logins and an ingest key, this once. Where the demo is there already, nothing happens.
"""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils import timezone

from billing.flow.compare_prices import compare_prices
from billing.flow.doorbell import ring
from billing.flow.intake import accept, check_items
from billing.importers.demo import demo_events
from billing.management.progress import progress
from billing.periods import today_in
from tenants.actions import add_member, create_client, create_key, create_project, create_tenant
from tenants.directory import all_tenants
from tenants.models import Client, Role
from tenants.scoping import tenant_scope

BATCH = 500
ZONE = "Europe/Sofia"
OWNER = "ana@northwind.example"
CLIENTS = {
    "northwind": {
        "acme": ("Acme", ["support-bot", "triage", "contract-agent"]),
        "fabrikam": ("Fabrikam", ["newsletter"]),
        "tailspin": ("Tailspin Toys", ["sql-helper"]),
    },
    "brightside": {"lucerne": ("Lucerne Foods", ["support-bot", "newsletter"])},
}
NAMES = {"northwind": "Northwind Studio", "brightside": "Brightside"}


class Command(BaseCommand):
    help = "Make two demo tenants with ninety days of believable spend."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        there = all_tenants()
        told: dict[str, str] = {}
        if not there:
            compare_prices(now=timezone.now())
        for number, slug in enumerate(CLIENTS):
            if slug not in there:
                with transaction.atomic():
                    tenant_id, logins = self._make(slug)
                    self._fill(slug, tenant_id, seed=7 + number)
                ring(tenant_id)
                told |= logins
        if options["json"]:
            self.stdout.write(json.dumps(told))
            return
        for label, value in told.items():
            self.stdout.write(f"{label:<14} {value}")
        if not told:
            self.stdout.write("The demo is there already.")

    def _make(self, slug: str) -> tuple[int, dict[str, str]]:
        new = create_tenant(name=NAMES[slug], slug=slug, owner_email=OWNER, timezone_name=ZONE)
        new.owner.name = "Ana Petrova"
        new.owner.save()
        with tenant_scope(new.tenant.pk):
            for client_slug, (name, projects) in CLIENTS[slug].items():
                client = create_client(actor="demo", slug=client_slug, name=name)
                for project in projects:
                    title = project.replace("-", " ").capitalize()
                    create_project(actor="demo", slug=project, name=title, client=client)
            if slug != "northwind":
                return new.tenant.pk, {}
            viewer = self._viewer(Client.objects.get(slug="acme"))
            _, key = create_key(actor="demo", name="demo application", scopes=["ingest"])
        logins = {
            "owner": f"{OWNER}  {new.password or '(as before)'}",
            "client viewer": viewer,
            "ingest key": key,
        }
        return new.tenant.pk, logins

    @staticmethod
    def _viewer(client: Client) -> str:
        email = "vik@acme.example"
        membership, password = add_member(
            actor="demo", email=email, role=Role.CLIENT, client=client
        )
        membership.user.name = "Vik Ivanov"
        membership.user.save()
        return f"{email}  {password or '(as before)'}"

    def _fill(self, slug: str, tenant_id: int, *, seed: int) -> None:
        now = timezone.now()
        projects = {project for _, (_, names) in CLIENTS[slug].items() for project in names}
        events = [
            each
            for each in demo_events(today_in(ZONE, now=now), seed=seed)
            if each["project"] in projects and str(each["occurred_at"]) <= now.isoformat()
        ]
        batches = [events[start : start + BATCH] for start in range(0, len(events), BATCH)]
        for batch in progress(batches, label=slug, out=self.stderr):
            checked = check_items([json.dumps(each).encode() for each in batch], now=now)
            with tenant_scope(tenant_id):
                accept(checked, key=None, now=now)
