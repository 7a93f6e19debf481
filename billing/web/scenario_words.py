"""What a scenario supposes and what would come of it, in words, figures and a picture.

In:   assumptions, an Outlook.   Out: text, Stat, Pairs.   Never: a query.
"""

from datetime import date
from decimal import Decimal

from billing.flow.scenario import Assumptions, Growth, PriceChange
from billing.money import dollars, plain, ratio
from billing.reports.scenario import MONTHS, Figures, Outlook
from billing.templatetags.figures import CLASS_NAMES, day, difference, signed_percent
from billing.web.pairs import Pair, Pairs, pair_bars
from billing.web.stats import Stat

AS_IT_IS, SUPPOSED = "Forecast", "In the scenario"


def assumption_words(assumed: Assumptions) -> list[str]:
    """One sentence for each thing that is supposed."""
    words = [_price_words(each) for each in assumed.prices]
    words += [_growth_words(each) for each in assumed.growth]
    return words or ["Nothing is supposed yet, so it is the forecast itself."]


def outlook_stats(found: Outlook, *, today: date) -> list[Stat]:
    month, year = found.month, found.year
    return [
        Stat(f"{today:%B}, forecast", dollars(month.expected), f"{dollars(found.spent)} is spent"),
        Stat(f"{today:%B}, in the scenario", dollars(month.supposed), *_change(month)),
        Stat(f"Next {MONTHS} months, forecast", dollars(year.expected)),
        Stat(f"Next {MONTHS} months, in the scenario", dollars(year.supposed), *_change(year)),
    ]


def outlook_pairs(found: Outlook, *, name: str) -> Pairs:
    pairs = [Pair(on, each.expected, each.supposed) for on, each in found.months.items()]
    year = found.year
    words = (
        f"In the {MONTHS} months after this one {dollars(year.supposed)} instead of"
        f" {dollars(year.expected)}, if “{name}” happens."
    )
    names = (AS_IT_IS, SUPPOSED)
    return pair_bars(pairs, title="Months ahead", names=names, words=words, unit="month")


def _change(figures: Figures) -> tuple[str, str]:
    share = ratio(figures.difference, figures.expected)
    if not share:
        return "no difference", ""
    text = f"{difference(figures.supposed, figures.expected)} ({signed_percent(share)})"
    return text, "up" if share > 0 else "down"


def _price_words(change: PriceChange) -> str:
    of = change.model or (f"every model of {change.provider}" if change.provider else "every model")
    since = f"From {day(change.since)}"
    if change.per_cent is not None:
        return f"{since} {of} costs {_per_cent(change.per_cent)}."
    rates = ", ".join(f"{CLASS_NAMES[name].lower()} {_rate(rate)}" for name, rate in change.rates)
    return f"{since} {of} costs, per million tokens: {rates}."


def _growth_words(growth: Growth) -> str:
    of = (
        f"the project {growth.project}"
        if growth.project
        else f"the client {growth.client}"
        if growth.client
        else "everything"
    )
    return f"Each month {of} is {_per_cent(growth.per_cent)} than the month before."


def _per_cent(value: Decimal) -> str:
    return f"{plain(abs(value))} % {'less' if value < 0 else 'more'}"


def _rate(rate: Decimal) -> str:
    return dollars(rate, places=2 if rate == round(rate, 2) else 6)
