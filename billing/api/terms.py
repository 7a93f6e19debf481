"""Agreed prices and discounts over HTTP: read the book, agree on a price, end one."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api import price_schemas as schemas
from billing.api.catalogue import READ_OR_MANAGE, ManagedView, found
from billing.api.queries import refuse_unknown
from billing.flow.terms import Terms, add_terms, close_terms
from billing.models import AgreedPrice, Discount
from billing.models.prices import AGREED_FROM, Dated
from billing.money import TOKEN_CLASSES, amount, plain
from billing.periods import day_of
from billing.reports.prices import PricedModel, price_row, priced_models
from tenants.actions import ActionError
from tenants.problems import Problem

PROVIDER = "anthropic"
MULTIPLIERS = ("batch_multiplier", "us_multiplier")


def dated_data(row: Dated) -> dict[str, Any]:
    return {
        "since": row.since and row.since.isoformat(),
        "until": row.until and row.until.isoformat(),
        "note": row.note,
        "added_at": row.added_at.isoformat(),
        "added_by": row.added_by,
        "closed_at": row.closed_at and row.closed_at.isoformat(),
        "closed_by": row.closed_by,
    }


def prices_data(model: PricedModel, *, is_on: bool) -> list[dict[str, Any]]:
    return [
        {
            "id": str(line.row.pk),
            "kind": "agreed" if line.is_agreed else "list",
            "provider": line.row.provider,
            "model": line.row.model,
            "aliases": list(model.aliases),
            "speed": line.row.speed,
            "over_prompt_tokens": line.row.over_prompt_tokens,
            **{name: plain(rate) for name, rate in line.rates.items()},
            **{name: _plain_or_none(getattr(line.row, name)) for name in MULTIPLIERS},
            "source": line.row.source,
            "checked_on": line.row.checked_on.isoformat(),
            **dated_data(line.row),
            "counts": line.counts,
        }
        for line in (model.valid if is_on else model.lines)
    ]


def discount_data(row: Discount) -> dict[str, Any]:
    terms = {"provider": row.provider, "model": row.model, "percent": plain(row.percent)}
    return {"id": row.pk} | terms | dated_data(row)


class TermsView(ManagedView):
    """A body of these is checked to the last name: a misspelt date would be a price for ever."""

    def valid(self, serializer_class: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        known = serializer_class().fields
        if isinstance(self.request.data, Mapping):
            unknown = sorted(set(self.request.data) - set(known))
            if unknown:
                name = unknown[0][:60]
                raise Problem(400, "unknown_field", f"There is no field {name!r} here.", field=name)
        return super().valid(serializer_class)

    def added(self, row: Any) -> Any:
        return add_terms(row, actor=self.actor, now=timezone.now())

    def closed(self, row: Terms) -> None:
        until = self.valid(schemas.CloseBody)["until"]
        close_terms(row, until=until, actor=self.actor, now=timezone.now())


class Prices(TermsView):
    @extend_schema(
        operation_id="list_prices",
        tags=["Prices"],
        responses=schemas.PricesAnswer,
        parameters=[
            OpenApiParameter("provider", str, description="Only this provider."),
            OpenApiParameter("model", str, description="Only this model: its name or an alias."),
            OpenApiParameter(
                "on", str, description="A day in UTC; today without it. `all`: of all times."
            ),
        ],
    )
    def get(self, request: Request) -> Response:
        """The book: the list, and what this tenant agreed on instead."""
        query = request.query_params
        refuse_unknown(query, {"provider", "model", "on"})
        asked = query.get("on", "")
        day = day_of(asked) if asked and asked != "all" else utc_today()
        if day is None:
            raise Problem(
                400, "invalid_time", "on is a day such as 2026-11-22, or all.", field="on"
            )
        models = priced_models(
            day, provider=query.get("provider", ""), model=query.get("model", "")
        )
        rows = [row for each in models for row in prices_data(each, is_on=asked != "all")]
        return Response({"on": day.isoformat(), "prices": rows})

    @extend_schema(
        operation_id="add_price",
        tags=["Prices"],
        request=schemas.NewPrice,
        responses={201: schemas.PriceRowAnswer},
    )
    def post(self, request: Request) -> Response:
        """Agree on a price. An open row of the same model, speed and prompt size ends where it begins."""
        data = decimals(self.valid(schemas.NewPrice), (*TOKEN_CLASSES, *MULTIPLIERS))
        defaults = {"provider": PROVIDER, "checked_on": utc_today()}
        row = self.added(AgreedPrice(**defaults | data))
        return Response(one_price(row.pk), status=201)


class OnePrice(TermsView):
    scopes: ClassVar = {"GET": READ_OR_MANAGE["GET"]}

    @extend_schema(operation_id="get_price", tags=["Prices"], responses=schemas.PriceRowAnswer)
    def get(self, request: Request, price_id: int) -> Response:
        """One row, of the list or agreed on."""
        return Response(one_price(price_id))


class ClosePrice(TermsView):
    scopes: ClassVar = {"POST": READ_OR_MANAGE["POST"]}

    @extend_schema(
        operation_id="close_price",
        tags=["Prices"],
        request=schemas.CloseBody,
        responses={200: schemas.PriceRowAnswer},
    )
    def post(self, request: Request, price_id: int) -> Response:
        """End an agreed price. The list is the installation's and ends by its own releases."""
        if price_id <= AGREED_FROM and price_row(price_id):
            detail = "A row of the list cannot be closed here: agree on a price of your own."
            raise Problem(409, "list_price", detail)
        row = found(AgreedPrice.objects, what="price", pk=price_id)
        self.closed(row)
        return Response(one_price(row.pk))


