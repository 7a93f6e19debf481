"""Events: the newest of the ledger page by page, and why one event costs what it costs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from billing.flow.book import price_book, read_book
from billing.flow.components import Share, calls_of, split_event
from billing.flow.extras import raw_usage
from billing.flow.price import Line, PriceBook, PriceEntry, Unpriced, explain
from billing.flow.retention import kept_until
from billing.flow.usage import Counts, Usage, read_usage
from billing.flow.validate import identity
from billing.models import EventCorrection, EventKey, Retention, UsageEvent
from billing.money import TOKEN_CLASSES, total
from billing.reports.event_filters import condition
from billing.reports.history import CostStep, Standing, cost_history, standing, steps_of
from tenants.models import Client, Project

PAGE = 100
FACTS = (
    "stop_reason",
    "session",
    "task",
    "end_user",
    "streamed",
    "tool_calls",
    "components",
    "tags",
)


@dataclass(frozen=True, slots=True)
class EventSummary:
    """One event of a list. `cost` is None when it is unpriced."""

    key: UUID
    source: str
    id: str
    occurred_at: datetime
    received_at: datetime
    client: str
    project: str
    provider: str
    model: str
    variant: str
    feature: str
    environment: str
    tokens: dict[str, int]
    cost: Decimal | None
    unpriced_reason: str
    is_void: bool
    """It was taken back: it counts nothing, and `cost` is what it counted."""


@dataclass(frozen=True, slots=True)
class EventPage:
    events: list[EventSummary]
    next_cursor: str
    """'' on the last page."""


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """A line of the price, with the book's row behind it."""

    line: Line
    price: PriceEntry


@dataclass(frozen=True, slots=True)
class EventDetail:
    summary: EventSummary
    lines: list[ExplainedLine]
    """Empty for an unpriced or free event. Their exact sum is the cost."""
    usage: dict[str, object]
    """The provider's object as it was reported."""
    facts: dict[str, object]
    """The optional fields that the event came with."""
    split: list[Share]
    """What each component of the prompt, and the answer, cost; empty where nobody says, or without lines."""
    cost_uncached: Decimal | None
    history: list[CostStep]
    """What was changed since, oldest first; nothing was overwritten."""
    kept_until: date | None
    """From this day (UTC) on the ledger may let it go, as the tenant has it set; None: never."""


class CursorError(ValueError):
    """The cursor is not one that a page handed out."""


def events(
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str = "",
    limit: int = PAGE,
    **filters: str,
) -> EventPage:
    """Events from newest to oldest, [since, until); ties are ordered by identity, so no page loses one.

    `filters`: a value of any dimension but component and token class, as a report of spend shows it; a session,
    a task; digits as `prompt_above`; `yes` as `idle`.
    """
    rows = _events().order_by("-occurred_at", "-key")
    if since:
        rows = rows.filter(occurred_at__gte=since)
    if until:
        rows = rows.filter(occurred_at__lt=until)
    for name, value in filters.items():
        rows = rows.filter(condition(name, value)) if value else rows
    if cursor:
        at, key = _read_cursor(cursor)
        rows = rows.filter(Q(occurred_at__lt=at) | Q(key__lt=key), occurred_at__lte=at)
    found = list(rows[: limit + 1])
    steps = steps_of([event for event in found[:limit] if event.has_steps])  # type: ignore[attr-defined]
    page = [_summary(event, standing(event, steps.get(event.key, ()))) for event in found[:limit]]
    more = len(found) > limit
    return EventPage(page, _cursor(page[-1]) if more else "")


def event_detail(source: str, event_id: str) -> EventDetail | None:
    """The event of an identity with its lines, or None when this tenant (or viewer) has no such event."""
    return _detail([identity(source, event_id)])


def event_at(address: str) -> EventDetail | None:
    """The event at `source/id`, where `-` stands for no source.

    Both texts may hold slashes and a source may be `-`, so every reading of the address is tried, with one
    query; of several that exist the one with the shortest source is meant.
    """
    return _detail([identity(source, event_id) for source, event_id in _readings(address)])


def _readings(address: str) -> Iterator[tuple[str, str]]:
    for place, sign in enumerate(address):
        source, event_id = address[:place], address[place + 1 :]
        if sign == "/" and source and event_id:
            if source == "-":
                yield "", event_id
            yield source, event_id


