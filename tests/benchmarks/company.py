"""The company that is measured: one agency, its clients, projects and keys, and somebody signed in.

In:   a slug.   Out: a Company; or its events as they are posted.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
from django.test import Client as Browser
from django.utils import timezone

from billing.flow.set_budget import Counts, NewTerms, set_budget
from tenants.actions import create_client, create_project, create_tenant
from tenants.keys import FoundKey, find_key
from tenants.models import Project, Tenant, User
from tenants.scoping import tenant_scope

ZONE = "Europe/Sofia"
CLIENTS = ("acme", "fabrikam", "lucerne", "tailspin", "wingtip")
KINDS = ("support", "triage", "review", "drafts")
MODELS = (
    "claude-sonnet-4-6",
    "claude-haiku-4-5",
    "claude-opus-4-8",
    "claude-sonnet-4-5",
    "claude-opus-4-7",
)
"""Their prices have no first day, so every day of the past is priced."""
FEATURES = ("chat", "search", "summary")

_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Company:
    tenant: Tenant
    owner: User
    keys: dict[str, str]
    clients: dict[str, int]
    projects: dict[str, int]

    @property
    def client(self) -> str:
        """The client whose page is looked at."""
        return CLIENTS[0]

    def ingest_key(self, *, now: datetime) -> FoundKey:
        key = find_key(self.keys["ingest"], now=now)
        assert key is not None
        return key

    def session_cookie(self) -> str:
        """The Cookie header of the owner's signed-in browser."""
        browser = self.browser()
        return "; ".join(f"{name}={each.value}" for name, each in browser.cookies.items())

    def browser(self) -> Browser:
        browser = Browser(HTTP_HOST="127.0.0.1")
        browser.force_login(self.owner)
        return browser


def make_company(slug: str) -> Company:
    """Five clients with four projects each."""
    new = create_tenant(
        name=slug.title(), slug=slug, owner_email=f"owner@{slug}.test", timezone_name=ZONE
    )
    clients, projects = {}, {}
    with tenant_scope(new.tenant.pk):
        for name in CLIENTS:
            client = create_client(actor="bench", slug=name, name=name.title())
            clients[name] = client.pk
            for kind in KINDS:
                project = create_project(
                    actor="bench", slug=f"{name}-{kind}", name=f"{name} {kind}", client=client
                )
                projects[project.slug] = project.pk
                if kind == KINDS[0]:
                    _set_hard_budget(project, owner=new.owner)
    return Company(new.tenant, new.owner, new.keys, clients, projects)


def _set_hard_budget(project: Project, *, owner: User) -> None:
    """One that is never used up: `GET /allow` adds up what it has left."""
    terms = NewTerms(amount=Decimal(10**9), period="month", owner=owner, hard=True)
    set_budget(
        actor=owner,
        name=project.name,
        counts=Counts(project=project),
        terms=terms,
        now=timezone.now(),
    )


def typical_events(count: int, *, run: str, now: datetime) -> Iterator[dict[str, object]]:
    """What an application that calls a model sends: the provider's usage, and where it belongs.

    Three projects of one client, two models each, three features, within the last hour.
    """
    chance = random.Random(run)  # noqa: S311  made-up data, and the same every time
    for number in range(count):
        kind = number % 3
        at = now - timedelta(milliseconds=chance.randint(1, 3_600_000))
        written = chance.choice((0, 0, 0, 4_210))
        yield {
            "id": f"msg_01{run}{number:0>14}",
            "project": f"{CLIENTS[0]}-{KINDS[kind]}",
            "occurred_at": at.isoformat(timespec="milliseconds"),
            "model": MODELS[(kind + chance.randint(0, 1)) % len(MODELS)],
            "usage": {
                "input_tokens": chance.randint(20, 900),
                "cache_creation_input_tokens": written,
                "cache_read_input_tokens": chance.choice((0, 18_400, 22_950)),
                "cache_creation": {
                    "ephemeral_5m_input_tokens": written,
                    "ephemeral_1h_input_tokens": 0,
                },
                "output_tokens": chance.randint(10, 2_500),
                "service_tier": "standard",
            },
            "stop_reason": "end_turn",
            "feature": chance.choice(FEATURES),
            "environment": "production" if chance.random() < 0.9 else "staging",
            "session": f"s-{number // 6}",
            "streamed": True,
        }


def full_events(count: int, *, run: str, now: datetime) -> Iterator[dict[str, object]]:
    """The same with every optional field of the HTTP contract."""
    for number, event in enumerate(typical_events(count, run=run, now=now)):
        yield event | {
            "source": "prod-eu",
            "components": [
                {"name": "system", "tokens": 8_000, "fingerprint": "9f2c41aa"},
                {"name": "context", "tokens": 12_000},
                {"name": "user", "tokens": 200},
            ],
            "task": f"t-{number // 3}",
            "end_user": f"u-{number % 400}",
            "tool_calls": number % 4,
            "tags": {"team": "blue"},
        }


def requests(events: Iterator[dict[str, object]], *, batch: int, key: str) -> Iterator[bytes]:
    """Whole HTTP requests; a batch of one is the bare event, as a single call would send it."""
    together: list[dict[str, object]] = []
    for event in events:
        together.append(event)
        if len(together) == batch:
            yield _request(together[0] if batch == 1 else {"events": together}, key=key)
            together = []


def _request(content: object, *, key: str) -> bytes:
    body = _ENCODER.encode(content)
    head = (
        "POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
