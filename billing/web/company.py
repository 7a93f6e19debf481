"""Company: where all of it stands now, client by client: figures of the overview.

In:   a day; standings of budgets; clients.   Out: stats, rows, movers.
Never: a query but those of `Whole.find`; a sum that is not said to be one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from billing.models.budgets import Basis
from billing.money import EXACT, ZERO, dollars, ratio, total
from billing.periods import DayRange, preset_range
from billing.reports.budgets import Standing
from billing.reports.costs import NOTHING, Ask, CostRow, Spent, by_value, cost_of, costs
from billing.reports.forecast import Forecast, forecast
from billing.reports.movers import Mover, movers
from billing.templatetags.figures import percent
from billing.watch.words import day_words, estimate
from billing.web.stats import Stat, change_words, saving_stat, today_stat

BARS = 30
HIGH, WIDE = 24, 4
"""Units of a small picture: its height, and the room of one day."""
MOST_MOVERS = 3
WITHOUT_END = Decimal("Infinity")
CLOSE = Decimal("0.8")


@dataclass(frozen=True, slots=True)
class Whole:
    """All that the overview reads of spend, in one query. `month` is the month as far as it has come, by
    client; `before` are as many days of the last one, by client and by project; `daily` goes back to the
    first day that a bar or the last month has, by day and client."""

    today: date
    month: Mapping[str, Spent]
    daily: list[CostRow]
    projects: Mapping[str, Spent]
    before: Mapping[str, Spent]
    projects_before: Mapping[str, Spent]
    now: Spent
    as_of: datetime

    @staticmethod
    def find(today: date) -> "Whole":
        month = preset_range("month", today=today)
        before, day = month.previous(), preset_range("today", today=today)
        daily, clients, projects, were, projects_were, now = costs(
            Ask(Whole.days(today), "day", ("client",)),
            Ask(month, "total", ("client",), in_full=True),
            Ask(month, "total", ("project",)),
            Ask(before, "total", ("client",)),
            Ask(before, "total", ("project",)),
            Ask(day, in_full=True),
        )
        return Whole(
            today=today,
            month=by_value(clients),
            daily=daily,
            projects=by_value(projects),
            before=by_value(were),
            projects_before=by_value(projects_were),
            now=now[0].measures if now else NOTHING,
            as_of=timezone.now(),
        )

    @staticmethod
    def days(today: date) -> DayRange:
        """From the first of last month, or the first bar, whichever is earlier."""
        first = preset_range("last-month", today=today).since
        tomorrow = today + timedelta(days=1)
        return DayRange(min(first, tomorrow - timedelta(days=BARS)), tomorrow)

    @property
    def is_empty(self) -> bool:
        return not self.daily and not self.month

    @property
    def bars(self) -> DayRange:
        tomorrow = self.today + timedelta(days=1)
        return DayRange(tomorrow - timedelta(days=BARS), tomorrow)

    @property
    def recent(self) -> list[CostRow]:
        """What the bars show."""
        first = self.bars.since
        return [row for row in self.daily if isinstance(row.period, date) and row.period >= first]

    @property
    def period(self) -> DayRange:
        first = self.today.replace(day=1)
        return DayRange(first, (first + timedelta(days=31)).replace(day=1))

    @property
    def spent(self) -> Spent:
        """The month so far, of all clients."""
        return cost_of(self.month.values())

    def forecast(self, budget: "MonthBudget | None") -> Forecast | None:
        """Where the month ends, and when this budget would be used up."""
        amount = budget.amount if budget else WITHOUT_END
        days: dict[date, Decimal] = {}
        for row in self.daily:
            if isinstance(row.period, date):
                days[row.period] = EXACT.add(days.get(row.period, ZERO), row.measures.cost)
        return forecast(
            days, period=self.period, today=self.today, spent=self.spent.cost, amount=amount
        )


@dataclass(frozen=True, slots=True)
class MonthBudget:
    """What may be spent this month, and whose word that is."""

    amount: Decimal
    words: str


@dataclass(frozen=True, slots=True)
class BudgetState:
    """The budget that is used up most. `tone` is of the pill, which says the same in words."""

    standing: Standing
    words: str
    tone: str


@dataclass(frozen=True, slots=True)
class ClientRow:
    slug: str
    name: str
    owner: str
    spend: Spent
    before: Decimal
    is_partial: bool
    share: int
    spark: str
    budget: BudgetState | None


def month_budget(standings: Iterable[Standing]) -> MonthBudget | None:
    """The whole company's budget of a month; else those of whole clients, added up and said as that."""
    plain = [each.budget for each in standings if _is_whole(each)]
    wide = [each for each in plain if each.client is None]
    if wide:
        least = min(wide, key=lambda each: each.amount)
        return MonthBudget(least.amount, f"budget “{least.name}”")
    least_of = {
        each.client_id: each.amount for each in sorted(plain, key=lambda each: -each.amount)
    }
    if not least_of:
        return None
    count = len(least_of)
    words = "the budget of one client" if count == 1 else f"the budgets of {count} clients together"
    return MonthBudget(total(least_of.values()), words)


