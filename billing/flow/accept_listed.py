"""Accept what another list asks for a model: its rows become agreed prices of the active tenant.

In:   provider and model as the list has them; the name in events, the first day, the rates that it lacks.
Out:  an AgreedPrice per prompt size, with the list, its version and day as the source; an audit entry for each.
Never: a rate that nobody stated. What the list does not have, whoever accepts it must give.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing.flow.terms import add_terms
from billing.models import AgreedPrice, ListedPrice
from billing.money import TOKEN_CLASSES
from tenants.actions import ActionError
from tenants.audit import Actor, label_of


class UnknownProposal(Exception):
    """The list has no such model of such a provider."""


def accept_listed(
    provider: str,
    model: str,
    *,
    name: str = "",
    since: date | None,
    given: Mapping[str, Decimal],
    actor: Actor,
    now: datetime,
) -> list[AgreedPrice]:
    """Agree on the list's price of a model, all its rows or none.

    `name` is the model as events name it, the list's own name when empty. `given` has a rate per million for
    each class that the list lacks, and for no other. UnknownProposal; ActionError: `missing_field`,
    `invalid_field`, and those of `add_terms`.
    """
    rows = list(ListedPrice.objects.filter(provider=provider, model=model))
    if not rows:
        raise UnknownProposal
    _check(rows, since=since, given=given)
    with transaction.atomic():
        return [
            add_terms(
                _agreed(row, name=name or model, since=since, given=given, actor=actor),
                actor=actor,
                now=now,
            )
            for row in rows
        ]


def _check(
    rows: Sequence[ListedPrice], *, since: date | None, given: Mapping[str, Decimal]
) -> None:
    first = rows[0]
    if any(row.input is None for row in rows):
        raise ActionError("invalid_field", " ".join(first.not_mapped), field="model")
    if first.since and (since is None or since < first.since):
        raise ActionError(
            "invalid_field", f"The list has this price since {first.since}.", field="since"
        )
    missing = [name for name in TOKEN_CLASSES if any(getattr(row, name) is None for row in rows)]
    for name in TOKEN_CLASSES:
        if name in missing and name not in given:
            raise ActionError(
                "missing_field", "The list has no such rate: say what it costs you.", field=name
            )
    if unasked := sorted(given.keys() - set(missing)):
        raise ActionError("invalid_field", "The list has this rate itself.", field=unasked[0])


def _agreed(
    row: ListedPrice,
    *,
    name: str,
    since: date | None,
    given: Mapping[str, Decimal],
    actor: Actor,
) -> AgreedPrice:
    stated = {each: getattr(row, each) for each in TOKEN_CLASSES}
    rates = {each: given[each] if rate is None else rate for each, rate in stated.items()}
    own = [each for each, rate in stated.items() if rate is None]
    said = f"; {', '.join(own)} by {label_of(actor)}" if own else ""
    return AgreedPrice(
        provider=row.provider,
        model=name,
        speed=row.speed,
        over_prompt_tokens=row.over_prompt_tokens,
        since=since,
        until=row.until,
        batch_multiplier=row.batch_multiplier,
        source=row.source + said,
        checked_on=row.checked_on,
        note=" ".join(row.not_mapped),
        **rates,
    )
