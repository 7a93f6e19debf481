"""Forecast: where a budget will stand at the end of its period, when it is used up, how sure that is.

In:   spend day by day, a period, the present day.   Out: a Forecast; None with too little to go by.
How:  a day to come costs what its weekday has cost in the last four weeks, recent ones counting more, drawn
      towards the mean of all days as far as there are few of that weekday. Checked against the past by
      `backtest`, whose error is shown wherever the forecast is.
Never: a forecast before three days of data; a figure that is kept or billed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median

from billing.money import EXACT, ZERO, minus, ratio, total
from billing.periods import DayRange

HISTORY = 28
HALF = HISTORY // 2
LEAST_DAYS = 3
DAMPING = 6
"""As much as six weeks' old days: how hard a weekday is drawn to the mean of all."""
SURE = Decimal("1.28")
"""Standard deviations on either side that hold four of five outcomes."""
ONE_DAY = timedelta(days=1)
MEAN_AGE = 11
"""Days that the weighed mean of four weeks lies back."""
TREND = Decimal("0.5")
"""How much of a trend is believed: less errs where business grows, more where it only fluctuates."""
STEEPEST = Decimal("0.02")
CENT, FINE = Decimal("0.01"), Decimal("1e-12")


@dataclass(frozen=True, slots=True)
class Forecast:
    """`path` is what will have been spent by the end of each day to come, today included."""

    expected: Decimal
    low: Decimal
    high: Decimal
    exhausted_on: date | None
    path: tuple[tuple[date, Decimal], ...]


def forecast(
    days: Mapping[date, Decimal],
    *,
    period: DayRange,
    today: date,
    spent: Decimal,
    amount: Decimal,
    steady_after: int | None = None,
) -> Forecast | None:
    """The end of the period that today lies in. `days` are the last HISTORY days and today; `spent` is the
    period's so far. `steady_after` so many days the trend goes no further.
    """
    past = _past(days, today=today)
    if past is None or not period.since <= today < period.until:
        return None
    usual, trend = _usual(past, today=today), _trend(past, today=today)
    so_far = minus(spent, days.get(today, ZERO))
    path = []
    for each in DayRange(today, period.until).days:
        days_on = (each - today).days
        older = (days_on if steady_after is None else min(days_on, steady_after)) + MEAN_AGE
        cost = _bent(usual[each.weekday()], trend=trend, days=older)
        so_far += max(cost, days.get(today, ZERO)) if each == today else cost
        path.append((each, so_far.quantize(CENT)))
    margin = _margin(past, usual=usual, trend=trend, today=today, ahead=len(path))
    expected = path[-1][1]
    return Forecast(
        expected=expected,
        low=max(expected - margin, spent.quantize(CENT)),
        high=expected + margin,
        exhausted_on=_exhausted(path, amount=amount, spent=spent, today=today),
        path=tuple(path),
    )


def backtest(days: Mapping[date, Decimal], *, periods: list[DayRange]) -> Decimal | None:
    """How far forecasts from the middle of closed periods were off: the median share of the true figure."""
    errors = []
    for period in periods:
        middle = period.since + (period.until - period.since) // 2
        truth = total(days.get(each, ZERO) for each in period.days)
        spent = total(
            days.get(each, ZERO) for each in DayRange(period.since, middle + ONE_DAY).days
        )
        known = {day: cost for day, cost in days.items() if day < middle}
        found = forecast(
            known,
            period=period,
            today=middle,
            spent=minus(spent, days.get(middle, ZERO)),
            amount=truth,
        )
        if found and truth:
            errors.append(ratio(abs(minus(found.expected, truth)), truth) or ZERO)
    return median(errors) if errors else None


def _past(days: Mapping[date, Decimal], *, today: date) -> dict[date, Decimal] | None:
    """The days before today, zeros included, from the first with spend; None when too few had any."""
    spent = [day for day, cost in days.items() if cost and day < today]
    first = max(min(spent, default=today), today - timedelta(days=HISTORY))
    if len([day for day in spent if day >= first]) < LEAST_DAYS:
        return None
    return {day: days.get(day, ZERO) for day in DayRange(first, today).days}


def _usual(past: Mapping[date, Decimal], *, today: date) -> list[Decimal]:
    """What each weekday costs, Monday first."""
    weights = {day: _weight(day, today=today) for day in past}
    level = _mean(past, weights=weights)
    usual = []
    for weekday in range(7):
        same = [day for day in past if day.weekday() == weekday]
        weighed = total(EXACT.multiply(past[day], weights[day]) for day in same)
        whole = sum(weights[day] for day in same) + DAMPING
        usual.append(ratio(weighed + level * DAMPING, whole, places=12) or ZERO)
    return usual


def _weight(day: date, *, today: date) -> int:
    """Four for the last seven days, then three, two and one."""
    return 4 - (today - day - ONE_DAY).days // 7


def _mean(past: Mapping[date, Decimal], *, weights: Mapping[date, int]) -> Decimal:
    weighed = total(EXACT.multiply(past[day], weights[day]) for day in past)
    return ratio(weighed, sum(weights.values()), places=12) or ZERO


def _trend(past: Mapping[date, Decimal], *, today: date) -> Decimal:
    """By what share a day costs more than the day before: the last two weeks against the two before them,
    damped and bounded. Nothing before there are four weeks.
    """
    if len(past) < HISTORY:
        return ZERO
    middle = today - timedelta(days=HALF)
    later = total(cost for day, cost in past.items() if day >= middle)
    both = total(past.values())
    change = ratio(2 * minus(2 * later, both), both, places=12) or ZERO
    daily = (ratio(change * TREND, HALF, places=12)) or ZERO
    return max(-STEEPEST, min(STEEPEST, daily))


def _bent(cost: Decimal, *, trend: Decimal, days: int) -> Decimal:
    return max(ZERO, cost * (1 + trend * days)).quantize(FINE)


def _margin(
    past: Mapping[date, Decimal], *, usual: list[Decimal], trend: Decimal, today: date, ahead: int
) -> Decimal:
    """Days differ by themselves; the mean they differ from, and its trend, are known from few days only."""
    squares = ZERO
    for day, cost in past.items():
        expected = _bent(usual[day.weekday()], trend=trend, days=MEAN_AGE - (today - day).days)
        squares += (cost - expected) ** 2
    count, drift = len(past), ahead * (ahead + 2 * MEAN_AGE) if len(past) >= HISTORY else 0
    days = (
        ahead
        + (ratio(ahead**2, count) or ZERO)
        + (ratio(drift**2, 4 * HALF**2 * HALF // 2) or ZERO)
    )
    spread = ratio(squares * days, count, places=12) or ZERO
    return (SURE * spread.sqrt()).quantize(CENT)


def _exhausted(
    path: list[tuple[date, Decimal]], *, amount: Decimal, spent: Decimal, today: date
) -> date | None:
    if spent >= amount:
        return None
    return next((day for day, so_far in path if so_far >= amount), None)