def company_stats(
    whole: Whole,
    *,
    budget: MonthBudget | None,
    heading: Forecast | None,
    zone: str,
    alerts: int,
    alerts_url: str,
    supposed: str = "",
    supposed_url: str = "",
) -> list[Stat]:
    """`heading`: the month's forecast under this budget. `supposed`: what a scenario makes of it."""
    month, last = whole.spent, day_words(whole.period.last)
    ahead = _forecast_stat(heading, last=last, budget=budget, at_least=month.unpriced_events > 0)
    return [
        today_stat(whole.now, as_of=whole.as_of, zone=zone),
        _month_stat(month, cost_of(whole.before.values()), budget),
        replace(ahead, more=supposed, more_url=supposed_url),
        saving_stat(month),
        Stat(
            "Open alerts",
            str(alerts),
            "nobody has acknowledged" if alerts else "all acknowledged",
            "up" if alerts else "",
            url=alerts_url,
        ),
    ]


def _month_stat(month: Spent, before: Spent, budget: MonthBudget | None) -> Stat:
    note, tone = change_words(month.cost, before=before.cost, label="the same days of last month")
    if budget:
        used = ratio(month.cost, budget.amount) or ZERO
        note = f"{percent(used)} of {dollars(budget.amount)}, {budget.words}"
        tone = "up" if used >= CLOSE else ""
    return Stat("This month", dollars(month.cost), note, tone, at_least=month.unpriced_events > 0)


def _forecast_stat(
    heading: Forecast | None, *, last: str, budget: MonthBudget | None, at_least: bool
) -> Stat:
    label = f"Expected by {last}"
    if heading is None:
        return Stat(label, "–", "known after three days with spend")
    note = f"likely {estimate(heading.low)} to {estimate(heading.high)}"
    is_over = budget is not None and heading.expected > budget.amount
    if heading.exhausted_on:
        note += f"; budget used up on {day_words(heading.exhausted_on)}"
    return Stat(label, estimate(heading.expected), note, "up" if is_over else "", at_least=at_least)


def client_rows(
    whole: Whole,
    *,
    names: Mapping[str, str],
    owners: Mapping[str, str],
    standings: Sequence[Standing],
    archived: set[str],
) -> list[ClientRow]:
    """A row per client in use, and per archived one that still spends; largest spend of the month first."""
    by_day = _by_day(whole.recent, days=whole.bars)
    now, all_of_it = whole.month, cost_of(whole.month.values()).cost
    rows = []
    for slug in names.keys() - (archived - now.keys()):
        spent, before = now.get(slug, NOTHING), whole.before.get(slug, NOTHING)
        rows.append(
            ClientRow(
                slug=slug,
                name=names[slug],
                owner=owners.get(slug, ""),
                spend=spent,
                before=before.cost,
                is_partial=bool(spent.unpriced_events or before.unpriced_events),
                share=int(100 * spent.cost / all_of_it) if all_of_it > 0 else 0,
                spark=sparkline(list(by_day.get(slug, {}).values())),
                budget=budget_state([each for each in standings if _is_of(each, slug)]),
            )
        )
    return sorted(rows, key=lambda row: (-row.spend.cost, row.name))


def budget_state(standings: Sequence[Standing]) -> BudgetState | None:
    if not standings:
        return None
    worst = max(standings, key=lambda each: each.share)
    words, tone = f"{worst.percent} % used", "good"
    if worst.reaches(100):
        words, tone = f"over: {worst.percent} %", "bad"
    elif worst.reaches(80):
        words, tone = f"close: {worst.percent} %", "warn"
    return BudgetState(worst, words, tone)


def top_movers(whole: Whole) -> list[Mover]:
    """The projects that changed most against the same days of last month."""
    now, before = (
        {slug: spent.cost for slug, spent in part.items()}
        for part in (whole.projects, whole.projects_before)
    )
    return movers(now, before)[:MOST_MOVERS]


def without_price(spend: Mapping[str, Spent]) -> set[str]:
    """What they cost is more than their sum says."""
    return {slug for slug, spent in spend.items() if spent.unpriced_events}


def sparkline(amounts: Sequence[Decimal]) -> str:
    """The path of small bars, the highest as high as there is room; a bar of something is seen."""
    top = max(amounts, default=ZERO)
    if top <= 0:
        return ""
    heights = [max(1, int(HIGH * each / top)) if each > 0 else 0 for each in amounts]
    return "".join(
        f"M{number * WIDE} {HIGH - height}h{WIDE - 1}v{height}h-{WIDE - 1}z"
        for number, height in enumerate(heights)
        if height
    )


def _by_day(rows: Iterable[CostRow], *, days: DayRange) -> dict[str, dict[date, Decimal]]:
    """What each client cost on each of the days."""
    found: dict[str, dict[date, Decimal]] = {}
    for row in rows:
        costs_of = found.setdefault(row.keys["client"], dict.fromkeys(days.days, ZERO))
        if isinstance(row.period, date):
            costs_of[row.period] = row.measures.cost
    return found


def _is_whole(standing: Standing) -> bool:
    """Of a calendar month, in what is paid, of all that the company or a client spends."""
    each = standing.budget
    narrowed = each.project_id or each.model or each.feature or each.environment
    is_month = each.period == "month" and each.starts_on == 1
    return is_month and each.basis == Basis.COST and not narrowed


def _is_of(standing: Standing, slug: str) -> bool:
    return standing.budget.client is not None and standing.budget.client.slug == slug
