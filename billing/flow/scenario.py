"""Scenario: what is supposed of days to come, and what share of today's cost a call then has.

In:   assumptions as a form or a body names them.   Out: `Assumptions`, and what they make of a cost. Pure.
Rules: price changes count one after the other, by their first day: per cent multiply, own rates take the place
      of what a class cost. Growth is compound and by calendar month: this month as it is, the next one once
      more by so many per cent; the narrowest that fits counts, project before client before everything.
Never: a figure that is booked, told as an alert, or shown to a client.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any, Final

from billing.money import TOKEN_CLASSES, amount, plain

MOST: Final = 10
"""Price changes of a scenario, and growths."""
LEAST_PER_CENT, MOST_PER_CENT = Decimal(-100), Decimal(1_000)
MOST_GROWTH: Final = Decimal(100)
MOST_RATE: Final = Decimal(1_000_000)
LONGEST: Final = 200
ONE: Final = Decimal(1)
ROUNDED: Final = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])
_FINE: Final = Decimal("1e-12")


class ScenarioError(ValueError):
    """What is supposed makes no sense. `field` names it: `prices.0.since`."""

    def __init__(self, detail: str, *, field: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


@dataclass(frozen=True, slots=True)
class PriceChange:
    """From a day on: `per_cent` more or less, or these `rates` in dollars per million; '' is every one.

    Of `rates`, by token class, what is not named stays as it was.
    """

    since: date
    provider: str = ""
    model: str = ""
    per_cent: Decimal | None = None
    rates: tuple[tuple[str, Decimal], ...] = ()

    def fits(self, provider: str, model: str) -> bool:
        return self.provider in ("", provider) and self.model in ("", model)


@dataclass(frozen=True, slots=True)
class Growth:
    """Each month so many per cent more than the one before it: of everything, a client or a project."""

    per_cent: Decimal
    client: str = ""
    project: str = ""

    def fits(self, client: str, project: str) -> bool:
        return self.project == project if self.project else self.client in ("", client)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """`prices` by their first day; `growth` the narrowest first."""

    prices: tuple[PriceChange, ...] = ()
    growth: tuple[Growth, ...] = ()

    @property
    def has_rates(self) -> bool:
        return any(each.rates for each in self.prices)

    def in_force(self, day: date) -> int:
        """How many of the price changes count on that day: the first so many."""
        return sum(each.since <= day for each in self.prices)


def grown(assumed: Assumptions, *, client: str, project: str, months: int) -> Decimal:
    """What times as much a project's calls are, so many calendar months from now."""
    found = next((each for each in assumed.growth if each.fits(client, project)), None)
    factor = ONE
    for _ in range(months if found else 0):
        factor = _rounded(factor * _times(found.per_cent)) if found else factor
    return factor


def repriced(
    costs: Sequence[Decimal],
    prices: Sequence[PriceChange],
    own: Mapping[int, Sequence[Decimal | None]],
    *,
    provider: str,
    model: str,
) -> list[Decimal]:
    """Costs per class after these changes. `own`: of a change with rates, by its place, what each class costs
    at them; None as it was.
    """
    found = list(costs)
    for place, change in enumerate(prices):
        if not change.fits(provider, model):
            continue
        if change.per_cent is not None:
            times = _times(change.per_cent)
            found = [ROUNDED.multiply(cost, times) for cost in found]
        else:
            named = own.get(place, ())
            found = [
                cost if at is None else at for cost, at in zip(found, named, strict=False)
            ] or found
    return found


def assumptions_of(data: Mapping[str, Any]) -> Assumptions:
    """Read `{"prices": [...], "growth": [...]}`, as the document of the API has them. Errors: ScenarioError."""
    prices = _listed(data, "prices")
    growth = _listed(data, "growth")
    if unknown := sorted(data.keys() - {"prices", "growth"}):
        raise ScenarioError("There is no such part of a scenario.", field=str(unknown[0]))
    changes = [_price_change(each, f"prices.{place}") for place, each in enumerate(prices)]
    grows = [_growth(each, f"growth.{place}") for place, each in enumerate(growth)]
    scopes = [(each.client, each.project) for each in grows]
    for place, scope in enumerate(scopes):
        if scope in scopes[:place]:
            detail = "The same client or project is said to grow twice."
            raise ScenarioError(detail, field=f"growth.{place}")
    return Assumptions(
        prices=tuple(sorted(changes, key=lambda each: each.since)),
        growth=tuple(sorted(grows, key=lambda each: (not each.project, not each.client))),
    )


