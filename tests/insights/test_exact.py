"""What another lifetime or the batch price had saved, against figures reckoned by hand."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from billing.insights.night import due_days
from billing.insights.patience import batch_share
from billing.models import CacheBreak, InsightSum, SpendDay
from billing.models.insights import SumKind
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


def test_of_two_batch_prices_that_could_hold_the_one_that_saves_less_is_told():
    long = replace(ROW, id=2, over_prompt_tokens=200_000, batch_multiplier=Decimal("0.6"))
    asked = {"provider": "anthropic", "model": "m", "variant": "standard"}

    assert batch_share(book(ROW, long), day=date(2026, 3, 1), **asked) == Decimal("0.6")
    assert batch_share(book(ROW), day=date(2026, 3, 1), **asked) == Decimal("0.5")
    assert batch_share(book(ROW), day=date(2026, 7, 1), **asked) is None  # its row has ended
    never = replace(ROW, batch_multiplier=None)
    assert batch_share(book(never), day=date(2026, 3, 1), **asked) is None
