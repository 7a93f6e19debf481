"""Alarms: what a company wants to hear of that no budget says.

In:   the active tenant's spend of the last four weeks.   Out: alerts to its owners, once each.
A spike:   a project has spent today three times the median of the same weekday, and the floor more than it.
Silence:   a project sent nothing on a whole day whose weekday it used to send on, the floor or more.
Unpriced:  a model without a price turns up.   New model: one is first seen, for the floor or more.
Each is silent where there is too little to compare with: fewer than three of four weeks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from statistics import median

from django.urls import reverse

from billing.channels.message import Link, Message, absolute
from billing.flow.alert import Finding, raise_alerts
from billing.flow.set_alarm import Setting, settings_of_alarms
from billing.models import Alert, DailySpend
from billing.models.alerts import AlertKind
from billing.money import ZERO, dollars, plain
from billing.periods import DayRange, today_in
from billing.reports.measures import Measures
from billing.reports.spend import spend
from billing.watch.words import day_words, links
from tenants.models import Project, Tenant, User

WEEKS = 4
ENOUGH = 3
"""Of the last four same weekdays, so many must have had spend: else there is no habit to compare with."""
TIMES = 3
KNOWN_FOR = timedelta(days=7)
"""A company younger than this has only new models."""
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Heard:
    """One alarm: what it is about, its first sentence, where to look."""

    kind: AlertKind
    subject: str
    day: date
    headline: str
    spent: Decimal
    path: str


def check_alarms(*, now: datetime) -> int:
    """Raise what the active tenant wants to hear of; returns how many were new."""
    tenant = Tenant.objects.get()
    today = today_in(tenant.timezone, now=now)
    settings = {kind: each for kind, each in settings_of_alarms().items() if each.is_on}
    heard = [
        *_of_projects(settings, tenant=tenant, today=today),
        *_of_models(settings, tenant=tenant, today=today),
    ]
    new = _not_told([each for each in heard if each.kind in settings])
    return sum(
        len(raise_alerts(_finding(each), words=partial(_message, tenant, each), now=now))
        for each in new
    )


def _of_projects(
    settings: Mapping[AlertKind, Setting], *, tenant: Tenant, today: date
) -> Iterator[Heard]:
    if not {AlertKind.SPIKE, AlertKind.SILENCE} & settings.keys():
        return
    days = DayRange(today - timedelta(days=7 * WEEKS + 1), today + ONE_DAY)
    spent: dict[str, dict[date, Measures]] = {}
    for row in spend(days, group_by=["project"]).rows:
        if isinstance(row.period, date):
            spent.setdefault(row.keys["project"], {})[row.period] = row.measures
    names = dict(Project.objects.filter(archived_at=None).values_list("slug", "name"))
    for slug, name in names.items():
        project = _OneProject(slug, name, spent.get(slug, {}), tenant)
        yield from project.spike(today, settings.get(AlertKind.SPIKE))
        yield from project.silence(today, settings.get(AlertKind.SILENCE))


@dataclass(frozen=True, slots=True)
class _OneProject:
    slug: str
    name: str
    by_day: Mapping[date, Measures]
    tenant: Tenant

    def spike(self, today: date, setting: Setting | None) -> Iterator[Heard]:
        usual = _usual(self.by_day, today)
        if setting is None or usual is None or today not in self.by_day:
            return
        spent = self.by_day[today].cost
        if spent >= TIMES * usual and spent - usual >= setting.floor:
            said = f"{self.name} has spent {dollars(spent)} today; {self._habit(today, usual)}"
            yield Heard(AlertKind.SPIKE, self.slug, today, said, spent, self.path)

    def silence(self, today: date, setting: Setting | None) -> Iterator[Heard]:
        yesterday = today - ONE_DAY
        usual = _usual(self.by_day, yesterday)
        if setting is None or not usual or {yesterday, today} & self.by_day.keys():
            return
        if usual >= setting.floor:
            said = f"{self.name} sent nothing on {day_words(yesterday)}; {self._habit(yesterday, usual)}"
            yield Heard(AlertKind.SILENCE, self.slug, yesterday, said, ZERO, self.path)

    @property
    def path(self) -> str:
        return reverse("project", args=[self.tenant.slug, self.slug])

    def _habit(self, day: date, usual: Decimal) -> str:
        return f"a {day:%A} usually costs {dollars(usual)}."


def _usual(by_day: Mapping[date, Measures], day: date) -> Decimal | None:
    """The median of the same weekday in the four weeks before, where there is a habit."""
    before = [by_day.get(day - timedelta(weeks=week)) for week in range(1, WEEKS + 1)]
    costs = [each.cost for each in before if each is not None]
    if len(costs) < ENOUGH:
        return None
    return median([*costs, *[ZERO] * (WEEKS - len(costs))])


def _of_models(
    settings: Mapping[AlertKind, Setting], *, tenant: Tenant, today: date
) -> Iterator[Heard]:
    if not {AlertKind.UNPRICED, AlertKind.NEW_MODEL} & settings.keys():
        return
    yesterday = today - ONE_DAY
    rows = spend(DayRange(yesterday, today + ONE_DAY), granularity="total", group_by=["model"]).rows
    seen = {row.keys["model"]: row.measures for row in rows}
    older = DailySpend.objects.filter(day__lt=yesterday, events__gt=0)
    known = set(older.filter(model__in=seen).values_list("model", flat=True).distinct())
    unpriced = set(
        older.filter(model__in=seen, priced=False).values_list("model", flat=True).distinct()
    )
    has_history = older.filter(day__lt=today - KNOWN_FOR).exists()
    path = reverse("overview", args=[tenant.slug])
    for model, measures in seen.items():
        if measures.unpriced_events and model not in unpriced:
            events = "event" if measures.unpriced_events == 1 else "events"
            said = (
                f"{model} has no price: {measures.unpriced_events} {events} cost an unknown amount."
            )
            yield Heard(AlertKind.UNPRICED, model, today, said, ZERO, path)
        setting = settings.get(AlertKind.NEW_MODEL)
        is_new = has_history and model not in known and not measures.unpriced_events
        if setting and is_new and measures.cost >= setting.floor:
            said = f"{model} is in use for the first time: {dollars(measures.cost)} so far."
            yield Heard(AlertKind.NEW_MODEL, model, today, said, measures.cost, path)


def _not_told(heard: Sequence[Heard]) -> list[Heard]:
    """Models are told of once for ever, the rest once a day, which the key sees to."""
    once = (AlertKind.UNPRICED, AlertKind.NEW_MODEL)
    told = set(Alert.objects.filter(kind__in=once).values_list("kind", "subject"))
    return [each for each in heard if (each.kind.value, each.subject) not in told]


def _finding(heard: Heard) -> Finding:
    day = DayRange(heard.day, heard.day + ONE_DAY)
    return Finding(kind=heard.kind, period=day, subject=heard.subject, spent=heard.spent)


def _message(tenant: Tenant, heard: Heard, alerts: Sequence[Alert], person: User | None) -> Message:
    kind = {
        AlertKind.SPIKE: "spend.spike",
        AlertKind.SILENCE: "spend.silence",
        AlertKind.UNPRICED: "model.unpriced",
        AlertKind.NEW_MODEL: "model.new",
    }[heard.kind]
    look = Link("Have a look", absolute(heard.path))
    return Message(
        kind=kind,
        subject=f"{heard.subject}: {heard.kind.label}",
        headline=heard.headline,
        facts=(("Day", f"{heard.day:%A}, {day_words(heard.day)} ({tenant.timezone})"),),
        links=(*links(tenant, alerts[-1], person), look),
        data={
            "alert": alerts[-1].pk,
            "subject": heard.subject,
            "day": heard.day.isoformat(),
            "spent": plain(heard.spent),
        },
    )
