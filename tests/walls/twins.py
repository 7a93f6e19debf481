"""The same data twice, once in Acme and once in Brix, so that a leak shows in names, keys and amounts.

Every text and every amount of one company or client is its own: see `marks`, what others must never read.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from http.cookies import SimpleCookie

from django.test import Client as Browser
from django.utils import timezone

from billing.actions import set_retention
from billing.channels.message import Message
from billing.flow.deliver import enqueue
from billing.flow.proof import prove_changed
from billing.flow.reprice_run import cancel_repricing, plan_repricing
from billing.flow.retention import move_horizon
from billing.flow.send_due import claim_next, record
from billing.flow.set_budget import Counts, NewTerms, set_budget
from billing.flow.set_plan import set_plan
from billing.flow.set_scenario import set_scenario
from billing.flow.switch_off import owners
from billing.flow.terms import add_terms
from billing.flow.void import void
from billing.insights.what_if_run import answer_a_day, ask_what_if, stop_what_if
from billing.models import (
    AgreedPrice,
    Alarm,
    Alert,
    BudgetChannel,
    CacheBreak,
    Channel,
    Discount,
    InsightDay,
    InsightNote,
    InsightSum,
    ListedPrice,
    Markup,
    Patient,
    RepricedDay,
    TaskDay,
    UsageEvent,
    ZoneChange,
)
from billing.money import TOKEN_CLASSES, dollars, plain
from billing.periods import DayRange
from tenants.actions import add_member, create_client, create_key, create_project, revoke_key
from tenants.invitations import invite
from tenants.logos import set_logo
from tenants.models import ApiKey, Client, Membership, Project, Role, User
from tenants.models.keys import KeyScope
from tenants.owners import set_contact, set_owner
from tenants.rotation import rotate_key
from tenants.scoping import dispatch_scope
from tenants.sealed import seal
from tests.factories import Company, World, event, make_world
from tests.pictures import png

# Output tokens of one event: an amount that no other company or client has, nor any sum of others.
OUTPUT = {
    ("acme", "globex"): 1_357_913,
    ("acme", "initech"): 2_468_024,
    ("brix", "globex"): 3_691_215,
    ("brix", "initech"): 4_812_162,
}
PER_MILLION = 15


@dataclass
class Twin:
    """One company's half. `marks` are texts that stand for one client of it; `own` for the company."""

    company: Company
    hidden_client: Client
    hidden_project: Project
    marks: dict[str, set[str]]
    own: set[str] = field(default_factory=set)
    keys: dict[str, str] = field(default_factory=dict)
    """Secrets: per scope, `all` scopes, `bound` to the project support-bot, `revoked`, `expired`."""

    @property
    def id(self) -> int:
        return self.company.tenant.pk

    @property
    def client_id(self) -> int:
        """Globex, whose viewer Vik is."""
        return self.company.clients["globex"].pk

    @property
    def all_marks(self) -> set[str]:
        return self.own.union(*self.marks.values())


@dataclass
class Twins:
    world: World
    acme: Twin
    brix: Twin
    people: dict[str, User]
    sessions: dict[str, SimpleCookie] = field(default_factory=dict)

    def browser(self, name: str, **options: object) -> Browser:
        """A browser in which this person has signed in; `anonymous` has not."""
        browser = Browser(**options)
        if name != "anonymous":
            browser.cookies = SimpleCookie(self.sessions[name].output(header="", sep=";"))
        return browser


def make_twins() -> Twins:
    world, now = make_world(), timezone.now()
    acme, brix = fill(world.acme, now=now), fill(world.brix, now=now)
    list_a_model(now=now)
    people = {"ana": world.ana, "vik": world.vik, "bo": world.bo, "sam": world.sam}
    with world.acme.scope():
        for name, role in {"ada": Role.ADMIN, "fay": Role.FINANCE, "max": Role.MEMBER}.items():
            add_member(actor="test", email=f"{name}@acme.test", role=role)
            people[name] = User.objects.get(email=f"{name}@acme.test")
    with world.brix.scope():
        add_member(
            actor="test",
            email="zoe@globex-of-brix.test",
            role=Role.CLIENT,
            client=world.brix.clients["globex"],
        )
    twins = Twins(world=world, acme=acme, brix=brix, people=people)
    for name, person in people.items():
        browser = Browser()
        browser.force_login(person)
        twins.sessions[name] = browser.cookies
    return twins


