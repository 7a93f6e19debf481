"""Usage: the pages of a client who is shown no prices: tokens and events, and not one dollar.

In:   spend reports, of which only what was counted is read.   Out: context of `billing/usage.html`.
Never: `Measures.cost` or anything that comes of it; it would raise PriceHidden.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.money import ratio
from billing.reports.measures import Measures, Row, SpendReport
from billing.templatetags.figures import CLASS_NAMES, NONE, count, percent
from billing.web.charts import TOKENS, Chart, Point, stacked_bars
from billing.web.figures import Figure, moment_key, periods_of
from billing.web.ranges import Asked
from billing.web.stats import Stat, change_words
from billing.web.tables import by_key

TITLES = {"hour": "Tokens per hour", "day": "Tokens per day", "month": "Tokens per month"}


@dataclass(frozen=True, slots=True)
class UsageRow:
    name: str
    url: str
    events: int
    tokens: int
    share: int


@dataclass(frozen=True, slots=True)
class UsageTable:
    title: str
    noun: str
    rows: tuple[UsageRow, ...]
    counts_events: bool = True


def usage_context(
    asked: Asked,
    now: SpendReport,
    before: SpendReport,
    *,
    key: str,
    names: Mapping[str, str],
    tables: Sequence[UsageTable],
) -> dict[str, object]:
    """What `billing/usage.html` shows of a range: figures, a chart by `key`, tables."""
    return {
        "range": asked.picker,
        "nothing": not now.total.events,
        "stats": usage_stats(asked, now.total, before.total),
        "figure": usage_figure(now.rows, key=key, names=names, asked=asked),
        "tables": tables,
        "as_of": now.as_of,
    }


def tokens_of(usage: Measures) -> int:
    """All tokens; searches are none."""
    return sum(number for name, number in usage.tokens.items() if name != "web_search")


def usage_stats(asked: Asked, now: Measures, before: Measures) -> list[Stat]:
    tokens, earlier = Decimal(tokens_of(now)), Decimal(tokens_of(before))
    note, _ = change_words(tokens, before=earlier, label=asked.before.label)
    average = ratio(tokens, now.events, places=0)
    return [
        Stat(f"Tokens {asked.words}", count(int(tokens)), note),
        Stat("Events", count(now.events)),
        Stat("Read from cache", percent(now.cache_hit_rate), "of all input"),
        Stat("Average event", NONE if average is None else f"{average:,}", "tokens"),
    ]


def usage_figure(
    rows: Sequence[Row], *, key: str, names: Mapping[str, str], asked: Asked
) -> Figure:
    amounts = {moment_key(period): dict[str, Decimal]() for period in periods_of(asked)}
    for row in rows:
        bar, name = amounts[moment_key(row.period)], names.get(row.keys[key]) or row.keys[key]
        bar[name] = bar.get(name, Decimal(0)) + tokens_of(row.measures)
    points = [Point(on=on, amounts=amounts[moment_key(on)]) for on in periods_of(asked)]
    chart = stacked_bars(points, unit=asked.unit, what=TOKENS)
    return Figure("usage", TITLES[asked.unit], asked.days.label, usage_words(chart), chart)


def usage_words(chart: Chart) -> str:
    highest = max(chart.rows, key=lambda row: row.total)
    return f"Most on {highest.label}: {count(int(highest.total))} tokens."


def usage_table(
    title: str,
    *,
    key: str,
    rows: Sequence[Row],
    names: Mapping[str, str],
    urls: Mapping[str, str] | None = None,
) -> UsageTable:
    """Most tokens first."""
    sums = by_key(rows, key=key)
    whole = sum(map(tokens_of, sums.values()))
    listed = sorted(sums, key=lambda value: (-tokens_of(sums[value]), value))
    return UsageTable(
        title,
        key.capitalize(),
        tuple(
            UsageRow(
                name=names.get(value) or value,
                url=(urls or {}).get(value, ""),
                events=sums[value].events,
                tokens=tokens_of(sums[value]),
                share=100 * tokens_of(sums[value]) // whole if whole else 0,
            )
            for value in listed
        ),
    )


def class_usage(usage: Measures) -> UsageTable:
    """What was used: tokens per class, and searches."""
    whole = sum(usage.tokens.values())
    rows = tuple(
        UsageRow(CLASS_NAMES[name], "", 0, number, 100 * number // whole)
        for name, number in usage.tokens.items()
        if number
    )
    return UsageTable("What was used", "Token class", rows, counts_events=False)