def _detail(identities: Sequence[str]) -> EventDetail | None:
    """The first of these identities that is there."""
    keys = {each.key.hex: each for each in EventKey.objects.filter(key__in=identities)}
    key = next((keys[each] for each in identities if each in keys), None)
    if key is None:
        return None
    kept = _events().annotate(kept_months=Subquery(Retention.objects.values("months")[:1]))
    event = kept.filter(occurred_at=key.occurred_at, key=key.key).first()
    if event is None:
        return None
    steps = steps_of([event]).get(event.key, ()) if event.has_steps else ()  # type: ignore[attr-defined]
    now, months = standing(event, steps), event.kept_months
    raw = raw_usage(event.extras, tokens=_tokens(event), variant=event.variant)
    usage = read_usage(raw, model=event.model, stop_reason=event.stop_reason)
    lines = _lines(event, now, usage)
    return EventDetail(
        summary=_summary(event, now),
        lines=lines,
        usage=raw,
        split=_split(event, usage, lines),
        facts={
            name: getattr(event, name) for name in FACTS if getattr(event, name) not in ("", None)
        },
        cost_uncached=now.cost_uncached,
        history=cost_history(event, steps),
        kept_until=kept_until(event.occurred_at, months=months) if months else None,
    )


def _lines(event: UsageEvent, now: Standing, usage: Usage) -> list[ExplainedLine]:
    """The lines by today's book or, where it has changed, by the one of the day; none if neither adds up."""
    if now.price_id is None:
        return []
    for book in _books(now.priced_at):
        lines = explain(book, provider=event.provider, occurred_at=event.occurred_at, usage=usage)
        if isinstance(lines, Unpriced) or total(line.cost for line in lines) != now.cost:
            continue
        ids = {line.price_id for line in lines}
        if now.price_id in ids or not ids:
            rows = {row.id: row for row in (*book.entries, *book.agreed)}
            return [ExplainedLine(line, rows[line.price_id]) for line in lines]
    return []


def _split(event: UsageEvent, usage: Usage, lines: Sequence[ExplainedLine]) -> list[Share]:
    if not lines:
        return []
    said = [(each["name"], each["tokens"]) for each in event.components or ()]
    return split_event(said, calls=calls_of(usage, lines=[each.line for each in lines]))


def _books(moment: datetime) -> Iterator[PriceBook]:
    yield price_book()
    yield read_book(at=moment)


def _events() -> QuerySet[UsageEvent]:
    """Events with the names of where they are booked, and whether anything became of them since."""
    steps = EventCorrection.objects.filter(occurred_at=OuterRef("occurred_at"), key=OuterRef("key"))
    return UsageEvent.objects.annotate(
        has_steps=Exists(steps),
        client_slug=Subquery(Client.objects.filter(pk=OuterRef("client_id")).values("slug")),
        project_slug=Subquery(Project.objects.filter(pk=OuterRef("project_id")).values("slug")),
    )


def _summary(event: UsageEvent, now: Standing) -> EventSummary:
    return EventSummary(
        key=event.key,
        source=event.source,
        id=event.event_id,
        occurred_at=event.occurred_at,
        received_at=event.received_at,
        client=event.client_slug,  # type: ignore[attr-defined]
        project=event.project_slug,  # type: ignore[attr-defined]
        provider=event.provider,
        model=event.model,
        variant=event.variant,
        feature=event.feature,
        environment=event.environment,
        tokens=dict(zip(TOKEN_CLASSES, _tokens(event), strict=True)),
        cost=now.cost,
        unpriced_reason=now.unpriced_reason,
        is_void=now.is_void,
    )


def _tokens(event: UsageEvent) -> Counts:
    return (
        event.tokens_input,
        event.tokens_cache_write_5m,
        event.tokens_cache_write_1h,
        event.tokens_cache_read,
        event.tokens_output,
        event.tokens_web_search,
    )


def _cursor(last: EventSummary) -> str:
    return f"{last.occurred_at.astimezone(UTC):%Y%m%dT%H%M%S.%f}-{last.key.hex}"


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    at, _, key = cursor.partition("-")
    try:
        return datetime.strptime(at, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC), UUID(hex=key)
    except ValueError as error:
        raise CursorError("cursor is not one that a page handed out.") from error
