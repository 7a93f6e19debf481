"""A tenant's own terms: agreed prices, discounts, mark-ups; and what they leave alone."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from billing.flow.terms import add_terms, close_terms
from billing.flow.verify import verify
from billing.models import AgreedPrice, Discount, Markup, UsageEvent
from billing.money import TOKEN_CLASSES, total
from billing.periods import DayRange
from billing.reports.events import event_detail
from billing.reports.measures import PriceHidden
from billing.reports.spend import spend
from tenants.actions import ActionError
from tenants.models import AuditEntry, PriceView
from tests.factories import MODEL, NOON, event

pytestmark = pytest.mark.django_db

TODAY = NOON.date()
DAYS = DayRange(TODAY - timedelta(days=40), TODAY + timedelta(days=1))
RATES = dict(zip(TOKEN_CLASSES, map(Decimal, ("2", "2.5", "4", "0.2", "10", "9000")), strict=True))
BY = {"actor": "test", "now": NOON}


def price(**changes):
    return AgreedPrice(
        **{"provider": "anthropic", "model": MODEL, "source": "contract", "checked_on": TODAY}
        | RATES
        | changes
    )


def discount(percent="10", **changes):
    return Discount(**{"provider": "anthropic", "percent": Decimal(percent)} | changes)


def markup(company, percent="15", client="globex", **changes):
    return Markup(client_id=company.clients[client].pk, percent=Decimal(percent), **changes)


def cost_of(company, name="e-1", **changes):
    return company.post(event(name, **changes))[0].cost


def test_a_discount_is_taken_off_every_class_and_the_list_cost_stays_known(world):
    with world.acme.scope():
        add_terms(discount("10"), **BY)

    cost = cost_of(
        world.acme,
        usage={
            "input_tokens": 1_000_000,
            "output_tokens": 0,
            "server_tool_use": {"web_search_requests": 100},
        },
    )

    assert cost == Decimal("3.6")  # 0.9 x ($3 + 100 x $0.01)
    with world.acme.scope():
        assert spend(DAYS).total.cost_list == Decimal(4)
        lines = [each.line for each in event_detail("", "e-1").lines]
        assert [line.multipliers for line in lines] == [{"discount": Decimal("0.9")}] * 2
        assert total(line.cost for line in lines) == cost


def test_a_models_own_discount_comes_before_the_one_for_every_model(world):
    with world.acme.scope():
        add_terms(discount("10"), **BY)
        add_terms(discount("50", model=MODEL), **BY)

    usage = {"input_tokens": 1_000_000, "output_tokens": 0}

    assert cost_of(world.acme, "sonnet", usage=usage) == Decimal("1.5")
    assert cost_of(world.acme, "haiku", model="claude-haiku-4-5", usage=usage) == Decimal("0.9")


def test_an_agreed_price_replaces_the_list_and_is_not_discounted(world):
    with world.acme.scope():
        row = add_terms(price(), **BY)
        add_terms(discount("10"), **BY)

    cost = cost_of(world.acme)

    assert cost == Decimal("0.0104")  # 200 x 2 + 20,000 x 0.2 + 600 x 10, per million
    with world.acme.scope():
        assert UsageEvent.objects.get().price_id == row.pk
        assert spend(DAYS).total.discount == Decimal("0.0052")  # the list asks 0.0156
        assert event_detail("", "e-1").lines[0].price.id == row.pk


def test_an_agreed_price_gives_a_model_that_the_list_does_not_know_a_price(world):
    with world.acme.scope():
        add_terms(price(provider="own", model="llama-at-home"), **BY)

    cost = cost_of(world.acme, provider="own", model="llama-at-home")

    assert cost == Decimal("0.0104")
    with world.acme.scope():
        assert spend(DAYS).total.discount == 0


def test_terms_count_from_their_first_day_to_the_day_before_their_last(world):
    with world.acme.scope():
        add_terms(discount("50", since=date(2026, 11, 10), until=date(2026, 11, 12)), **BY)

    midnight = datetime(2026, 11, 10, tzinfo=UTC)
    moments = [
        midnight - timedelta(seconds=1),
        midnight,
        midnight + timedelta(days=2, seconds=-1),
        midnight + timedelta(days=2),
    ]
    costs = [
        cost_of(world.acme, f"e-{number}", occurred_at=moment.isoformat())
        for number, moment in enumerate(moments)
    ]

    assert costs == [Decimal(each) for each in ("0.0156", "0.0078", "0.0078", "0.0156")]


def test_terms_are_one_tenants_own(world):
    with world.acme.scope():
        add_terms(discount("90"), **BY)

    assert cost_of(world.acme) == Decimal("0.00156")
    assert cost_of(world.brix) == Decimal("0.0156")


def test_the_books_follow_a_change_at_once_and_the_past_stays(world):
    cost_of(world.acme, "before")
    with world.acme.scope():
        row = add_terms(discount("10"), **BY)

    changed = cost_of(world.acme, "with")
    with world.acme.scope():
        close_terms(row, until=TODAY, **BY)

    assert changed == Decimal("0.01404")
    assert cost_of(world.acme, "after") == Decimal("0.0156")
    with world.acme.scope():
        assert spend(DAYS).total.cost == Decimal("0.04524")


def test_a_closing_that_was_undone_leaves_no_book_behind(world):
    with world.acme.scope():
        row = add_terms(discount("10"), **BY)
        other = add_terms(discount("20", model="claude-haiku-4-5"), **BY)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            close_terms(row, until=TODAY, **BY)
            world.acme.post(event("undone"))
            raise ZeroDivisionError

        close_terms(other, until=TODAY, actor="test", now=NOON + timedelta(seconds=1))

    assert cost_of(world.acme) == Decimal("0.01404")


def test_a_new_row_closes_the_one_it_follows(world):
    with world.acme.scope():
        first = add_terms(discount("10", since=date(2026, 1, 1)), **BY)
        second = add_terms(discount("20", since=date(2026, 11, 1)), **BY)

        first.refresh_from_db()
        assert (first.until, second.until) == (second.since, None)
        actions = AuditEntry.objects.values_list("action", flat=True).order_by("id")
        assert list(actions)[-3:] == ["discount.added", "discount.closed", "discount.added"]


@pytest.mark.parametrize("since", [None, date(2026, 1, 1), date(2025, 6, 1)])
def test_a_row_that_covers_taken_days_is_refused_and_nothing_is_closed(world, since):
    with world.acme.scope():
        first = add_terms(discount("10", since=date(2026, 1, 1)), **BY)

        with pytest.raises(ActionError) as refused:
            add_terms(discount("20", since=since), **BY)

        first.refresh_from_db()
        assert (refused.value.code, first.until) == ("overlapping_terms", None)


def test_the_database_itself_refuses_overlaps_and_edits(world):
    with world.acme.scope():
        add_terms(discount("10", since=date(2026, 1, 1)), **BY)

        with pytest.raises(IntegrityError), transaction.atomic():
            discount("20", since=date(2026, 6, 1)).save()
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            Discount.objects.update(percent=1)
        with (
            pytest.raises(Exception, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("DELETE FROM billing_discount")


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (lambda: discount("0"), ""),
        (lambda: discount("100.01"), ""),
        (lambda: discount("NaN"), "percent"),
        (lambda: discount("1.001"), "percent"),
        (lambda: discount("10", since=TODAY, until=TODAY), "until"),
        (lambda: price(input=Decimal(-1)), ""),
        (lambda: price(input=Decimal("0.0000001")), "input"),
        (lambda: price(model=""), "model"),
        (lambda: price(source=""), "source"),
        (lambda: price(speed="slow"), ""),
        (lambda: price(output=Decimal("0.000001"), batch_multiplier=Decimal("0.001"),
                       us_multiplier=Decimal("1.0001")), "us_multiplier"),
    ],
)  # fmt: skip
def test_what_makes_no_price_is_refused_with_the_field(world, row, field):
    with world.acme.scope():
        with pytest.raises(ActionError) as refused:
            add_terms(row(), **BY)

        assert (refused.value.code, refused.value.field) == ("invalid_field", field)
        assert not Discount.objects.exists()
        assert not AgreedPrice.objects.exists()


def test_rows_end_once_and_not_before_they_begin(world):
    with world.acme.scope():
        row = add_terms(discount("10", since=TODAY), **BY)
        with pytest.raises(ActionError, match="end it later"):
            close_terms(row, until=TODAY, **BY)

        close_terms(row, until=TODAY + timedelta(days=1), **BY)

        with pytest.raises(ActionError) as refused:
            close_terms(row, until=TODAY + timedelta(days=2), **BY)
        assert refused.value.code == "already_closed"


def test_billed_is_cost_and_mark_up_of_the_client_and_day(world):
    with world.acme.scope():
        add_terms(markup(world.acme, "15", until=date(2026, 11, 20)), **BY)
        add_terms(markup(world.acme, "20", since=date(2026, 11, 20)), **BY)
    yesterday = (NOON - timedelta(days=1)).isoformat()

    world.acme.post(event("a", occurred_at=yesterday), event("b"))
    world.acme.fold()
    world.acme.post(event("c"), event("d", project="contract-agent"))

    with world.acme.scope():
        report = spend(DAYS, granularity="total", group_by=("client",))
    billed = {row.keys["client"]: row.measures.billed for row in report.rows}
    assert billed == {"globex": Decimal("0.05538"), "initech": Decimal("0.0156")}
    assert report.total.margin == Decimal("0.05538") - 3 * Decimal("0.0156")


@pytest.mark.parametrize(("view", "cost"), [("cost", "0.0156"), ("billed", "0.01794")])
def test_a_viewer_sees_one_price_and_nothing_of_the_agencys(world, view, cost):
    with world.acme.scope():
        add_terms(markup(world.acme, "15"), **BY)
        add_terms(discount("20"), **BY)
    world.acme.post(event("e", usage={"input_tokens": 6_500, "output_tokens": 0}))
    client = world.acme.clients["globex"]
    client.price_view = PriceView(view)
    with world.acme.scope():
        client.save()

    with world.acme.viewer_scope():
        for granularity in ("day", "hour"):
            shown = spend(DAYS, granularity=granularity).total

            assert (shown.cost, shown.cost_uncached) == (Decimal(cost), Decimal(cost))
            assert (shown.discount, shown.billed) == (0, 0)


def test_a_viewer_who_is_shown_no_prices_gets_none_not_even_nought(world):
    world.acme.post(event())
    client = world.acme.clients["globex"]
    client.price_view = PriceView.HIDDEN
    with world.acme.scope():
        client.save()

    with world.acme.viewer_scope():
        shown = spend(DAYS).total

        assert shown.tokens["output"] == 600
        assert not any(shown.costs.values())
        with pytest.raises(PriceHidden):
            _ = shown.cost


def test_terms_change_no_proof(world):
    with world.acme.scope():
        add_terms(discount("33.33"), **BY)
    world.acme.post(*(event(f"e-{number}") for number in range(5)))
    world.acme.fold()
    world.acme.post(event("later"))

    with world.acme.scope():
        assert verify(DAYS.since, until=DAYS.until) == []