def list_a_model(*, now: datetime) -> None:
    """A proposal for everybody: two of its rates are known."""
    with dispatch_scope():
        ListedPrice.objects.create(
            provider="openai",
            model="gpt-listed",
            speed="standard",
            over_prompt_tokens=0,
            input=Decimal(2),
            output=Decimal(8),
            names=[],
            not_mapped=["No price of cache reads."],
            version="a list 1.0",
            checked_on=now.date(),
        )


def fill(company: Company, *, now: datetime) -> Twin:
    """Events of both clients, folded, and some more in the journal; a client and a key that only it has."""
    slug = company.tenant.slug
    company.post(*_events(slug, "globex", at=now), *_events(slug, "initech", at=now))
    company.fold()
    company.post(
        *_events(slug, "globex", at=now, number=2), *_events(slug, "initech", at=now, number=2)
    )
    with company.scope():
        prove_changed(now=now, within=timedelta(seconds=20), choose=min)
        set_retention(2, actor="test")
        move_horizon(now=now)
        change = {"before": "UTC", "wanted": "Asia/Tokyo", "reached": now}
        ZoneChange.objects.create(started_at=now, worked_at=now, finished_at=now, **change)
        for name in ("globex", "initech"):
            void(
                f"source-{name}-{slug}", "v-1", reason=f"void-{name}-{slug}", actor="test", now=now
            )
        _tell(slug, now=now)
        agree(company, now=now)
        owner = Membership.objects.select_related("user").get(role=Role.OWNER).user
        invite(actor=owner, email=f"guest@{slug}.test", role=Role.MEMBER, now=now)
        invite(
            actor=owner,
            email=f"viewer@{slug}.test",
            role=Role.CLIENT,
            client=company.clients["globex"],
            now=now,
        )
        price_again(company, now=now)
        found_at_night(company, now=now)
        planned = company.projects["support-bot"]
        set_plan(planned, models=[f"model-{slug}"], settings={}, actor=f"planner-{slug}")
        ask_at_length(company, now=now)
        set_scenario(f"scenario-{slug}", {}, actor=f"planner-{slug}", now=now)
        client = create_client(actor="test", slug=f"only-{slug}", name=f"Only at {slug}")
        project = create_project(
            actor="test", slug=f"secret-{slug}", name=f"Secret of {slug}", client=client
        )
        for key in ApiKey.objects.all():
            key.name = f"{slug} {key.name}"
            key.save()
        keys = company.keys | _more_keys(company, now=now)
        for each in company.projects.values():
            each.name = f"{each.name} of {slug}"
            each.save()
        _budgets(company, now=now)
        set_logo(png(slug), actor="test")
        for name, each in company.clients.items():
            set_logo(png(f"{name}-{slug}"), actor="test", client=each)
            set_owner(each, actor="test", owner=owner)
            set_contact(each, actor="test", name=f"contact-{name}-{slug}", email=owner.email)
        of_keys = {text for pair in ApiKey.objects.values_list("name", "prefix") for text in pair}
    return Twin(
        company=company,
        hidden_client=client,
        hidden_project=project,
        marks={name: _marks(company, name) for name in ("globex", "initech")},
        own={client.slug, client.name, project.slug, project.name, f"finops@{slug}.test"}
        | {f"guest@{slug}.test", f"viewer@{slug}.test"}
        | {
            f"{kind}-{slug}"
            for kind in (
                "channel",
                "subject",
                "headline",
                "label",
                "value",
                "patient",
                "note",
                "planner",
                "asker",
                "scenario",
            )
        }
        | of_keys
        | written(OUTPUT[slug, "globex"] + OUTPUT[slug, "initech"]),
        keys=keys,
    )


