"""What another lifetime or the batch price had saved, against figures reckoned by hand."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from billing.insights.evidence import task_statistics
from billing.insights.night import due_days
from billing.insights.patience import batch_share
from billing.insights.ranked import month_to, ranked
from billing.models import CacheBreak, InsightSum, SpendDay, TaskDay
from billing.models.insights import SumKind
from billing.money import ratio
from tests.billing.test_price_book import ROW, book
from tests.insights.test_night import chat, night

HAIKU = {"model": "claude-haiku-4-5"}
MILLION = 1_000_000


def test_the_other_lifetime_costs_what_the_pauses_make_of_it(world):
    kept = [  # for an hour: read after 30 minutes, after one, and after just five
        chat(1, 0, hour=10_000),
        chat(2, 30, read=10_000, hour=600),
        chat(3, 31, read=10_600, hour=600),
        chat(4, 36, read=11_200, hour=600),
    ]
    lucky = [  # for five minutes, and yet read after seven
        chat(5, 0, written=10_000, session="s-2", project="contract-agent"),
        chat(6, 7, read=10_000, written=600, session="s-2", project="contract-agent"),
    ]
    missed = [  # for an hour, and a part was not found: nobody knows how long the rest had waited
        chat(7, 0, hour=20_000, session="s-3", **HAIKU),
        chat(8, 1, read=20_000, hour=600, session="s-3", **HAIKU),
        chat(9, 2, read=10_000, hour=11_200, session="s-3", **HAIKU),
    ]
    alone = chat(10, 0, read=20_000, hour=1_000, session="", project="contract-agent", **HAIKU)
    world.acme.post(*kept, *lucky, *missed, alone)

    night(world.acme)

    with world.acme.scope():
        rows = InsightSum.objects.filter(kind=SumKind.LIFETIME)
        slugs = {each.pk: slug for slug, each in world.acme.projects.items()}
        found = {(slugs[row.project_id], row.label, row.detail): row.saving for row in rows}
    # Sonnet writes for $6 or $3.75 a million and reads for $0.30; Haiku for $2, $1.25 and $0.10
    assert found == {
        ("support-bot", "5m", "claude-sonnet-4-6"): (
            11_800 * Decimal("2.25") - (10_000 + 11_200) * Decimal("3.45")
        )
        / MILLION,
        ("contract-agent", "1h", "claude-sonnet-4-6"): -10_600 * Decimal("2.25") / MILLION,
        ("support-bot", "5m", "claude-haiku-4-5"): (
            31_800 * Decimal("0.75") - 10_000 * Decimal("1.15")
        )
        / MILLION,
        ("contract-agent", "5m", "claude-haiku-4-5"): (
            1_000 * Decimal("0.75") - 20_000 * Decimal("1.15")
        )
        / MILLION,
    }


def test_a_talk_across_midnight_is_one_talk_and_looked_at_from_both_its_days(world):
    midnight = 13 * 60  # in Sofia
    talk = [
        chat(1, midnight - 10, written=10_000),
        chat(2, midnight - 9, read=10_000, written=600),
        chat(3, midnight + 11, written=11_200),
    ]
    world.acme.post(*talk)
    night(world.acme)

    with world.acme.scope():
        (found,) = CacheBreak.objects.all()
        hour = InsightSum.objects.filter(kind=SumKind.LIFETIME, label="1h").order_by("day")
        savings = [(row.day.day, row.saving) for row in hour]
        SpendDay.objects.update(changed_at=timezone.now() - timedelta(hours=1))
        later = timezone.now() + timedelta(hours=2)
        assert due_days(now=later) == []
        SpendDay.objects.filter(day__day=17).update(changed_at=timezone.now())
        due = due_days(now=later)

    assert (found.day.day, found.tokens, found.gap_seconds) == (18, 10_600, 1200)
    assert savings == [
        (17, -10_600 * Decimal("2.25") / MILLION),
        (18, (10_600 * Decimal("3.45") - 600 * Decimal("2.25")) / MILLION),
    ]
    assert {day.day for day in due} == {17, 18}  # what one day changed may change the next


def test_of_several_cuts_the_latest_worth_a_tenth_is_told_and_what_writes_nothing_has_no_lifetime(
    world,
):
    today = timezone.now().date()
    with world.acme.scope():
        project = world.acme.projects["support-bot"].pk
        for kind, label, tokens, saving in (
            (SumKind.TRIM, "50000", 9, 30),
            (SumKind.TRIM, "100000", 9, 20),
            (SumKind.TRIM, "200000", 9, 9),
            (SumKind.LIFETIME, "5m", 0, 7),
            (SumKind.LIFETIME, "1h", 9, 6),
        ):
            sums = {"events": 4, "tokens": tokens, "cost": 100, "saving": saving}
            InsightSum.objects.create(
                day=today, project_id=project, kind=kind, label=label, detail="m", **sums
            )
        told = [(each.key.split(":")[0], each.label, each.monthly) for each in ranked(today=today)]

    assert told == [("trim", "100000", 20), ("lifetime", "m", 6)]


def test_a_task_of_two_days_begins_on_the_first(world):
    today = timezone.now().date()
    with world.acme.scope():
        project = world.acme.projects["support-bot"].pk
        for age, first, cost in ((0, 5, 9), (1, 2, 3), (2, 7, 8)):
            TaskDay.objects.create(
                day=today - timedelta(days=age),
                project_id=project,
                task="t-1",
                turns=2,
                unpriced=0,
                tool_calls=1,
                cost=cost,
                first_cost=first,
            )
        (found,) = task_statistics(month_to(today))

    assert (found.tasks, found.turns, found.cost, found.first_cost) == (1, 6, 20, 7)
    assert found.multiplier == ratio(20, 7)


def test_of_two_batch_prices_that_could_hold_the_one_that_saves_less_is_told():
    long = replace(ROW, id=2, over_prompt_tokens=200_000, batch_multiplier=Decimal("0.6"))
    asked = {"provider": "anthropic", "model": "m", "variant": "standard"}

    assert batch_share(book(ROW, long), day=date(2026, 3, 1), **asked) == Decimal("0.6")
    assert batch_share(book(ROW), day=date(2026, 3, 1), **asked) == Decimal("0.5")
    assert batch_share(book(ROW), day=date(2026, 7, 1), **asked) is None  # its row has ended
    never = replace(ROW, batch_multiplier=None)
    assert batch_share(book(never), day=date(2026, 3, 1), **asked) is None
