"""Stats: the few figures at the top of a page, each with a label and one line of context.

In: measures of a range, of the range before, of today.   Out: Stat, text only.   Never: a query.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from billing.money import dollars, minus, ratio
from billing.reports.costs import Spent
from billing.reports.measures import Measures
from billing.templatetags.figures import count, percent, signed_percent, times

NOTABLE = Decimal("0.1")
"""A change is coloured from ten per cent on: colour on every figure would say nothing."""
PRICED_ONLY = "of what has a price"
MANIFOLD = Decimal(4)
"""A rise beyond this is said as a factor: 1154 % is no figure for people."""


@dataclass(frozen=True, slots=True)
class Stat:
    """`tone`: up (more spent), down (less) or nothing. `at_least`: something has no price yet.

    `url`: where the figure leads. `more`: another line below the note, which leads to `more_url`.
    """

    label: str
    value: str
    note: str = ""
    tone: str = ""
    at_least: bool = False
    url: str = ""
    more: str = ""
    more_url: str = ""


def spend_stat(label: str, *, spend: Measures, before: Measures | Spent, before_label: str) -> Stat:
    note, tone = change_words(spend.cost, before=before.cost, label=before_label)
    if note and (spend.unpriced_events or before.unpriced_events):
        note, tone = f"{note}, {PRICED_ONLY}", ""
    return Stat(
        label=label,
        value=dollars(spend.cost),
        note=note,
        tone=tone,
        at_least=spend.unpriced_events > 0,
    )


def today_stat(today: Measures | Spent, *, as_of: datetime, zone: str) -> Stat:
    return Stat(
        label=f"Today, until {as_of.astimezone(ZoneInfo(zone)):%H:%M}",
        value=dollars(today.cost),
        note="" if today.events is None else events_words(today.events),
        at_least=today.unpriced_events > 0,
    )


def average_stat(spend: Measures, *, periods: int, unit: str) -> Stat:
    return Stat(
        label=f"Average {unit}",
        value=dollars(spend.cost / periods) if periods else "–",
        note=f"over {periods} {unit}{'' if periods == 1 else 's'}",
        at_least=spend.unpriced_events > 0,
    )


def saving_stat(spend: Measures | Spent) -> Stat:
    """What caching saved, net of what its writes cost."""
    if not spend.cost_uncached or spend.cache_hit_rate is None:
        note = "nothing has a price yet" if spend.unpriced_events else "no input yet"
        return Stat(label="Saved by caching", value="–", note=note)
    if spend.unpriced_events and not spend.saving:
        return Stat(label="Saved by caching", value="–", note=f"nothing {PRICED_ONLY}")
    hits = f"{percent(spend.cache_hit_rate)} of input read from cache"
    if spend.saving < 0:
        return Stat(
            label="Caching cost more than it saved",
            value=dollars(spend.saving),
            note=hits,
            tone="up",
        )
    note = f"{times(spend.multiplier)} cheaper; {hits}" if spend.saving else hits
    if spend.unpriced_events:
        note = f"{note}; {PRICED_ONLY}"
    return Stat(label="Saved by caching", value=dollars(spend.saving), note=note)


def event_stat(spend: Measures) -> Stat:
    """What one event costs: for ranges too short for an average day."""
    cost = spend.cost / spend.events if spend.events else None
    return Stat(
        label="Average event",
        value="–" if cost is None else dollars(cost, places=4),
        note=f"over {events_words(spend.events)}" if cost is not None else "",
        at_least=spend.unpriced_events > 0,
    )


def events_stat(spend: Measures) -> Stat:
    note = (
        f"{count(spend.unpriced_events)} without a price" if spend.unpriced_events else "all priced"
    )
    return Stat(
        label="Events",
        value=count(spend.events),
        note=note if spend.events else "",
        tone="up" if spend.unpriced_events else "",
    )


def events_words(events: int) -> str:
    return f"{count(events)} event{'' if events == 1 else 's'}"


def change_words(now: Decimal, *, before: Decimal, label: str) -> tuple[str, str]:
    """'+31 % more than 1–22 Oct' and its tone: the sign, the word and the colour say the same."""
    if before <= 0:
        return (f"nothing in {label}" if now > 0 else "", "")
    share = ratio(minus(now, before), before)
    if not share:
        return f"the same as {label}", ""
    if share > MANIFOLD:
        return f"{times(ratio(now, before))} as much as {label}", "up"
    word = "more" if share > 0 else "less"
    tone = ("up" if share > 0 else "down") if abs(share) >= NOTABLE else ""
    return f"{signed_percent(share)} {word} than {label}", tone


def range_stats(
    label: str,
    *,
    spend: Measures,
    before: Measures | Spent,
    before_label: str,
    second: Stat,
) -> list[Stat]:
    """The four figures of overview, client and project."""
    return [
        spend_stat(label, spend=spend, before=before, before_label=before_label),
        second,
        saving_stat(spend),
        events_stat(spend),
    ]
