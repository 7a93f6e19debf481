"""Ranked: every insight of the last thirty days as a sentence with dollars, what saves most first.

In:   what nights wrote down, caching from the rollups, what people marked and answered.
Out:  insights, each with the dollars that pricing the same events again confirms, and their number.
Promises: silent below a dollar a month. Savings overlap, so they are never added up.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from django.db import connection

from billing.flow.store import Bound
from billing.insights.caching import by_project_and_model, caching
from billing.models import InsightNote, Patient
from billing.models.insights import SumKind
from billing.money import EXACT, ZERO, dollars, total
from billing.periods import DayRange
from tenants.scoping import active_scope

LEAST: Final = Decimal(1)
MONTH: Final = timedelta(days=30)

FIXES: Final[Mapping[str, str]] = {
    "lifetime_expired": "Calls come more than five minutes apart: write the cache for an hour, if the insight"
    " on lifetimes agrees.",
    "model_switched": "Each model has a cache of its own: stay with one model within a conversation.",
    "system_changed": "The system fingerprint changes between calls: is there a timestamp or a name in it?",
    "tools_changed": "The tool definitions change between calls: keep them all, and in one order.",
    "context_changed": "Documents stand before the history and change: put them behind it.",
    "messages_changed": "Earlier messages are edited or dropped: append only, or cut rarely and much at once.",
    "partial_miss": "A part of the prompt that was cached is not found: send fingerprints of its components to"
    " see which.",
    "unknown": "Nothing that was reported has changed: look at options such as tool choice or images, or send"
    " fingerprints.",
}
CAUSE_NAMES: Final[Mapping[str, str]] = {
    "lifetime_expired": "its lifetime was over",
    "model_switched": "the model was another",
    "system_changed": "the system prompt had changed",
    "tools_changed": "the tools had changed",
    "context_changed": "the documents had changed",
    "messages_changed": "earlier messages had changed",
    "partial_miss": "only a part was found",
    "unknown": "it was not found",
}

SUMS: Final = """
SELECT p.slug, s.project_id, s.kind, s.label, s.detail, sum(s.events), sum(s.tokens), sum(s.cost), sum(s.saving)
FROM billing_insightsum s JOIN tenants_project p ON p.tenant_id = s.tenant_id AND p.id = s.project_id
WHERE s.tenant_id = %(tenant)s AND s.day >= %(since)s AND s.day < %(until)s
    AND s.kind = ANY(%(kinds)s) AND (%(project)s = '' OR p.slug = %(project)s)
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 3, 4, 5
"""


class Found(NamedTuple):
    """One sum of a span of days."""

    project: str
    project_id: int
    kind: str
    label: str
    detail: str
    events: int
    tokens: int
    cost: Decimal
    saving: Decimal


@dataclass(frozen=True, slots=True)
class Insight:
    """`monthly` is what the last thirty days would have saved. `key` stays the same from day to day."""

    key: str
    kind: str
    project: str
    monthly: Decimal
    events: int
    says: str
    fix: str
    label: str = ""
    """What its project does not say: the cause of a break, an environment, a model, tokens of a prompt."""
    state: str = ""
    noted_by: str = ""
    noted_at: datetime | None = None


def found_sums(days: DayRange, *, kinds: Iterable[SumKind], project: str = "") -> list[Found]:
    """What nights wrote down for these days, added up."""
    asked: Bound = {
        "tenant": active_scope().tenant_id,
        "since": days.since,
        "until": days.until,
        "kinds": [kind.value for kind in kinds],
        "project": project,
    }
    with connection.cursor() as cursor:
        cursor.execute(SUMS, asked)
        return [
            Found(slug, project_id, kind, label, detail, int(events), int(tokens), cost, saving)
            for slug, project_id, kind, label, detail, events, tokens, cost, saving in cursor.fetchall()
        ]


def month_to(last: date) -> DayRange:
    """Thirty days, the last one among them."""
    return DayRange(last - MONTH + timedelta(days=1), last + timedelta(days=1))


def ranked(
    *, today: date, project: str = "", patient: Iterable[Patient] | None = None
) -> list[Insight]:
    """The active tenant's insights of the last thirty days; those that were answered come last.

    `patient`: what can wait, where the caller has read it already.
    """
    days = month_to(today)
    kinds = (SumKind.BREAK, SumKind.LIFETIME, SumKind.TRIM, SumKind.BATCH, SumKind.IDLE)
    sums = found_sums(days, kinds=kinds, project=project)
    marks = Patient.objects.all() if patient is None else patient
    waits = {(each.dimension, each.value) for each in marks}
    found = [
        *_breaks(sums),
        *_lifetimes(sums),
        *_long_prompts(sums),
        *_batches(sums, waits),
        *_idle(sums),
        *_useless_caches(days, project),
    ]
    told = [each for each in found if each.monthly >= LEAST]
    notes = {note.insight: note for note in InsightNote.objects.all()} if told else {}
    told = [_noted(each, notes.get(each.key)) for each in told]
    return sorted(told, key=lambda each: (each.state != "", -each.monthly, each.key))


def _noted(insight: Insight, note: InsightNote | None) -> Insight:
    if note is None:
        return insight
    return replace(insight, state=note.state, noted_by=note.noted_by, noted_at=note.noted_at)


def _calls(events: int) -> str:
    return f"{events:,} call{'' if events == 1 else 's'}"


def _of(sums: Iterable[Found], kind: SumKind) -> Iterator[Found]:
    return (each for each in sums if each.kind == kind)


def _breaks(sums: list[Found]) -> Iterator[Insight]:
    groups: dict[tuple[str, int, str], list[Found]] = {}
    for each in _of(sums, SumKind.BREAK):
        groups.setdefault((each.project, each.project_id, each.label), []).append(each)
    for (project, project_id, cause), rows in groups.items():
        saving, events = total(each.saving for each in rows), sum(each.events for each in rows)
        yield Insight(
            key=f"break:{project_id}:{cause}",
            kind="break",
            project=project,
            monthly=saving,
            events=events,
            says=f"{_calls(events)} of {project} wrote to the cache again what they could have read, since"
            f" {CAUSE_NAMES[cause]}: {dollars(saving)} in 30 days.",
            fix=FIXES[cause],
            label=cause,
        )


def _lifetimes(sums: list[Found]) -> Iterator[Insight]:
    for each in _of(sums, SumKind.LIFETIME):
        if not each.tokens:
            continue
        now, other = (
            ("five minutes", "an hour") if each.label == "1h" else ("an hour", "five minutes")
        )
        yield Insight(
            key=f"lifetime:{each.project_id}:{each.label}:{each.detail}",
            kind="lifetime",
            project=each.project,
            monthly=each.saving,
            events=each.events,
            says=f"{each.project} writes its cache on {each.detail} for {now}. For {other}, with the same"
            f" pauses between calls, it would have cost {dollars(each.saving)} less in 30 days.",
            fix=f"Set the lifetime of the cache to {other}.",
            label=each.detail,
        )


def _long_prompts(sums: list[Found]) -> Iterator[Insight]:
    """Of the limits only the one that saves a tenth of what these prompts cost, and as late as possible."""
    groups: dict[tuple[str, int], dict[int, list[Found]]] = {}
    for each in _of(sums, SumKind.TRIM):
        limits = groups.setdefault((each.project, each.project_id), {})
        limits.setdefault(int(each.label), []).append(each)
    for (project, project_id), limits in groups.items():
        for limit in sorted(limits, reverse=True):
            saving = total(each.saving for each in limits[limit])
            cost = total(each.cost for each in limits[limit])
            events = sum(each.events for each in limits[limit])
            if EXACT.multiply(saving, Decimal(10)) >= cost:
                yield Insight(
                    key=f"trim:{project_id}:{limit}",
                    kind="trim",
                    project=project,
                    monthly=saving,
                    events=events,
                    says=f"{_calls(events)} of {project} had prompts of more than {limit:,} tokens. Cut to"
                    f" that, they would have cost at least {dollars(saving)} less of {dollars(cost)}"
                    " in 30 days.",
                    fix="Compact the history or send fewer documents. What it does to the cache is extra.",
                    label=str(limit),
                )
                break


def _batches(sums: list[Found], patient: set[tuple[str, str]]) -> Iterator[Insight]:
    groups: dict[tuple[str, int], list[Found]] = {}
    for each in _of(sums, SumKind.BATCH):
        if ("environment", each.label) in patient or ("feature", each.detail) in patient:
            groups.setdefault((each.project, each.project_id), []).append(each)
    for (project, project_id), rows in groups.items():
        saving, events = total(each.saving for each in rows), sum(each.events for each in rows)
        yield Insight(
            key=f"batch:{project_id}",
            kind="batch",
            project=project,
            monthly=saving,
            events=events,
            says=f"{_calls(events)} of {project} can wait, as you marked. As batches they would have cost"
            f" {dollars(saving)} less in 30 days.",
            fix="Send them through the batch API: the same answers within a day.",
        )


def _idle(sums: list[Found]) -> Iterator[Insight]:
    """What was spent beside production while nobody is at work. Whether it can go only people know."""
    for each in _of(sums, SumKind.IDLE):
        yield Insight(
            key=f"idle:{each.project_id}:{each.label}",
            kind="idle",
            project=each.project,
            monthly=each.cost,
            events=each.events,
            says=f"{each.project} spent {dollars(each.cost)} in {each.label} at night and on weekends,"
            " in 30 days.",
            fix="Is somebody there? If not, stop what runs by itself.",
            label=each.label,
        )


def _useless_caches(days: DayRange, project: str) -> Iterator[Insight]:
    report = caching(days, granularity="total", project=project)
    for each in by_project_and_model(report.rows):
        lost = EXACT.minus(each.measures.saving) if each.measures.saving < ZERO else ZERO
        yield Insight(
            key=f"cache:{each.project}:{each.model}",
            kind="cache",
            project=each.project,
            monthly=lost,
            events=each.measures.events,
            says=f"Caching in {each.project} on {each.model} cost {dollars(lost)} more than it saved,"
            " in 30 days.",
            fix="What is written is hardly read: cache only what the next call sends again.",
            label=each.model,
        )
