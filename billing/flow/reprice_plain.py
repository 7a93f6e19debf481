"""Reprice, plain events: those whose columns say all that a price depends on are compared in one statement.

An event is plain if it was billed as one call, at a tier, speed and place that its variant names, and no step
stands beside it yet. The engine gives the rates (`rate_rows`), PostgreSQL multiplies and compares: the very
products of flow/price.py, in the same exact decimals (a test holds them side by side). All others go through
flow/reprice.py one by one.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from billing.flow.days import ZONE, day_of
from billing.flow.extras import raw_usage
from billing.flow.journal import journal_rows, tokens_of
from billing.flow.price_book import (
    NO_PRICE_AT_DATE,
    OTHER,
    PRIORITY,
    Card,
    PriceBook,
    Span,
    variant_of,
)
from billing.flow.store import CLASS_COSTS, COSTS, DIMENSIONS, MEASURES, TOKENS
from billing.flow.usage import Usage, read_usage
from billing.money import TOKEN_CLASSES, plain

Group = tuple[str, str, str]
"""Provider, model and variant of events."""

_FIRST_DAY, _AFTER_LAST = 0, 4_000_000
_BASE, _ENDLESS = -1, 10**15
_NO_TOKENS: Final = (0, 0, 0, 0, 0, 0)
_OURS = [f"rate_{name}" for name in TOKEN_CLASSES]
_LISTED = [f"list_{name}" for name in TOKEN_CLASSES]

PLAIN: Final = f"""(e.extras IS NULL OR NOT e.extras ? 'iterations')
    AND e.variant NOT IN ('{PRIORITY}', '{OTHER}')
    AND NOT (e.stop_reason = 'refusal' AND e.tokens_output = 0)
    AND NOT EXISTS (
        SELECT FROM billing_eventcorrection c WHERE c.tenant_id = e.tenant_id
            AND c.occurred_at = e.occurred_at AND c.key = e.key)"""


def rate_rows(book: PriceBook, groups: Iterable[Group]) -> Iterator[dict[str, object]]:
    """What a token costs for each group, span of days and prompt size; or why it has no price."""
    for provider, model, variant in groups:
        if variant in (PRIORITY, OTHER):
            continue
        raw = raw_usage(None, tokens=_NO_TOKENS, variant=variant)
        usage = read_usage(raw, model=model, stop_reason="")
        for row in _rows_of(book, provider=provider, model=model, usage=usage):
            yield {"provider": provider, "model": model, "from_variant": variant, **row}


def _rows_of(
    book: PriceBook, *, provider: str, model: str, usage: Usage
) -> Iterator[dict[str, object]]:
    ours = book.spans(model, provider=provider, usage=usage)
    if isinstance(ours, str):
        variant = variant_of(usage)
        yield _row((_FIRST_DAY, _AFTER_LAST), (_BASE, _ENDLESS), ours, None, variant=variant)
        return
    listed = (book.list_book or book).spans(model, provider=provider, usage=usage)
    theirs = () if isinstance(listed, str) else listed
    both = (*ours, *theirs)
    for days in _between({day for span in both for day in (span.first_day, span.end_day)}):
        one, other = _steps_on(days[0], ours), _steps_on(days[0], theirs)
        for size in _sizes({over for over, _ in (*one, *other)}):
            yield _row(
                days,
                size,
                _card(one, size[0]),
                _card(other, size[0]),
                variant=variant_of(usage),
            )


def _row(
    days: tuple[int, int],
    size: tuple[int, int],
    ours: Card | str,
    listed: Card | str | None,
    *,
    variant: str,
) -> dict[str, object]:
    row: dict[str, object] = {"first_day": days[0], "end_day": days[1]}
    row |= {"over": size[0], "upto": size[1], "variant": variant, "reason": ""}
    if isinstance(ours, str):
        row["reason"] = ours
    else:
        row |= {"price_id": ours.entry.id, "variant": ours.variant}
        row |= dict(zip(_OURS, map(plain, ours.per_token), strict=True))
    if isinstance(listed, Card):
        row |= dict(zip(_LISTED, map(plain, listed.per_token), strict=True))
    return row


def _between(days: set[int]) -> list[tuple[int, int]]:
    ends = sorted(days | {_FIRST_DAY, _AFTER_LAST})
    return list(pairwise(ends))


def _sizes(overs: set[int]) -> list[tuple[int, int]]:
    """(over, up to): prompts of more than `over` and at most `up to` tokens."""
    ends = sorted(overs | {_BASE})
    return list(zip(ends, [*ends[1:], _ENDLESS], strict=True))


def _steps_on(day: int, spans: Iterable[Span]) -> tuple[tuple[int, Card | str], ...]:
    return next((span.steps for span in spans if span.first_day <= day < span.end_day), ())


def _card(steps: Iterable[tuple[int, Card | str]], over: int) -> Card | str:
    return next((card for step, card in steps if step <= over), NO_PRICE_AT_DATE)


_TYPES = dict.fromkeys(("first_day", "end_day", "price_id"), "integer")
_TYPES |= dict.fromkeys(("over", "upto"), "bigint") | dict.fromkeys((*_OURS, *_LISTED), "numeric")
_RATES = ", ".join(
    f"{name} {_TYPES.get(name, 'text')}"
    for name in (
        *("provider", "model", "from_variant", "first_day", "end_day", "over", "upto"),
        *("price_id", "variant", "reason", *_OURS, *_LISTED),
    )
)
_PROMPT = (
    "(e.tokens_input + e.tokens_cache_write_5m + e.tokens_cache_write_1h + e.tokens_cache_read)"
)
_UTC_DAY = "((e.occurred_at AT TIME ZONE 'UTC')::date - date '0001-01-01') + 1"
_COST_NOW = ", ".join(
    f"coalesce(e.{tokens} * r.{rate}, 0) AS new_{cost}"
    for tokens, rate, cost in zip(TOKENS, _OURS, CLASS_COSTS, strict=True)
)
_LIST_COST = " + ".join(f"e.{each} * r.{rate}" for each, rate in zip(TOKENS, _LISTED, strict=True))
_NEW_COST = " + ".join(f"new_{name}" for name in CLASS_COSTS)
_OLD_COST = " + ".join(CLASS_COSTS)
_BOOKED = ", ".join(name for name in DIMENSIONS if name != "variant")
_OF_EVENT = f"occurred_at, key, day, {_BOOKED}, components AS described, event_tokens"
_MEASURED = ", ".join(MEASURES)

# Of the events (from, last] `changed` has the plain ones whose bucket or cost is another by these rates.
_CHANGED = f"""
WITH rates AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(rates)s::json) AS row({_RATES})
), priced AS (
    SELECT e.*, r.price_id AS new_price_id, r.variant AS new_variant, r.reason AS new_reason, {_COST_NOW},
        coalesce({_PROMPT} * r.rate_input + e.tokens_output * r.rate_output
            + e.tokens_web_search * r.rate_web_search, 0) AS new_cost_uncached,
        {_LIST_COST} AS list_cost
    FROM billing_usageevent e JOIN rates r
        ON r.provider = e.provider AND r.model = e.model AND r.from_variant = e.variant
        AND r.first_day <= {_UTC_DAY} AND {_UTC_DAY} < r.end_day
        AND r.over < {_PROMPT} AND {_PROMPT} <= r.upto
    WHERE {{chosen}} AND {PLAIN}
), costed AS (
    SELECT priced.*, CASE WHEN new_price_id IS NULL THEN 0 ELSE coalesce(list_cost - ({_NEW_COST}), 0) END
            AS new_discount,
        {day_of("occurred_at")} AS day, {tokens_of("priced")} AS event_tokens,
        (price_id IS NULL) = (new_price_id IS NULL) AND variant = new_variant AS is_beside
    FROM priced CROSS JOIN {ZONE}
), changed AS MATERIALIZED (
    SELECT * FROM costed
    WHERE NOT is_beside
        OR ({", ".join(COSTS)}) IS DISTINCT FROM ({", ".join(f"new_{name}" for name in COSTS)})
)"""  # noqa: S608  built from constants only

# One step with the difference inside a bucket; from one bucket to another, two.
_STEPS = f"""
, steps AS (
    SELECT 1 AS number, 0 AS events, new_price_id AS price_id, new_variant AS variant,
        new_reason AS unpriced_reason, {_OF_EVENT}, {", ".join(f"0 AS {name}" for name in TOKENS)},
        {", ".join(f"new_{name} - {name} AS {name}" for name in COSTS)}
    FROM changed WHERE is_beside
    UNION ALL
    SELECT 1, -1, price_id, variant, '', {_OF_EVENT}, {", ".join(f"-{name}" for name in (*TOKENS, *COSTS))}
    FROM changed WHERE NOT is_beside
    UNION ALL
    SELECT 2, 1, new_price_id, new_variant, new_reason, {_OF_EVENT}, {", ".join(TOKENS)},
        {", ".join(f"new_{name}" for name in COSTS)}
    FROM changed WHERE NOT is_beside
), kept AS (
    INSERT INTO billing_eventcorrection (tenant_id, client_id, occurred_at, key, number, kind, made_at, reason,
        actor_label, repricing_id, unpriced_reason, price_id, variant, {_MEASURED})
    SELECT %(tenant)s, client_id, occurred_at, key, number, 'reprice', %(now)s, '', '', %(run)s,
        unpriced_reason, price_id, variant, {_MEASURED} FROM steps
), moved AS (
    SELECT *, date_trunc('hour', occurred_at, 'UTC') AS hour, price_id IS NOT NULL AS priced FROM steps
), journal AS (
    {journal_rows("moved")}
)"""  # noqa: S608  built from constants only

_TOLD = f"""
SELECT day, client_id, count(*), count(*) FILTER (WHERE price_id IS NULL AND new_price_id IS NOT NULL),
    count(*) FILTER (WHERE price_id IS NOT NULL AND new_price_id IS NULL), sum({_OLD_COST}), sum({_NEW_COST})
FROM changed GROUP BY 1, 2
"""  # noqa: S608  built from constants only


def compare_plain(chosen: str, *, apply: bool) -> str:
    """SQL: what differs per day and client among the events that `chosen` says; with `apply`, it is booked."""
    return _CHANGED.format(chosen=chosen) + (_STEPS if apply else "") + _TOLD
