"""/api/v1/prices/proposals: what another list asks for models of other providers, and accepting one."""

from decimal import Decimal
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.queries import refuse_unknown
from billing.api.terms import TermsView
from billing.flow.accept_listed import UnknownProposal, accept_listed
from billing.models import AgreedPrice
from billing.money import TOKEN_CLASSES, amount, plain
from billing.reports.proposals import Proposal, proposals
from tenants.problems import Problem

KNOWN = ("provider", "search", "cursor")
RATE = "Dollars per million, a decimal string; null where the list has none."


class ProposedRates(s.Serializer[object]):
    speed = s.CharField()
    over_prompt_tokens = s.IntegerField(help_text="For prompts of strictly more tokens.")
    input = s.CharField(allow_null=True, help_text=RATE)
    cache_write_5m = s.CharField(allow_null=True)
    cache_write_1h = s.CharField(allow_null=True)
    cache_read = s.CharField(allow_null=True)
    output = s.CharField(allow_null=True)
    web_search = s.CharField(allow_null=True, help_text="Per million searches.")


class ProposalAnswer(s.Serializer[object]):
    provider = s.CharField()
    model = s.CharField()
    names = s.ListField(child=s.CharField(), help_text="Other exact names of the model.")
    since = s.DateField(allow_null=True, help_text="From when the list knows the price.")
    until = s.DateField(allow_null=True, help_text="When the list says that it changes.")
    prices = ProposedRates(many=True)
    batch_multiplier = s.CharField(allow_null=True)
    source = s.CharField()  # type: ignore[assignment]
    checked_on = s.DateField()
    not_mapped = s.ListField(child=s.CharField(), help_text="What is left out, and why.")
    acceptable = s.BooleanField(help_text="false: it cannot be priced by its tokens.")
    missing = s.ListField(child=s.ChoiceField(TOKEN_CLASSES), help_text="Rates to give with it.")


class ProposalsAnswer(s.Serializer[object]):
    proposals = ProposalAnswer(many=True)
    next_cursor = s.CharField(allow_null=True)


class Acceptance(s.Serializer[object]):
    provider = s.CharField(max_length=60)
    model = s.CharField(max_length=200, help_text="As the proposal has it.")
    name = s.CharField(
        required=False, max_length=200, help_text="As events name the model; default: model."
    )
    since = s.DateField(
        required=False, allow_null=True, help_text="First UTC day; null: every day."
    )
    rates = s.DictField(
        child=s.CharField(max_length=40),
        required=False,
        help_text="For each class that is `missing`, dollars per million.",
    )


class AcceptedPrice(s.Serializer[object]):
    id = s.CharField()
    provider = s.CharField()
    model = s.CharField()
    over_prompt_tokens = s.IntegerField()
    since = s.DateField(allow_null=True)
    until = s.DateField(allow_null=True)
    source = s.CharField()  # type: ignore[assignment]


class AcceptedAnswer(s.Serializer[object]):
    prices = AcceptedPrice(many=True)


class Proposals(TermsView):
    scopes: ClassVar = {"GET": frozenset({"read"}), "POST": frozenset({"manage"})}

    @extend_schema(
        operation_id="list_price_proposals",
        tags=["Prices"],
        responses=ProposalsAnswer,
        parameters=[
            OpenApiParameter("search", str, description="Words of the model or its provider."),
            OpenApiParameter("provider", str, description="Of this provider only."),
            OpenApiParameter("cursor", str, description="`next_cursor` of the page before."),
        ],
    )
    def get(self, request: Request) -> Response:
        """What genai-prices asks for models that the price book does not have, 25 to a page."""
        query = request.query_params
        refuse_unknown(query, KNOWN)
        found = proposals(**{name: query.get(name, "") for name in KNOWN})  # type: ignore[arg-type]
        return Response(
            {
                "proposals": [proposal_data(each) for each in found.proposals],
                "next_cursor": found.next_cursor or None,
            }
        )

    @extend_schema(
        operation_id="accept_price_proposal",
        tags=["Prices"],
        request=Acceptance,
        responses={201: AcceptedAnswer},
    )
    def post(self, request: Request) -> Response:
        """Make a proposal an agreed price. Every rate that it lacks is given with it."""
        data = self.valid(Acceptance)
        try:
            added = accept_listed(
                data["provider"],
                data["model"],
                name=data.get("name", ""),
                since=data.get("since"),
                given=_given(data.get("rates", {})),
                actor=self.actor,
                now=timezone.now(),
            )
        except UnknownProposal as error:
            raise Problem(404, "not_found", "The list has no such model.", field="model") from error
        return Response({"prices": [_accepted(each) for each in added]}, status=201)


def proposal_data(each: Proposal) -> dict[str, Any]:
    return {
        "provider": each.provider,
        "model": each.model,
        "names": each.names,
        "since": each.since and each.since.isoformat(),
        "until": each.until and each.until.isoformat(),
        "prices": [
            {"speed": price.speed, "over_prompt_tokens": price.over_prompt_tokens}
            | {name: _text(rate) for name, rate in price.rates.items()}
            for price in each.prices
        ],
        "batch_multiplier": _text(each.batch_multiplier),
        "source": each.source,
        "checked_on": each.checked_on.isoformat(),
        "not_mapped": each.not_mapped,
        "acceptable": each.is_acceptable,
        "missing": each.missing,
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _given(rates: dict[str, str]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for name, text in rates.items():
        try:
            found[name] = amount(text)
        except ValueError as error:
            raise Problem(422, "invalid_field", str(error), field=f"rates.{name[:60]}") from error
    return found


def _accepted(price: AgreedPrice) -> dict[str, Any]:
    return {
        "id": str(price.pk),
        "provider": price.provider,
        "model": price.model,
        "over_prompt_tokens": price.over_prompt_tokens,
        "since": price.since and price.since.isoformat(),
        "until": price.until and price.until.isoformat(),
        "source": price.source,
    }
