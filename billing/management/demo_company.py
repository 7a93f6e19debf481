"""The companies of the demo: people, clients, projects, keys and prices, by the same actions as everybody's.

In:   a plan.   Out: a tenant and what is shown once: the owner's and a client viewer's login, an ingest key.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from billing.flow.terms import add_terms
from billing.models import Discount, Markup
from tenants.actions import (
    add_member,
    archive,
    create_client,
    create_key,
    create_project,
    create_tenant,
    set_price_view,
)
from tenants.invitations import invite
from tenants.models import Client, PriceView, Project, Role, User
from tenants.owners import set_owner
from tenants.rotation import rotate_key
from tenants.scoping import tenant_scope

ACTOR = "demo"
ZONE = "Europe/Sofia"
OWNER = "ana@northwind.example"
VIEWER = "vik@acme.example"
INVITED = "niko@northwind.example"


@dataclass(frozen=True, slots=True)
class Customer:
    slug: str
    name: str
    projects: tuple[str, ...]
    view: PriceView = PriceView.COST
    markup: int | None = None
    owner: str = OWNER


@dataclass(frozen=True, slots=True)
class Plan:
    """One company of the demo, before it is made."""

    slug: str
    name: str
    seed: int
    customers: tuple[Customer, ...]
    staff: dict[str, tuple[str, Role]] = field(default_factory=dict)
    discount: int | None = None
    """Per cent off the list that it has agreed with the provider."""

    @property
    def projects(self) -> set[str]:
        return {project for each in self.customers for project in each.projects}


NORTHWIND = Plan(
    "northwind",
    "Northwind Studio",
    seed=7,
    customers=(
        Customer(
            "acme",
            "Acme",
            ("support-bot", "triage", "contract-agent"),
            view=PriceView.BILLED,
            markup=20,
            owner="maria@northwind.example",
        ),
        Customer(
            "fabrikam", "Fabrikam", ("newsletter",), markup=15, owner="georgi@northwind.example"
        ),
        Customer("tailspin", "Tailspin Toys", ("sql-helper",)),
        Customer("wingtip", "Wingtip Archives", ("archive-search",)),
        Customer("litware", "Litware", ("release-agent",), view=PriceView.HIDDEN),
    ),
    staff={
        "maria@northwind.example": ("Maria Ilieva", Role.ADMIN),
        "georgi@northwind.example": ("Georgi Dimov", Role.FINANCE),
        "lena@northwind.example": ("Lena Hristova", Role.MEMBER),
    },
    discount=5,
)
BRIGHTSIDE = Plan(
    "brightside",
    "Brightside",
    seed=8,
    customers=(
        Customer("lucerne", "Lucerne Foods", ("triage", "newsletter")),
        Customer("proseware", "Proseware", ("sql-helper",)),
    ),
)
PLANS = (NORTHWIND, BRIGHTSIDE)


@dataclass(frozen=True, slots=True)
class Made:
    tenant_id: int
    ingest_key: str
    logins: dict[str, str]
    """What is shown once, by label."""


def make_company(plan: Plan, *, since: date, now: datetime) -> Made:
    """The company as it stood on the day `since`, before its first event."""
    new = create_tenant(name=plan.name, slug=plan.slug, owner_email=OWNER, timezone_name=ZONE)
    new.owner.name = "Ana Petrova"
    new.owner.save()
    with tenant_scope(new.tenant.pk):
        for email, (name, role) in plan.staff.items():
            _make_person(email, name, role)
        for customer in plan.customers:
            _make_customer(customer, since=since, now=now)
        if plan.discount:
            discount = Discount(provider="anthropic", percent=Decimal(plan.discount), since=since)
            add_terms(discount, actor=ACTOR, now=now)
        _, key = create_key(actor=ACTOR, name="demo application", scopes=["ingest"])
        if plan is not NORTHWIND:
            return Made(new.tenant.pk, key, {})
        bot = Project.objects.get(slug="support-bot")
        staging, _ = create_key(
            actor=ACTOR, name="support-bot, staging", scopes=["ingest"], project=bot
        )
        rotate_key(staging, actor=new.owner, overlap=timedelta(days=1), now=now)
        _leave_traces(owner=new.owner, now=now)
        viewer = _make_person(VIEWER, "Vik Ivanov", Role.CLIENT, Client.objects.get(slug="acme"))
    logins = {
        "owner": f"{OWNER}  {new.password or '(as before)'}",
        "client viewer": f"{VIEWER}  {viewer or '(as before)'}",
        "ingest key": key,
    }
    return Made(new.tenant.pk, key, logins)


def _leave_traces(*, owner: User, now: datetime) -> None:
    """What a company has after a while: a client of the past, and somebody who has not answered yet."""
    past = create_client(actor=ACTOR, slug="contoso", name="Contoso")
    pilot = create_project(actor=ACTOR, slug="pilot", name="Pilot", client=past)
    archive(pilot, actor=owner, now=now)
    archive(past, actor=owner, now=now)
    asked, _ = invite(actor=owner, email=INVITED, role=Role.MEMBER, now=now)
    asked.mailed_at, asked.sealed_token = now, ""  # nobody is there who could get a mail
    asked.save(update_fields=["mailed_at", "sealed_token"])


def _make_customer(customer: Customer, *, since: date, now: datetime) -> None:
    client = create_client(actor=ACTOR, slug=customer.slug, name=customer.name)
    set_price_view(client, actor=ACTOR, view=customer.view)
    set_owner(client, actor=ACTOR, owner=User.objects.get(email=customer.owner))
    if customer.markup:
        markup = Markup(client_id=client.pk, percent=Decimal(customer.markup), since=since)
        add_terms(markup, actor=ACTOR, now=now)
    for slug in customer.projects:
        name = slug.replace("-", " ").capitalize()
        create_project(actor=ACTOR, slug=slug, name=name, client=client)


def _make_person(email: str, name: str, role: Role, client: Client | None = None) -> str:
    """Returns the first password; empty where the account was there before."""
    membership, password = add_member(actor=ACTOR, email=email, role=role, client=client)
    membership.user.name = name
    membership.user.save()
    return password