def _tell(slug: str, *, now: datetime) -> None:
    """A channel of the company, a message that it sent there and to its owner, and one attempt."""
    channel = Channel.objects.create(
        kind="email",
        name=f"channel-{slug}",
        shown=f"finops@{slug}.test",
        target=seal(f"finops@{slug}.test"),
    )
    message = Message(
        kind="test",
        subject=f"subject-{slug}",
        headline=f"headline-{slug}",
        facts=((f"label-{slug}", f"value-{slug}"),),
        links=(),
        data={},
    )
    enqueue(message, people=owners(), channels=[channel], about="test")
    claim = claim_next(now=timezone.now())
    record(claim, "accepted", started=now, now=now, between=min)


def _budgets(company: Company, *, now: datetime) -> None:
    """A hard one of each client's project; Globex may see its own. Each has told of something."""
    Alarm.objects.create(kind="spike", is_on=True, floor=Decimal(7))
    owner = Membership.objects.select_related("user").get(role=Role.OWNER).user
    for client, project in {"globex": "support-bot", "initech": "contract-agent"}.items():
        budget = set_budget(
            actor=owner,
            name=f"budget-{client}-{company.tenant.slug}",
            counts=Counts(project=company.projects[project]),
            terms=NewTerms(amount=Decimal(100_000), period="month", owner=owner, hard=True),
            shared=client == "globex",
            now=now,
        )
        BudgetChannel.objects.create(budget=budget, channel=Channel.objects.get())
        Alert.objects.create(
            budget=budget,
            version=1,
            kind="spent",
            since=now.date(),
            until=now.date() + timedelta(days=1),
            threshold=50,
            spent=Decimal(50_000),
            amount=budget.amount,
            headline=f"alert-{client}-{company.tenant.slug}",
            made_at=now,
        )


def agree(company: Company, *, now: datetime) -> None:
    """Terms of every kind. Nothing was or will be priced by them: other models, and days to come."""
    slug, later = company.tenant.slug, now.date() + timedelta(days=400)
    made = {"actor": "test", "now": now}
    rates = dict.fromkeys(TOKEN_CLASSES, Decimal(1))
    terms = {"provider": f"provider-{slug}", "model": f"model-{slug}", "since": later}
    add_terms(
        AgreedPrice(**terms, **rates, source=f"contract-{slug}", checked_on=now.date()), **made
    )
    add_terms(Discount(**terms, percent=Decimal(5)), **made)
    for client in company.clients.values():
        add_terms(Markup(client_id=client.pk, percent=Decimal(15), since=later), **made)


def price_again(company: Company, *, now: datetime) -> None:
    """A run that was counted and would have changed something; nobody applied it."""
    slug, day = company.tenant.slug, now.date()
    run = plan_repricing(
        since=day, until=day + timedelta(days=1), reason=f"run-{slug}", actor="test", now=now
    )
    for client in company.clients.values():
        RepricedDay.objects.create(
            repricing_id=run.pk,
            is_applied=False,
            day=day,
            client_id=client.pk,
            events=1,
            newly_priced=0,
            newly_unpriced=0,
            old_cost=Decimal(1),
            new_cost=Decimal(2),
        )
    cancel_repricing(run, actor="test", now=now)


def ask_at_length(company: Company, *, now: datetime) -> None:
    """A question that was answered for a day and stopped."""
    slug, day = company.tenant.slug, now.date()
    days = DayRange(day, day + timedelta(days=2))
    run = ask_what_if(days, {"per_cent": "-50"}, actor=f"asker-{slug}", now=now)
    answer_a_day(now=now)
    run.refresh_from_db()
    stop_what_if(run, actor="test", now=now)


