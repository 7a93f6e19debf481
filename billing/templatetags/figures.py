"""Figures as text: dollars, counts, shares, changes and moments, the same on every page.

In: exact values.   Out: text for people.   Never: a figure that is stored or sent by the API.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django import template

from billing import money

register = template.Library()

CLASS_NAMES = {
    "input": "Fresh input",
    "cache_write_5m": "Cache write, 5 minutes",
    "cache_write_1h": "Cache write, 1 hour",
    "cache_read": "Cache read",
    "output": "Output",
    "web_search": "Web search",
}
"""Token classes in the words of a page."""
NONE = "–"
FIXED_SPACE = "\u00a0"
"""Keeps a figure and its unit on one line."""


@register.filter
def dollars(amount: Decimal | None) -> str:
    return NONE if amount is None else money.dollars(amount)


@register.filter
def shown(amount: Decimal, what: str) -> str:
    """An amount of a chart: of money, or a count of tokens."""
    return count(int(amount)) if what == "tokens" else money.dollars(amount)


@register.filter
def fine_dollars(amount: Decimal) -> str:
    """Four places: for single events, which cost cents and less."""
    return money.dollars(amount, places=4)


@register.filter
def exact_dollars(amount: Decimal) -> str:
    """Every decimal there is, two at least: for the page that explains one event."""
    whole, _, places = money.plain(amount).partition(".")
    return f"${whole}.{places.ljust(2, '0')}"


@register.filter
def rate(amount: Decimal | None) -> str:
    """A rate per million, to the last decimal: `$0.125`, `$35,000.00`."""
    if amount is None:
        return NONE
    whole, point, places = exact_dollars(amount)[1:].partition(".")
    return f"${int(whole):,}{point}{places}"


@register.filter
def of(values: Mapping[str, Decimal | None], name: str) -> Decimal | None:
    """The value of a name that a loop gives."""
    return values[name]


@register.filter
def count(number: int | None) -> str:
    """`12204` -> `12,204`."""
    return NONE if number is None else f"{number:,}"


@register.filter
def percent(ratio: Decimal | None) -> str:
    """`0.642` -> `64 %`; one place under ten per cent, so that a small share is not nought."""
    if ratio is None:
        return NONE
    value = ratio * 100
    places = 1 if 0 < abs(value) < 10 and value != value.to_integral_value() else 0
    return f"{value:.{places}f}".replace("-", money.MINUS) + FIXED_SPACE + "%"


@register.filter
def signed_percent(ratio: Decimal) -> str:
    """`0.31` -> `+31 %`."""
    return f"+{percent(ratio)}" if ratio > 0 else percent(ratio)


@register.filter
def times(ratio: Decimal | None) -> str:
    """`4.4615` -> `4.5×`."""
    return NONE if ratio is None else f"{ratio:.1f}×"


@register.filter
def exact_times(ratio: Decimal | None) -> str:
    """`4.4615` -> `4.46×`: for a factor that is the answer."""
    return NONE if ratio is None else f"{ratio:.2f}×"


@register.filter
def difference(now: Decimal, before: Decimal) -> str:
    """`+$210.40`, `−$4.03`."""
    amount = money.minus(now, before)
    return f"+{money.dollars(amount)}" if amount > 0 else money.dollars(amount)


@register.filter
def rise(now: Decimal, before: Decimal) -> str:
    """The colour of a rise: none below ten per cent, since colour on every figure says nothing."""
    return "up" if money.minus(now, before) * 10 >= before else ""


@register.filter
def day(on: date) -> str:
    """`22 Nov 2026`."""
    return f"{on.day} {on:%b} {on.year}"


@register.filter
def moment(at: datetime | None, zone: str) -> str:
    """`22 Nov 2026, 14:02:11` in a tenant's zone."""
    if at is None:
        return NONE
    local = at.astimezone(ZoneInfo(zone))
    return f"{day(local)}, {local:%H:%M:%S}"


@register.filter
def minute(at: datetime | None, zone: str) -> str:
    """`22 Nov, 14:02` in a tenant's zone: for lists, where the year is plain."""
    if at is None:
        return NONE
    local = at.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b}, {local:%H:%M}"


@register.filter
def plain(amount: Decimal) -> str:
    """Every decimal there is, without a sign for dollars."""
    return money.plain(amount)


@register.filter
def total_tokens(tokens: Mapping[str, int]) -> str:
    """All tokens of an event; searches are not tokens."""
    return count(sum(number for name, number in tokens.items() if name != "web_search"))


@register.filter
def class_name(token_class: str) -> str:
    return CLASS_NAMES[token_class]


@register.filter
def named(names: Mapping[str, str], identifier: str) -> str:
    """The name of what a loop gives, or the thing itself."""
    return names.get(identifier) or identifier
