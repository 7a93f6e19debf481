"""Samples of budgets for the style guide: one of each state, with invented figures."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from billing.models import Alert, Budget
from billing.periods import DayRange
from billing.reports.budgets import Standing, Used
from billing.reports.forecast import HISTORY, forecast
from billing.web.budget_rows import BudgetRow, budget_row
from billing.web.burn import Burn, burn
from billing.web.pairs import Pair, Pairs, pair_bars
from tenants.models import Client, User

TODAY = date(2026, 11, 22)
MONTH = DayRange(date(2026, 11, 1), date(2026, 12, 1))
OWNER = User(id=1, name="Ana Petrova", email="ana@example.com")


def sample_budget(name: str, amount: int, *, hard: bool = False) -> Budget:
    return Budget(
        id=1,
        name=name,
        client=Client(id=1, slug="lucerne", name="Lucerne Foods"),
        amount=Decimal(amount),
        period="month",
        thresholds=[50, 80, 100],
        forecast_thresholds=[100],
        owner=OWNER,
        hard=hard,
    )


def sample_standing(budget: Budget, spent: str, *, unpriced: int = 0) -> Standing:
    at = datetime(2026, 11, 22, 12, 2, 11, tzinfo=UTC)
    return Standing(budget, MONTH, Used(Decimal(spent), unpriced), at)


def sample_rows() -> list[BudgetRow]:
    found = [
        (sample_standing(sample_budget("Half used", 1_000), "512.40"), None),
        (sample_standing(sample_budget("Close", 1_000, hard=True), "812.40", unpriced=3), None),
        (sample_standing(sample_budget("Over", 700), "812.40"), Decimal(900)),
    ]
    return [budget_row(each, today=TODAY, promised=promised) for each, promised in found]


def sample_burn() -> Burn:
    days = {
        TODAY - timedelta(days=age): Used(Decimal(20 + age * 7 % 11), 0)
        for age in range(HISTORY + 1)
    }
    spent = sum((used.spent for day, used in days.items() if day in MONTH.days), Decimal(0))
    standing = sample_standing(sample_budget("Close", 650), str(spent))
    heading = forecast(
        {day: used.spent for day, used in days.items()},
        period=MONTH,
        today=TODAY,
        spent=spent,
        amount=standing.budget.amount,
    )
    return burn(standing, days, forecast=heading, today=TODAY)


def sample_alerts() -> list[Alert]:
    at = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    words = "80 % used: $812.40 of $1,000.00 (month to 30 Nov, Europe/Sofia)."
    ended = "100 % used in a period that has ended: $1,003.00 of $1,000.00 (month to 31 Oct, Europe/Sofia)."
    by = "ana@example.com"
    return [
        Alert(id=3, kind="spent", headline=words, made_at=at),
        Alert(id=2, kind="late", headline=ended, made_at=at, escalated_at=at),
        Alert(
            id=1,
            kind="spent",
            headline=words,
            made_at=at,
            acknowledged_at=at,
            acknowledged_label=by,
            note="The import ran twice; it is stopped.",
        ),
        Alert(id=4, kind="spent", headline=words, made_at=at, snoozed_until=at),
    ]


def sample_pairs() -> Pairs:
    pairs = [
        Pair(day, Decimal(20 + day.day % 7), Decimal(20 + day.day % 7) / (1 + day.day // 20))
        for day in MONTH.days
    ]
    names, words = ("Paid", "It would have been"), "$712.00 would have been $560.50."
    return pair_bars(pairs, title="Day by day", names=names, words=words)
