"""Sessions: read one day of the ledger session by session, and add up what other choices had saved.

In:   the events of a day with an hour on both sides.   Out: breaks of the cache, and sums of savings.
Promises: each figure is a difference of two prices of the engine; an event whose cost the book does not
      explain, or which has none, adds nothing. Memory holds one session at a time.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import connection
from msgspec import Struct

from billing.flow.price import PriceBook
from billing.flow.price_book import OTHER, PRIORITY
from billing.flow.store import CLASS_COSTS, TOKENS, Bound
from billing.insights.again import INPUT, READ, WRITE_1H, WRITE_5M, Standing, moved, saving
from billing.insights.breaks import EXPIRED, FIVE_MINUTES, Call, Link, Piece, follow
from billing.models.insights import SumKind
from billing.money import EXACT, ZERO

TRIMS: Final = (50_000, 100_000, 200_000)
FETCHED: Final = 2_000

STANDING: Final = f"""
fixed AS MATERIALIZED (
    SELECT occurred_at, key, sum(events) AS events, sum({" + ".join(CLASS_COSTS)}) AS cost
    FROM billing_eventcorrection
    WHERE tenant_id = %(tenant)s AND occurred_at >= %(from)s AND occurred_at < %(to)s GROUP BY 1, 2
), standing AS (
    SELECT e.*, {" + ".join(f"e.{name}" for name in CLASS_COSTS)} + coalesce(f.cost, 0) AS cost,
        1 + coalesce(f.events, 0) AS counts,
        e.tokens_input + e.tokens_cache_write_5m + e.tokens_cache_write_1h + e.tokens_cache_read AS prompt
    FROM billing_usageevent e LEFT JOIN fixed f ON f.occurred_at = e.occurred_at AND f.key = e.key
    WHERE e.tenant_id = %(tenant)s AND e.occurred_at >= %(from)s AND e.occurred_at < %(to)s
)"""  # noqa: S608  built from constants only

EVENTS: Final = f"""
WITH {STANDING}
SELECT session, occurred_at, key, project_id, provider, model, variant, cost, components::text,
    (extras IS NULL OR NOT extras ? 'iterations') AND variant NOT IN ('{PRIORITY}', '{OTHER}')
        AND NOT (stop_reason = 'refusal' AND tokens_output = 0) AND cost > 0,
    {", ".join(TOKENS)}
FROM standing
WHERE counts > 0 AND (prompt > {min(TRIMS)}
    OR tokens_cache_write_5m + tokens_cache_write_1h + tokens_cache_read > 0)
ORDER BY project_id, session, occurred_at, key
"""  # noqa: S608  built from constants only

Key = tuple[int, str, str, str]
"""Project, kind, label, detail."""


class Event(Struct, frozen=True):
    session: str
    key: UUID
    project_id: int
    standing: Standing
    pieces: tuple[Piece, ...]
    is_plain: bool


class FoundBreak(Struct, frozen=True):
    event: Event
    cause: str
    tokens: int
    wasted: Decimal
    gap_seconds: int


@dataclass(slots=True)
class Sum:
    events: int = 0
    tokens: int = 0
    cost: Decimal = ZERO
    saving: Decimal = ZERO

    def add(self, event: Event, *, tokens: int, saving: Decimal) -> None:
        self.events += 1
        self.tokens += tokens
        self.cost = EXACT.add(self.cost, event.standing.cost)
        self.saving = EXACT.add(self.saving, saving)


@dataclass(slots=True)
class Findings:
    breaks: list[FoundBreak] = field(default_factory=list)
    sums: dict[Key, Sum] = field(default_factory=dict)

    def at(self, event: Event, kind: SumKind, label: str, detail: str) -> Sum:
        return self.sums.setdefault((event.project_id, kind.value, label, detail), Sum())


def look_at_sessions(
    book: PriceBook, window: Bound, *, since: datetime, until: datetime
) -> Findings:
    """What the events of [since, until) say; `window` is read, an hour more on both sides."""
    found = Findings()
    for session in _sessions(window):
        calls = [_call(each) for each in session]
        alone = not session[0].session
        links = [Link(None, 0, False, None)] * len(calls) if alone else follow(calls)
        for event, link in zip(session, links, strict=True):
            if since <= event.standing.at < until and event.is_plain:
                _look_at(book, event, link, found)
    return found


def _sessions(window: Bound) -> Iterator[list[Event]]:
    """Sessions of one project; events without a session stand alone."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(EVENTS, window)
        rows = iter(lambda: cursor.fetchmany(FETCHED), [])
        events = (_event(row) for chunk in rows for row in chunk)
        for (_, session), group in groupby(
            events, key=lambda each: (each.project_id, each.session)
        ):
            if session:
                yield list(group)
            else:
                yield from ([each] for each in group)