def data_of(assumed: Assumptions) -> dict[str, list[dict[str, Any]]]:
    """What `assumptions_of` reads: for the database, the API and the audit log."""
    prices = []
    for each in assumed.prices:
        of = {"provider": each.provider, "model": each.model}
        price: dict[str, Any] = {"since": each.since.isoformat()}
        price |= {name: value for name, value in of.items() if value}
        if each.per_cent is not None:
            price["per_cent"] = plain(each.per_cent)
        if each.rates:
            price["rates"] = {name: plain(rate) for name, rate in each.rates}
        prices.append(price)
    growth = [
        {"per_cent": plain(each.per_cent)}
        | {
            name: slug
            for name, slug in (("client", each.client), ("project", each.project))
            if slug
        }
        for each in assumed.growth
    ]
    return {"prices": prices, "growth": growth}


def _listed(data: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    found = data.get(name) or []
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise ScenarioError(f"{name} is a list of objects.", field=name)
    if len(found) > MOST:
        raise ScenarioError(f"At most {MOST}.", field=name)
    return found


def _price_change(data: Mapping[str, Any], field: str) -> PriceChange:
    _refuse_unknown(data, {"since", "provider", "model", "per_cent", "rates"}, field)
    try:
        since = date.fromisoformat(str(data.get("since") or ""))
    except ValueError as error:
        raise ScenarioError("A day, as 2027-11-01.", field=f"{field}.since") from error
    rates = data.get("rates") or {}
    given = str(data.get("per_cent") or "").strip()
    if bool(given) == bool(rates):
        raise ScenarioError("Either per cent, or rates.", field=f"{field}.per_cent")
    model = _text(data, "model", field)
    if rates and not model:
        raise ScenarioError("Own rates are those of a model: name it.", field=f"{field}.model")
    return PriceChange(
        since=since,
        provider=_text(data, "provider", field),
        model=model,
        per_cent=_number(given, LEAST_PER_CENT, MOST_PER_CENT, 2, f"{field}.per_cent")
        if given
        else None,
        rates=rates_of(rates, field=f"{field}.rates"),
    )


def rates_of(data: Any, *, field: str) -> tuple[tuple[str, Decimal], ...]:
    """Dollars per million by token class, those that are named, in the order of the classes."""
    if not isinstance(data, Mapping):
        raise ScenarioError("Dollars per million, by token class.", field=field)
    _refuse_unknown(data, set(TOKEN_CLASSES), field)
    return tuple(
        (name, _number(str(data[name]), Decimal(0), MOST_RATE, 6, f"{field}.{name}"))
        for name in TOKEN_CLASSES
        if name in data
    )


def _growth(data: Mapping[str, Any], field: str) -> Growth:
    _refuse_unknown(data, {"per_cent", "client", "project"}, field)
    client, project = _text(data, "client", field), _text(data, "project", field)
    if client and project:
        detail = "A client or a project; a project has its client."
        raise ScenarioError(detail, field=f"{field}.client")
    given = str(data.get("per_cent") or "0").strip()
    return Growth(
        _number(given, LEAST_PER_CENT, MOST_GROWTH, 2, f"{field}.per_cent"), client, project
    )


def _refuse_unknown(data: Mapping[str, Any], known: set[str], field: str) -> None:
    if unknown := sorted(map(str, data.keys() - known)):
        raise ScenarioError("There is no such field.", field=f"{field}.{unknown[0]}")


def _text(data: Mapping[str, Any], name: str, field: str) -> str:
    text = str(data.get(name) or "").strip()
    if len(text) > LONGEST or "\0" in text:
        raise ScenarioError(f"At most {LONGEST} characters.", field=f"{field}.{name}")
    return text


def _number(text: str, least: Decimal, most: Decimal, places: int, field: str) -> Decimal:
    try:
        value = amount(text.replace("\N{MINUS SIGN}", "-").removeprefix("+"))
    except ValueError:
        value = None
    if value is None or not least <= value <= most or value != round(value, places):
        detail = f"A number from {plain(least)} to {plain(most)}, with at most {places} decimals."
        raise ScenarioError(detail, field=field)
    return value


def _times(per_cent: Decimal) -> Decimal:
    return ROUNDED.scaleb(ROUNDED.add(Decimal(100), per_cent), -2)


def _rounded(factor: Decimal) -> Decimal:
    return ROUNDED.quantize(factor, _FINE)
