"""Company: where all of it stands now, client by client: figures of the overview.

In:   spend by day, client and project; standings of budgets; clients.   Out: stats, rows, movers.
Never: a query; a sum that is not said to be one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from billing.models.budgets import Basis
from billing.money import ZERO, dollars, ratio, total
from billing.periods import DayRange, preset_range
from billing.reports.beside import part_of
from billing.reports.budgets import Standing
from billing.reports.forecast import Forecast, forecast
from billing.reports.movers import Mover, movers
from billing.reports.spend import Measures, SpendReport, add_up
from billing.templatetags.figures import percent
from billing.watch.words import day_words, estimate
from billing.web.stats import Stat, change_words, saving_stat, today_stat
from billing.web.tables import by_key

BARS = 30
HIGH, WIDE = 24, 4
"""Units of a small picture: its height, and the room of one day."""
MOST_MOVERS = 3
WITHOUT_END = Decimal("Infinity")
CLOSE = Decimal("0.8")


@dataclass(frozen=True, slots=True)
class Whole:
    """All that the overview reads, from one report. `month` is as far as it has come, `before` as many days."""

    report: SpendReport
    today: date

    @staticmethod
    def days(today: date) -> DayRange:
        """From the first of last month, or the first bar, whichever is earlier."""
        first = preset_range("last-month", today=today).since
        tomorrow = today + timedelta(days=1)
        return DayRange(min(first, tomorrow - timedelta(days=BARS)), tomorrow)

    @property
    def bars(self) -> DayRange:
        tomorrow = self.today + timedelta(days=1)
        return DayRange(tomorrow - timedelta(days=BARS), tomorrow)

    @property
    def period(self) -> DayRange:
        first = self.today.replace(day=1)
        return DayRange(first, (first + timedelta(days=31)).replace(day=1))

    @property
    def month(self) -> SpendReport:
        return part_of(self.report, preset_range("month", today=self.today))

    @property
    def before(self) -> SpendReport:
        return part_of(self.report, preset_range("month", today=self.today).previous())

    def on_day(self, day: date) -> Measures:
        return add_up(row.measures for row in self.report.rows if row.period == day)

    def forecast(self, *, spent: Decimal, amount: Decimal) -> Forecast | None:
        costs: dict[date, Decimal] = {}
        for row in self.report.rows:
            if isinstance(row.period, date):
                costs[row.period] = costs.get(row.period, ZERO) + row.measures.cost
        return forecast(costs, period=self.period, today=self.today, spent=spent, amount=amount)


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
    spend: Measures
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
    whole: Whole, *, budget: MonthBudget | None, zone: str, alerts: int, alerts_url: str
) -> list[Stat]:
    month, last = whole.month.total, day_words(whole.period.last)
    amount = budget.amount if budget else WITHOUT_END
    heading = whole.forecast(spent=month.cost, amount=amount)
    return [
        today_stat(whole.on_day(whole.today), as_of=whole.report.as_of, zone=zone),
        _month_stat(month, whole.before.total, budget),
        _forecast_stat(heading, last=last, budget=budget, at_least=month.unpriced_events > 0),
        saving_stat(month),
        Stat(
            "Open alerts",
            str(alerts),
            "nobody has acknowledged" if alerts else "all acknowledged",
            "up" if alerts else "",
            url=alerts_url,
        ),
    ]


def _month_stat(month: Measures, before: Measures, budget: MonthBudget | None) -> Stat:
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
    now, were = by_key(whole.month.rows, key="client"), by_key(whole.before.rows, key="client")
    recent = part_of(whole.report, whole.bars)
    all_of_it = whole.month.total.cost
    rows = []
    for slug in names.keys() - (archived - now.keys()):
        spend, before = now.get(slug) or add_up(()), were.get(slug) or add_up(())
        rows.append(
            ClientRow(
                slug=slug,
                name=names[slug],
                owner=owners.get(slug, ""),
                spend=spend,
                before=before.cost,
                is_partial=bool(spend.unpriced_events or before.unpriced_events),
                share=int(100 * spend.cost / all_of_it) if all_of_it > 0 else 0,
                spark=sparkline(_by_day(recent, slug, days=whole.bars)),
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
        {slug: sums.cost for slug, sums in by_key(part.rows, key="project").items()}
        for part in (whole.month, whole.before)
    )
    return movers(now, before)[:MOST_MOVERS]


def unpriced_projects(report: SpendReport) -> set[str]:
    """What they cost is more than their sum says."""
    return {row.keys["project"] for row in report.rows if row.measures.unpriced_events}


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


def _by_day(report: SpendReport, slug: str, *, days: DayRange) -> list[Decimal]:
    costs = dict.fromkeys(days.days, ZERO)
    for row in report.rows:
        if row.keys["client"] == slug and isinstance(row.period, date):
            costs[row.period] += row.measures.cost
    return list(costs.values())


def _is_whole(standing: Standing) -> bool:
    """Of a calendar month, in what is paid, of all that the company or a client spends."""
    each = standing.budget
    narrowed = each.project_id or each.model or each.feature or each.environment
    is_month = each.period == "month" and each.starts_on == 1
    return is_month and each.basis == Basis.COST and not narrowed


def _is_of(standing: Standing, slug: str) -> bool:
    return standing.budget.client is not None and standing.budget.client.slug == slug
