"""Spend: the one question behind every page, API answer and export.

In:   a span of the tenant's days, a granularity, dimensions and filters.   Out: rows and their total.
      A client viewer gets the figures in the price view that the agency chose for the client.
Promise: rollups plus unfolded journal in one snapshot, so the figures are exact with every worker dead,
      and the rows add up to the total to the last decimal.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import connection
from django.utils.timezone import now

from billing.money import TOKEN_CLASSES, ZERO
from billing.periods import DayRange
from billing.reports.billed import FACTOR, markup_of, markup_sum
from billing.reports.buckets import (
    CLASS_COSTS,
    COSTS,
    DIMENSIONS,
    PERIODS,
    ROOM,
    TOKEN_CLASS,
    TOKENS,
    buckets_of,
    shown_names,
)
from billing.reports.components import COMPONENT, COUNTING
from billing.reports.filters import PRICED, conditions
from billing.reports.filters import parameters as filter_parameters
from billing.reports.measures import Measures, Row, SpendReport, add_up
from tenants.models import Client, PriceView
from tenants.scoping import active_scope

GRANULARITIES = ("day", "hour", "month", "total")


class ReportError(ValueError):
    """A report that does not exist. `code` is stable, `field` names the parameter."""

    def __init__(self, code: str, detail: str, *, field: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.field = field


def spend(
    days: DayRange,
    *,
    granularity: str = "day",
    group_by: Sequence[str] = (),
    seen_by: Client | None = None,
    narrow: Mapping[str, str] | None = None,
    **named: str,
) -> SpendReport:
    """Spend of the active tenant, narrowed to its client for a client viewer.

    `seen_by`: the viewer's client, where the caller has read it already; it saves a query and changes nothing.
    `narrow`, or by name: a value, as a row shows it, of any dimension; '' filters nothing, NOT_NAMED leaves
    what names none. A token class leaves its tokens and its cost alone, as grouping by it does; so does a
    component, whose events are then those in which it occurs.

    Rows come by period, then by cost, largest first. A value that nothing has leaves no rows.
    Errors: ReportError `unknown_granularity`, `unknown_group`, `too_many_groups`, `unknown_parameter`.
    """
    filters = {**(narrow or {}), **named}
    rows, view = found_rows(
        days, granularity=granularity, group_by=group_by, seen_by=seen_by, filters=filters
    )
    return report_of(rows, group_by=group_by, filters=filters, view=view)


def found_rows(
    days: DayRange,
    *,
    granularity: str,
    group_by: Sequence[str],
    filters: Mapping[str, str],
    seen_by: Client | None = None,
    by_price: bool = False,
) -> tuple[list[Row], PriceView]:
    """What `report_of` makes a report of: token classes are in their row together, an event is counted with
    each of its components. `by_price` tells apart by PRICED as well. Errors: as `spend`."""
    _check(granularity, group_by, filters)
    scope = active_scope()
    view = PriceView.COST
    if scope.client_id is not None:
        own = seen_by if seen_by and seen_by.pk == scope.client_id else Client.objects.get()
        view = PriceView(own.price_view)
    plain = [*(name for name in group_by if name != TOKEN_CLASS), *([PRICED] if by_price else ())]
    parameters = filter_parameters(filters) | {
        "tenant": scope.tenant_id,
        "viewer": scope.client_id,
        "since": days.since,
        "until": days.until,
    }
    with connection.cursor() as cursor:
        cursor.execute(ROOM + _sql(granularity, plain, filters, view), parameters)
        cursor.nextset()
        return [_row(each, plain, view) for each in cursor.fetchall()], view


def report_of(
    rows: Sequence[Row], *, group_by: Sequence[str], filters: Mapping[str, str], view: PriceView
) -> SpendReport:
    """The rows as they were asked for, and their total, in which each event is counted once."""
    only = filters.get(TOKEN_CLASS, "")
    if COMPONENT in group_by and not filters.get(COMPONENT):
        rows = [_counted_once(row) for row in rows]
        unpriced = _unpriced(rows)
    else:
        unpriced = sum(row.measures.unpriced_events for row in rows)
    if only:
        rows = [
            part for row in rows for part in _by_token_class(row) if part.keys[TOKEN_CLASS] == only
        ]
    everything = replace(
        add_up(row.measures for row in rows),
        unpriced_events=unpriced if any(row.measures.unpriced_events for row in rows) else 0,
        shows_money=view != PriceView.HIDDEN,
    )
    if only:
        rows = [replace(row, keys={name: row.keys[name] for name in group_by}) for row in rows]
    elif TOKEN_CLASS in group_by:
        rows = [part for row in rows for part in _by_token_class(row)]
    return SpendReport(rows=list(rows), total=everything, as_of=now())


def _check(granularity: str, group_by: Sequence[str], filters: Mapping[str, str]) -> None:
    if granularity not in GRANULARITIES:
        known = ", ".join(GRANULARITIES)
        raise ReportError(
            "unknown_granularity", f"granularity is one of {known}.", field="granularity"
        )
    offered = _offered()
    filterable = [*offered, PRICED]
    for name in filters:
        if name not in filterable:
            known = ", ".join(filterable)
            raise ReportError("unknown_parameter", f"Filters are {known}.", field=name)
    for name in group_by:
        if name not in offered:
            known = ", ".join(offered)
            raise ReportError("unknown_group", f"group_by takes {known}.", field="group_by")
    if (COMPONENT in group_by or filters.get(COMPONENT)) and granularity == "hour":
        raise ReportError(
            "unknown_granularity", "Components are kept by day, not by hour.", field="granularity"
        )
    if len(group_by) > 2 or len(set(group_by)) < len(group_by):
        raise ReportError(
            "too_many_groups", "group_by takes at most two, each once.", field="group_by"
        )


def _offered() -> list[str]:
    """Dimensions to group by; a client viewer does not learn the agency's keys."""
    names = [*DIMENSIONS, TOKEN_CLASS]
    return [name for name in names if name != "api_key" or active_scope().client_id is None]


