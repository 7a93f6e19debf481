"""Terms: what a tenant agreed on with its provider and its clients. Rows are added and closed, never edited.

In:   a new agreed price, discount or mark-up; or one to close.   Out: the row, and an audit entry.
Promises: a new row closes the open one that it follows, so a change of price is one step; two rows of the
      same thing never share a day (the database decides); a row that no token could be priced by exactly is
      refused. What was priced before stays as it is until somebody re-prices it (flow/reprice.py).
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypeVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction

from billing.flow.book import read_book
from billing.flow.price_book import PriceBookError
from billing.models import AgreedPrice, Discount, Markup
from billing.money import plain
from tenants.actions import ActionError
from tenants.audit import Actor, label_of, record
from tenants.models import Client

Terms = AgreedPrice | Discount | Markup
T = TypeVar("T", AgreedPrice, Discount, Markup)

SAME: Final = {
    AgreedPrice: ("provider", "model", "speed", "over_prompt_tokens"),
    Discount: ("provider", "model"),
    Markup: ("client_id",),
}
"""What two rows of the same thing share."""
WORDS: Final = {AgreedPrice: "price", Discount: "discount", Markup: "markup"}
UNTOLD: Final = {"id", "tenant_id", "client_id", "added_at", "added_by", "closed_at", "closed_by"}
"""Not of the row's own, or told as its subject."""
MAY_BE_OPEN: Final = UNTOLD | {"since", "until", "batch_multiplier", "us_multiplier"}
OVERLAP: Final = "Another row covers some of these days. Close it first, or begin when it ends."


def add_terms(row: T, *, actor: Actor, now: datetime) -> T:
    """Add a row from its `since` on; the open row of the same thing ends there.

    ActionError: `invalid_field` for a value that makes no price, `overlapping_terms` for days taken.
    """
    _validate(row)
    row.added_by = label_of(actor)
    before = _open_row(row)
    try:
        with transaction.atomic():
            if before is not None and row.since and (not before.since or before.since < row.since):
                close_terms(before, until=row.since, actor=actor, now=now)
            row.save(force_insert=True)
            read_book()
    except IntegrityError as error:
        raise ActionError("overlapping_terms", OVERLAP, field="since") from error
    except PriceBookError as error:
        raise ActionError("invalid_field", str(error)) from error
    record(f"{WORDS[type(row)]}.added", actor=actor, subject=_subject(row), after=_told(row))
    return row


def close_terms(row: Terms, *, until: date, actor: Actor, now: datetime) -> None:
    """End a row before the day `until`. ActionError: `already_closed`, `invalid_field` for a day too early."""
    if row.until is not None:
        raise ActionError("already_closed", f"It ends on {row.until} already.", field="until")
    if row.since is not None and until <= row.since:
        raise ActionError(
            "invalid_field", f"It begins on {row.since}: end it later.", field="until"
        )
    row.until, row.closed_at, row.closed_by = until, now, label_of(actor)
    row.save(update_fields=["until", "closed_at", "closed_by"])
    record(
        f"{WORDS[type(row)]}.closed",
        actor=actor,
        subject=_subject(row),
        after={"until": until.isoformat()},
    )


def _open_row(row: T) -> T | None:
    same = {name: getattr(row, name) for name in SAME[type(row)]}
    return type(row).objects.select_for_update().filter(**same, until=None).first()


def _validate(row: Terms) -> None:
    if row.since and row.until and row.since >= row.until:
        raise ActionError("invalid_field", "It must end after it begins.", field="until")
    open_ends = {
        field.name for field in row._meta.concrete_fields if getattr(row, field.name) in (None, "")
    }
    try:
        row.clean_fields(exclude=open_ends & MAY_BE_OPEN)
        row.validate_constraints()
    except ValidationError as error:
        name, (message, *_) = next(iter(error.message_dict.items()))
        name = "" if name == NON_FIELD_ERRORS else name
        detail = f"{name}: {message}" if name else message
        raise ActionError("invalid_field", detail, field=name) from error


def _subject(row: Terms) -> str:
    if isinstance(row, Markup):
        return Client.objects.values_list("slug", flat=True).get(pk=row.client_id)
    return f"{row.provider}/{row.model or '*'}"


def _told(row: Terms) -> dict[str, str]:
    """What an audit entry says of a row."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return {
        name: plain(value) if isinstance(value, Decimal) else str(value)
        for name, value in values.items()
        if name not in UNTOLD and value not in (None, "")
    }
