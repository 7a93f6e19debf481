"""Week: what a company spent last week and what would change it, by mail to its owners as a new week begins.

In:   spend of two weeks, ranked insights, what was answered.   Out: one delivery per owner.
Promises: once a week and person, whichever worker comes first, since the delivery's key names the week. Silent
      after two weeks without an event. Who does not want it says so once, by the link in it.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.core import signing
from django.urls import reverse

from billing.channels.message import Link, Message, absolute
from billing.flow.deliver import enqueue
from billing.insights.ranked import Insight, ranked
from billing.models import Delivery, InsightNote
from billing.money import EXACT, ZERO, dollars, minus, plain
from billing.periods import DayRange, preset_range, today_in
from billing.reports.beside import spend_beside
from billing.reports.measures import SpendReport
from billing.reports.movers import movers
from tenants.models import Client, Membership, Project, Role, Tenant, User

AT = time(7)
"""Of the first day of a week, in the company's zone: the night has looked at the last one."""
CATCH_UP = timedelta(days=2)
"""How long after that it is still sent, should nobody have been there to send it."""
INSIGHTS = CLIENTS = 3
SALT = "billing.week"


class BadLink(ValueError):
    """Not a link that was mailed."""


@dataclass(frozen=True, slots=True)
class Week:
    """All that the words are made of."""

    tenant: Tenant
    days: DayRange
    now: SpendReport
    before: SpendReport
    insights: tuple[Insight, ...]
    """Those that nobody has answered, what saves most first."""
    done: tuple[str, ...]
    """Who marked insights as done last week, a name for each."""


def tell_week(*, now: datetime) -> int:
    """Write the mails of the active tenant's last week, if it is time; returns how many."""
    tenant = Tenant.objects.get()
    zone = ZoneInfo(tenant.timezone)
    today = today_in(tenant.timezone, now=now)
    days = preset_range("last-week", today=today, week_starts_on=tenant.week_starts_on)
    begins = datetime.combine(days.until, AT, zone)
    about = f"week:{days.since}"
    if not begins <= now < begins + CATCH_UP or Delivery.objects.filter(about=about).exists():
        return 0
    people = readers()
    week = week_of(tenant, days) if people else None
    if week is None:
        return 0
    return sum(
        enqueue(week_message(week, each), people=[each], about=about, now=now) for each in people
    )


def readers() -> list[User]:
    """The owners who have not said that they do not want it."""
    rows = Membership.objects.filter(role=Role.OWNER, week_mail=True, user__is_active=True)
    return [each.user for each in rows.select_related("user").order_by("user_id")]


def week_token(tenant_id: int, user_id: int) -> str:
    """What the link that ends the mail of one person says. It holds for ever."""
    return signing.dumps([tenant_id, user_id], salt=SALT)


def read_link(token: str) -> tuple[int, int]:
    """Tenant and person of a link; BadLink for one that was altered."""
    try:
        tenant_id, user_id = signing.loads(token, salt=SALT)
        return int(tenant_id), int(user_id)
    except (signing.BadSignature, TypeError, ValueError) as error:
        raise BadLink("This link is not valid.") from error


def week_of(tenant: Tenant, days: DayRange) -> Week | None:
    """What there is to say of these seven days; None after two weeks without an event."""
    now, before = spend_beside(days, days.previous(), group_by=("client", "project"))
    if not now.total.events and not before.total.events:
        return None
    zone = ZoneInfo(tenant.timezone)
    since, until = (datetime.combine(each, time(), zone) for each in (days.since, days.until))
    notes = InsightNote.objects.filter(state="done", noted_at__gte=since, noted_at__lt=until)
    found = ranked(today=days.last)
    return Week(
        tenant,
        days,
        now,
        before,
        insights=tuple(each for each in found if not each.state)[:INSIGHTS],
        done=tuple(notes.order_by("noted_at").values_list("noted_by", flat=True)),
    )


def week_message(week: Week, person: User) -> Message:
    """The mail for one person, with a link of their own that ends it."""
    slug = week.tenant.slug
    stop = absolute(reverse("week_mail_link", args=[week_token(week.tenant.pk, person.pk)]))
    spent = _spent(week)
    return Message(
        kind="week",
        subject=f"{week.tenant.name}: {spent} last week",
        headline=f"{week.tenant.name} spent {spent} from {week.days.label}, {_change(week)}.",
        facts=tuple(_facts(week)),
        links=(
            Link("Insights", absolute(reverse("insights", args=[slug]))),
            Link("Overview", absolute(reverse("overview", args=[slug]))),
            Link("Stop this mail", stop),
        ),
        data={
            "since": week.days.since.isoformat(),
            "until": week.days.until.isoformat(),
            "timezone": week.tenant.timezone,
            "spent": plain(week.now.total.cost),
            "spent_before": plain(week.before.total.cost),
            "unpriced_events": week.now.total.unpriced_events,
            "insights": [
                {"key": each.key, "monthly": plain(each.monthly)} for each in week.insights
            ],
        },
        unsubscribe=stop,
    )


def _spent(week: Week) -> str:
    least = "at least " if week.now.total.unpriced_events else ""
    return f"{least}{dollars(week.now.total.cost)}"


def _change(week: Week) -> str:
    before = week.before.total
    change = minus(week.now.total.cost, before.cost)
    if not before.events:
        return "nothing in the week before"
    if not change:
        return "as much as in the week before"
    amount, more = dollars(abs(change)), "more" if change > 0 else "less"
    about = "about " if before.unpriced_events or week.now.total.unpriced_events else ""
    return f"{about}{amount} {more} than in the week before"


def _facts(week: Week) -> list[tuple[str, str]]:
    facts = [("Days", f"{week.days.label} ({week.tenant.timezone})")]
    if clients := _clients(week):
        facts.append(("Clients", clients))
    if mover := _mover(week):
        facts.append(("Biggest mover", mover))
    saving = week.now.total.saving
    if saving:
        words = "saved {}" if saving > 0 else "cost {} more than it saved"
        facts.append(("Caching", words.format(dollars(abs(saving)))))
    if count := week.now.total.unpriced_events:
        events = "event" if count == 1 else "events"
        facts.append(("Unpriced", f"{count:,} {events}, so the true figure is higher."))
    facts += [("Worth a look", each.says) for each in week.insights]
    if week.done:
        by = ", ".join(f"{name} ({count})" for name, count in Counter(week.done).items())
        facts.append(("Marked as done", by))
    return facts


def _clients(week: Week) -> str:
    sums = _sums(week.now, "client")
    names = dict(Client.objects.filter(slug__in=sums).values_list("slug", "name"))
    largest = sorted(sums, key=lambda slug: (-sums[slug], slug))
    said = [f"{names.get(slug, slug)} {dollars(sums[slug])}" for slug in largest[:CLIENTS]]
    more = len(largest) - CLIENTS
    return ", ".join(said) + (f" and {more} more" if more > 0 else "")


def _mover(week: Week) -> str:
    found = movers(_sums(week.now, "project"), _sums(week.before, "project"))
    if not found or not week.before.total.events:
        return ""
    name = Project.objects.filter(slug=found[0].key).values_list("name", flat=True).first()
    change = found[0].change
    return f"{name or found[0].key} {'+' if change > 0 else ''}{dollars(change)}"


def _sums(report: SpendReport, key: str) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for row in report.rows:
        name = row.keys[key]
        sums[name] = EXACT.add(sums.get(name, ZERO), row.measures.cost)
    return sums