class Discounts(TermsView):
    @extend_schema(
        operation_id="list_discounts", tags=["Prices"], responses=schemas.DiscountsAnswer
    )
    def get(self, request: Request) -> Response:
        """Every discount, closed ones included."""
        return Response({"discounts": [discount_data(each) for each in Discount.objects.all()]})

    @extend_schema(
        operation_id="add_discount",
        tags=["Prices"],
        request=schemas.NewDiscount,
        responses={201: schemas.DiscountAnswer},
    )
    def post(self, request: Request) -> Response:
        """Take per cent off the list price of a model, or of every model of a provider."""
        data = decimals(self.valid(schemas.NewDiscount), ("percent",))
        row = self.added(Discount(**{"provider": PROVIDER} | data))
        return Response(discount_data(row), status=201)


class OneDiscount(TermsView):
    scopes: ClassVar = {"GET": READ_OR_MANAGE["GET"]}

    @extend_schema(operation_id="get_discount", tags=["Prices"], responses=schemas.DiscountAnswer)
    def get(self, request: Request, discount_id: int) -> Response:
        """One discount."""
        return Response(discount_data(found(Discount.objects, what="discount", pk=discount_id)))


class CloseDiscount(TermsView):
    scopes: ClassVar = {"POST": READ_OR_MANAGE["POST"]}

    @extend_schema(
        operation_id="close_discount",
        tags=["Prices"],
        request=schemas.CloseBody,
        responses={200: schemas.DiscountAnswer},
    )
    def post(self, request: Request, discount_id: int) -> Response:
        """End a discount."""
        row = found(Discount.objects, what="discount", pk=discount_id)
        self.closed(row)
        return Response(discount_data(row))


def one_price(row_id: int) -> dict[str, Any]:
    row = price_row(row_id)
    if row is None:
        raise Problem(404, "not_found", "There is no such price in this tenant.")
    for model in priced_models(utc_today(), provider=row.provider, model=row.model):
        for data in prices_data(model, is_on=False):
            if data["id"] == str(row_id):
                return data
    raise LookupError(f"price {row_id} is in no book")


def decimals(data: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The body with its amounts read. Per cents and rates are plain decimal strings."""
    return data | {name: decimal_of(data[name], name) for name in names if data.get(name)}


def decimal_of(text: str, name: str) -> Decimal:
    try:
        return amount(text)
    except ValueError as error:
        raise ActionError("invalid_field", f"{name} is {error}.", field=name) from error


def utc_today(now: datetime | None = None) -> date:
    """The day by which prices are dated."""
    return (now or timezone.now()).astimezone(UTC).date()


def _plain_or_none(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