def found_at_night(company: Company, *, now: datetime) -> None:
    """A break, a task and a sum of each client's project, what was answered, and what can wait."""
    slug, day = company.tenant.slug, now.date()
    InsightDay.objects.create(day=day, built_at=now)
    Patient.objects.create(
        dimension="feature", value=f"patient-{slug}", marked_by="test", marked_at=now
    )
    for client, project in {"globex": "support-bot", "initech": "contract-agent"}.items():
        of = {"day": day, "project_id": company.projects[project].pk}
        last = UsageEvent.objects.filter(source=f"source-{client}-{slug}", event_id="e-1").get()
        cost = Decimal(OUTPUT[slug, client] * PER_MILLION) / 1_000_000
        InsightNote.objects.create(
            insight=f"break:{of['project_id']}:unknown:note-{slug}",
            state="done",
            noted_by=f"note-{slug}",
            noted_at=now,
        )
        TaskDay.objects.create(
            task=f"task-{client}-{slug}",
            turns=2,
            unpriced=0,
            tool_calls=1,
            cost=cost,
            first_cost=cost,
            **of,
        )
        sums = {"events": 1, "tokens": OUTPUT[slug, client], "cost": cost, "saving": cost}
        for kind, label, detail in (
            ("break", "unknown", "claude-sonnet-4-6"),
            ("batch", f"env-{client}-{slug}", f"patient-{slug}"),
        ):
            InsightSum.objects.create(kind=kind, label=label, detail=detail, **sums, **of)
        CacheBreak.objects.create(
            cause="unknown",
            occurred_at=last.occurred_at,
            key=last.key,
            model="claude-sonnet-4-6",
            tokens=OUTPUT[slug, client],
            wasted=cost,
            gap_seconds=1,
            **of,
        )


def _more_keys(company: Company, *, now: datetime) -> dict[str, str]:
    slug, made = company.tenant.slug, {}
    for name, scopes in {"all": KeyScope.values, "bound": ["read"], "revoked": ["read"]}.items():
        project = company.projects["support-bot"] if name == "bound" else None
        key, made[name] = create_key(
            actor="test", name=f"{slug} {name} key", scopes=scopes, project=project
        )
    revoke_key(key, actor="test")
    made["expired"] = create_key(
        actor="test", name=f"{slug} expired key", scopes=KeyScope.values, expires_at=now
    )[1]
    turned, _ = create_key(actor="test", name=f"{slug} turned key", scopes=["read"])
    rotate_key(turned, actor="test", overlap=timedelta(hours=1), now=now)
    return made


def _events(slug: str, client: str, *, at: datetime, number: int = 1) -> list[dict]:
    project = {"globex": "support-bot", "initech": "contract-agent"}[client]
    name = f"{client}-{slug}"
    shared = {
        "project": project,
        "occurred_at": at.isoformat(),
        "source": f"source-{name}",
        "feature": f"feature-{name}",
        "environment": f"env-{name}",
        "session": f"session-{name}",
        "tags": {"team": f"team-{name}"},
    }
    usage = {"input_tokens": 0, "output_tokens": OUTPUT[slug, client]}
    return [
        event(f"e-{number}", **shared, usage=usage, components=[{"name": "user", "tokens": 1}]),
        event(f"u-{number}", **shared, model=f"unheard-of-{name}"),
        event("v-1", **shared),
    ]


def _marks(company: Company, client: str) -> set[str]:
    """Names, slugs and amounts (of one event, of a sum) that only this client of this company has."""
    slug = company.tenant.slug
    name = f"{client}-{slug}"
    project = {"globex": "support-bot", "initech": "contract-agent"}[client]
    kinds = ["source", "feature", "env", "session", "team", "void", "budget", "alert", "contact"]
    texts = {f"{kind}-{name}" for kind in kinds}
    texts |= {f"unheard-of-{name}", company.clients[client].name, company.projects[project].name}
    return texts | written(OUTPUT[slug, client])


def written(tokens: int) -> set[str]:
    """How the tokens and the cost of one event, of one kind's sum, and of everything are written."""
    counts = {tokens, 2 * tokens, 4 * tokens}
    costs = {Decimal(PER_MILLION * each) / 1_000_000 for each in (tokens, 2 * tokens)}
    texts = {str(each) for each in counts} | {f"{each:,}" for each in counts}
    for cost in costs:
        texts |= {plain(cost), dollars(cost), dollars(cost, places=4)}
    return texts