def _sql(
    granularity: str, group_by: Sequence[str], filters: Mapping[str, str], view: PriceView
) -> str:
    """Rollup and journal are added up together; then the few groups get their names."""
    where = " AND ".join(_where(filters))
    is_part = bool(filters.get(COMPONENT))
    is_split = is_part or COMPONENT in group_by
    of_part = "component = %(component)s" if is_part else "true"
    wanted = [DIMENSIONS.get(name, name) for name in group_by]
    of_client = {*wanted, "client_id"}  # whose mark-up it is
    split_by = of_client if is_split else None
    buckets = buckets_of(granularity, where=where, split_by=split_by, is_filtered=is_part)
    keys = ", ".join([PERIODS[granularity] + " AS period", *wanted])
    names, named = shown_names(group_by)
    shown_as = "".join(f"{name}, " for name in names)
    places = ", ".join(str(place + 1) for place in range(len(wanted) + 1))
    cost = " + ".join(CLASS_COSTS)
    shown = {PriceView.COST: "{}", PriceView.BILLED: "{} * " + FACTOR, PriceView.HIDDEN: "0"}[view]
    sums = ", ".join(
        (
            *(f"sum({name}) AS {name}" for name in TOKENS),
            *(f"sum({shown.format(name)}) AS {name}" for name in COSTS),
            "sum(discount) AS discount",
            f"{markup_sum(cost)} AS markup",
        )
    )
    figures = ", ".join((*TOKENS, *COSTS, "discount", f"{cost} + markup AS billed"))
    return f"""
    SELECT period, {shown_as} events, unpriced_events, {figures}
    FROM (
        SELECT {keys}, sum(events) AS events,
            coalesce(sum(events) FILTER (WHERE NOT priced), 0) AS unpriced_events, {sums}
        FROM (
            {buckets}
        ) bucket {markup_of("bucket")}
        WHERE {of_part}
        GROUP BY {places}
        HAVING sum(events) <> 0
    ) summed {named}
    ORDER BY period, {cost} DESC, {places}
    """  # noqa: S608  built from constants only; every value is a parameter


def _where(filters: Mapping[str, str]) -> Iterator[str]:
    yield "tenant_id = %(tenant)s AND day >= %(since)s AND day < %(until)s"
    if active_scope().client_id is not None:
        yield "client_id = %(viewer)s"
    yield from conditions(filters)


def _row(found: tuple[Any, ...], group_by: Sequence[str], view: PriceView) -> Row:
    """Of the agency's own figures, discount and billed amount, a client viewer's row has nothing."""
    names = len(group_by) + 1
    period, *keys = found[:names]
    events, unpriced, *sums = found[names:]
    is_viewer = active_scope().client_id is not None
    return Row(
        period=period,
        keys=dict(zip(group_by, map(str, keys), strict=True)),
        measures=Measures(
            events=int(events),
            unpriced_events=int(unpriced),
            tokens=dict(zip(TOKEN_CLASSES, map(int, sums), strict=False)),
            costs=dict(zip(TOKEN_CLASSES, sums[6:], strict=False)),
            cost_uncached=sums[12],
            discount=ZERO if is_viewer else sums[13],
            billed=ZERO if is_viewer else sums[14],
            shows_money=view != PriceView.HIDDEN,
        ),
    )


def _unpriced(rows: Iterable[Row]) -> int:
    """Events without a price; each component of an event says that it has none."""
    return sum(row.measures.unpriced_events for row in rows if row.keys[COMPONENT] in COUNTING)


def _counted_once(row: Row) -> Row:
    """An event has several components, and is counted with its response; or it is not split."""
    if row.keys[COMPONENT] in COUNTING:
        return row
    return replace(row, measures=replace(row.measures, events=0))


def _by_token_class(row: Row) -> Iterator[Row]:
    """A row per token class that has tokens. Events are not split: an event has tokens of many classes.

    `unpriced_events` are those of the whole row: their tokens are in its classes, and their cost in none.
    """
    for name in TOKEN_CLASSES:
        if not row.measures.tokens[name]:
            continue
        cost = row.measures.costs[name]
        only = Measures(
            events=0,
            unpriced_events=row.measures.unpriced_events,
            tokens=dict.fromkeys(TOKEN_CLASSES, 0) | {name: row.measures.tokens[name]},
            costs=dict.fromkeys(TOKEN_CLASSES, ZERO) | {name: cost},
            cost_uncached=cost,
            shows_money=row.measures.shows_money,
        )
        yield Row(period=row.period, keys=row.keys | {TOKEN_CLASS: name}, measures=only)
