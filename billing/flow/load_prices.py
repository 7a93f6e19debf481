"""Load: bring the list of prices up to date from a price file. Rows are added and closed, never edited.

In:   a price file (billing/flow/price_data.py).   Out: what was added and closed, and what was there already.
Promises: all of it or nothing; the same file again changes nothing; what cannot be said by adding and closing
      is refused with its reason, and so is a rate that some tenant's discount would make too fine to pay.
Never: a row that is taken out. What the file does not name stays as it is.
The serving role may only read the list: this acts as the owner of the tables.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.db import connection, transaction

from billing.flow.book import entry_of
from billing.flow.price_book import DiscountEntry, PriceBook, PriceBookError
from billing.flow.price_data import PriceData, PriceRecord
from billing.models import ModelAlias, PriceRow
from billing.money import EXACT, TOKEN_CLASSES, plain

ACTOR: Final = "command"
MULTIPLIERS: Final = ("batch_multiplier", "us_multiplier")
Key = tuple[str, str, str, int]
OWNED = """
SELECT current_user, pg_has_role(current_user, relowner, 'USAGE') FROM pg_class
WHERE oid = 'billing_pricerow'::regclass
"""


class CannotLoad(ValueError):
    """The file says what adding and closing rows cannot, or the database may not be written to."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """`closed` pairs a row of the book with the day on which the file ends it."""

    added: tuple[PriceRecord, ...]
    closed: tuple[tuple[PriceRow, date], ...]
    aliases: tuple[tuple[str, str, str], ...]
    """provider, other name, model"""
    kept: int
    unnamed: int
    """Rows of this provider that the file does not have: they stay."""


def load_prices(data: PriceData, *, now: datetime, dry_run: bool = False) -> Loaded:
    """Make the list say what the file says. CannotLoad leaves everything as it was, and so does a dry run."""
    with transaction.atomic():
        _as_owner()
        rows = list(PriceRow.objects.all())
        aliases = {(each.provider, each.alias): each.model for each in ModelAlias.objects.all()}
        plan = planned(data, rows, aliases)
        _check_book(plan, rows, aliases)
        for row, until in plan.closed:
            PriceRow.objects.filter(pk=row.pk).update(until=until, closed_at=now, closed_by=ACTOR)
        PriceRow.objects.bulk_create(_row(each) for each in plan.added)
        ModelAlias.objects.bulk_create(
            ModelAlias(provider=provider, alias=alias, model=model)
            for provider, alias, model in plan.aliases
        )
        _as_before()
        transaction.set_rollback(dry_run)
    return plan


def planned(
    data: PriceData, rows: Sequence[PriceRow], aliases: Mapping[tuple[str, str], str]
) -> Loaded:
    """What has to be done so that the book has every row of the file. Pure."""
    there: dict[Key, list[PriceRow]] = {}
    for row in rows:
        there.setdefault(_key(row), []).append(row)
    added, closed, kept = [], [], set()
    for record in data.records:
        same = [row for row in there.get(_key(record), ()) if row.since == record.since]
        if not same:
            added.append(record)
        elif _ends(same[0], record):
            closed.append((same[0], record.until))
        else:
            kept.add(same[0].pk)
    ends = {row.pk: until for row, until in closed if until}
    for record in added:
        _check_days(record, there.get(_key(record), ()), ends)
    providers = {record.provider for record in data.records}
    here = [row for row in rows if row.provider in providers]
    return Loaded(
        added=tuple(added),
        closed=tuple((row, until) for row, until in closed if until),
        aliases=tuple(_new_aliases(data, aliases)),
        kept=len(kept),
        unnamed=len(here) - len(kept) - len(closed),
    )


def _ends(row: PriceRow, record: PriceRecord) -> bool:
    """Whether the file closes the row; CannotLoad where it would have to be edited."""
    for name, ours, theirs in _figures(row, record):
        if ours != theirs:
            raise CannotLoad(
                f"{_name(record)}: {name} is {_said(ours)} in the book and {_said(theirs)} in the file."
                " Rows are never edited: end this one in the file and begin another."
            )
    if row.until is None:
        return record.until is not None
    if row.until != record.until:
        raise CannotLoad(
            f"{_name(record)}: the book ended it on {row.until}, the file says {record.until or 'open'}."
            " A row ends once."
        )
    return False


def _check_days(record: PriceRecord, rows: Sequence[PriceRow], ends: Mapping[int, date]) -> None:
    for row in rows:
        until = ends.get(row.pk, row.until)
        begins_before_it_ends = until is None or (record.since or date.min) < until
        if begins_before_it_ends and (
            record.until is None or (row.since or date.min) < record.until
        ):
            raise CannotLoad(
                f"{_name(record)} shares days with the row of the book from {row.since or 'the start'} to"
                f" {until or 'open'}: end that one in the file first."
            )


def _new_aliases(
    data: PriceData, aliases: Mapping[tuple[str, str], str]
) -> Iterator[tuple[str, str, str]]:
    for (provider, alias), model in sorted(data.aliases.items()):
        before = aliases.get((provider, alias))
        if before is None:
            yield provider, alias, model
        elif before != model:
            raise CannotLoad(f"{alias} is {before} in the book and {model} in the file.")


def _check_book(
    plan: Loaded, rows: Sequence[PriceRow], aliases: Mapping[tuple[str, str], str]
) -> None:
    """The list as it will be, under every tenant's discounts: a broken book would price nothing at all."""
    ends = {row.pk: until for row, until in plan.closed}
    entries = [entry_of(row, until=ends.get(row.pk, row.until)) for row in rows]
    first = max((row.pk for row in rows), default=0) + 1
    entries += [record.entry(number) for number, record in enumerate(plan.added, start=first)]
    try:
        PriceBook(version="load", entries=entries, aliases=aliases, discounts=_discounts())
    except PriceBookError as error:
        raise CannotLoad(f"The book would be broken: {error}.") from error