_pieces = msgspec.json.Decoder(tuple[Piece, ...]).decode


def _event(row: tuple[Any, ...]) -> Event:
    session, at, key, project, provider, model, variant, cost, components, is_plain, *tokens = row
    a, b, c, d, e, f = tokens
    standing = Standing(at, provider, model, variant, (a, b, c, d, e, f), cost)
    return Event(session, key, project, standing, _pieces(components or "[]"), is_plain)


def _call(event: Event) -> Call:
    of = event.standing
    return Call(of.at, of.model, of.tokens, event.pieces)


def _look_at(book: PriceBook, event: Event, link: Link, found: Findings) -> None:
    """Every question that one event can answer, priced at once."""
    tokens = event.standing.tokens
    asked = [*_break(tokens, link), *_lifetimes(tokens, link), *_trims(tokens)]
    if not asked:
        return
    savings = saving(book, event.standing, *(each[2] for each in asked))
    if savings is None or len(savings) < len(asked):
        return  # the book does not explain what it cost
    for (kind, label, _, moved_tokens), saved in zip(asked, savings, strict=True):
        if kind == SumKind.BREAK:
            if saved <= 0 or link.broken is None:
                continue
            gap = int(link.broken.gap.total_seconds())
            found.breaks.append(FoundBreak(event, label, moved_tokens, saved, gap))
        total = found.at(event, kind, label, event.standing.model)
        total.add(event, tokens=moved_tokens, saving=saved)


Asked = tuple[SumKind, str, tuple[int, int, int, int, int, int], int]


def _break(tokens: Sequence[int], link: Link) -> Iterable[Asked]:
    if link.broken:
        amount = link.broken.tokens
        read = moved(_counts(tokens), amount=amount, sources=(WRITE_1H, WRITE_5M), target=READ)
        yield SumKind.BREAK, link.broken.cause, read, amount


def _lifetimes(tokens: Sequence[int], link: Link) -> Iterable[Asked]:
    """All writes for an hour: what had expired could have been read. All for five minutes: what was read after
    that or more, or after nobody knows how long, would have been written again."""
    counts = _counts(tokens)
    if counts[WRITE_5M]:
        other = counts
        if link.broken and link.broken.cause == EXPIRED:
            other = moved(other, amount=link.broken.tokens, sources=(WRITE_5M,), target=READ)
        other = moved(other, amount=other[WRITE_5M], sources=(WRITE_5M,), target=WRITE_1H)
        yield SumKind.LIFETIME, "1h", other, counts[WRITE_5M]
    other = moved(counts, amount=counts[WRITE_1H], sources=(WRITE_1H,), target=WRITE_5M)
    is_short = link.found and not link.hour  # what was read lived for five minutes as it is
    if not is_short and (link.gap is None or link.gap >= FIVE_MINUTES or not link.found):
        other = moved(other, amount=counts[READ], sources=(READ,), target=WRITE_5M)
    if other != counts:
        yield SumKind.LIFETIME, "5m", other, counts[WRITE_1H]


def _trims(tokens: Sequence[int]) -> Iterable[Asked]:
    """The cheapest tokens are cut first, so that the saving is at least this."""
    counts = _counts(tokens)
    prompt = sum(counts[:4])
    for limit in TRIMS:
        if prompt > limit:
            cut = prompt - limit
            left = moved(counts, amount=cut, sources=(READ, INPUT, WRITE_5M, WRITE_1H), target=None)
            yield SumKind.TRIM, str(limit), left, cut


def _counts(tokens: Sequence[int]) -> tuple[int, int, int, int, int, int]:
    a, b, c, d, e, f = tokens
    return a, b, c, d, e, f