def _discounts() -> list[DiscountEntry]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT provider, model, percent FROM billing_discount")
        return [
            DiscountEntry(
                provider, model, None, None, EXACT.scaleb(EXACT.subtract(100, percent), -2)
            )
            for provider, model, percent in cursor.fetchall()
        ]


def _as_owner() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute(OWNED)
        who, owns = cursor.fetchone()
        if not owns:
            raise CannotLoad(
                f"{who} does not own the tables and may only read the list. Set DATABASE_URL to the role"
                " that runs 'manage.py migrate'."
            )
        cursor.execute(
            "LOCK TABLE billing_pricerow, billing_modelalias IN SHARE ROW EXCLUSIVE MODE"
        )


def _as_before() -> None:
    """Inside an outer transaction the role would outlive this one."""
    role = connection.settings_dict["OPTIONS"].get("assume_role", "NONE")
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")


def _figures(
    row: PriceRow, record: PriceRecord
) -> Iterator[tuple[str, Decimal | None, Decimal | None]]:
    for name, rate in zip(TOKEN_CLASSES, record.rates, strict=True):
        yield name, getattr(row, name), rate
    for name in MULTIPLIERS:
        yield name, getattr(row, name), getattr(record, name)


def _row(record: PriceRecord) -> PriceRow:
    return PriceRow(
        provider=record.provider,
        model=record.model,
        speed=record.speed,
        over_prompt_tokens=record.over_prompt_tokens,
        since=record.since,
        until=record.until,
        **dict(zip(TOKEN_CLASSES, record.rates, strict=True)),
        batch_multiplier=record.batch_multiplier,
        us_multiplier=record.us_multiplier,
        source=record.source,
        confidence=record.confidence,
        checked_on=record.checked_on,
        note=record.note,
        added_by=ACTOR,
    )


def _key(row: PriceRow | PriceRecord) -> Key:
    return row.provider, row.model, row.speed, row.over_prompt_tokens


def _name(record: PriceRecord) -> str:
    """`claude-opus-5 fast from 2026-07-24`."""
    words = [record.model]
    words += [record.speed] * (record.speed != "standard")
    words += [f"over {record.over_prompt_tokens}"] * bool(record.over_prompt_tokens)
    return f"{' '.join(words)} from {record.since or 'the start'}"


def _said(value: Decimal | None) -> str:
    return "null" if value is None else plain(value)
