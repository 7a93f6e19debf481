"""Drift: where the price book and another list of prices differ on a day.

In:   a `PriceBook`, a day, the other list as a function of the day.   Out: `Difference`s, known gaps marked.
Compared: for each provider of the book every model, speed, prompt size and class, and the batch multiplier, as
they hold on that day; and, on the days on which the list changes a price, whether the book does so too.
Never: I/O. What a difference means is for people: each side may be the one that is wrong.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from billing.flow.known_gaps import KNOWN_GAPS
from billing.flow.other_lists import ListedModel
from billing.flow.price_book import STANDARD, PriceBook
from billing.money import TOKEN_CLASSES, plain

MODEL: Final = "model"
SPEED: Final = "speed"
BATCH_MULTIPLIER: Final = "batch_multiplier"
CHANGE: Final = "change"

Listing = Callable[[date], Sequence[ListedModel]]
Rates = tuple[Decimal | None, ...]
Steps = Mapping[int, Rates]  # prompt size to exceed -> rates
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One figure on which book and list disagree, as text; '' where a side has none.

    `what` is a token class, "model" (one side lacks it), "speed" (one side does not sell it),
    "batch_multiplier", or "change" (a day on which the list's price changes, and the book's does not).
    """

    provider: str
    model: str
    what: str
    speed: str
    over_prompt_tokens: int
    ours: str
    theirs: str
    reason: str = ""
    """Why it is known and no alarm; '' where it is not."""


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What one side asks for one model on one day."""

    speeds: Mapping[str, Steps]
    batch_multiplier: Decimal | None


def differences(book: PriceBook, listed: Listing, *, day: date) -> list[Difference]:
    """Everything on which they disagree on a day, in order; a known gap carries its reason."""
    found: list[Difference] = []
    for provider in sorted({entry.provider for entry in book.entries}):
        theirs = _by_book_name(book, listed(day), provider)
        ours = _book_sheets(book, provider, day)
        for model in sorted(ours.keys() | theirs.keys()):
            one, other = ours.get(model), theirs.get(model)
            if one is None or other is None:
                found.append(_difference(provider, model, MODEL, ours=_is(one), theirs=_is(other)))
                continue
            today = list(_rate_differences(provider, model, one, _sheet(other)))
            found += today
            found += _multiplier_difference(provider, model, one, other)
            found += _changes(book, listed, provider, model, other.changed_on, known=today)
    return sorted(found)


def _is(side: object) -> str:
    return "" if side is None else "yes"


def _difference(
    provider: str,
    model: str,
    what: str,
    *,
    speed: str = STANDARD,
    over: int = 0,
    ours: str,
    theirs: str,
) -> Difference:
    reason = next(
        (
            gap.reason
            for gap in KNOWN_GAPS
            if (provider, over) == (gap.provider, gap.over_prompt_tokens)
            and model in gap.models
            and gap.theirs.get(what) == theirs
        ),
        "",
    )
    return Difference(provider, model, what, speed, over, ours, theirs, reason)


def _by_book_name(
    book: PriceBook, listed: Sequence[ListedModel], provider: str
) -> dict[str, ListedModel]:
    """The list's models under the book's names; those that the book does not know under their own."""
    return {
        next(
            filter(None, (book.model_name(n, provider=provider) for n in _names(each))), each.model
        ): each
        for each in listed
        if each.provider == provider
    }


def _names(model: ListedModel) -> tuple[str, ...]:
    return (model.model, *model.names)


def _sheet(model: ListedModel) -> _Sheet:
    speeds: dict[str, dict[int, Rates]] = {}
    for row in model.rows:
        speeds.setdefault(row.speed, {})[row.over_prompt_tokens] = row.rates
    return _Sheet(speeds, model.batch_multiplier)


def _book_sheets(book: PriceBook, provider: str, day: date) -> dict[str, _Sheet]:
    found: dict[str, tuple[dict[str, dict[int, Rates]], Decimal | None]] = {}
    for entry in book.entries:
        if entry.provider == provider and entry.first_day <= day.toordinal() < entry.end_day:
            speeds, _ = found.setdefault(entry.model, ({}, entry.batch_multiplier))
            speeds.setdefault(entry.speed, {})[entry.over_prompt_tokens] = entry.rates
    return {model: _Sheet(*each) for model, each in found.items()}


def _rate_differences(
    provider: str, model: str, ours: _Sheet, theirs: _Sheet
) -> Iterator[Difference]:
    for speed in sorted(ours.speeds.keys() | theirs.speeds.keys()):
        one, other = ours.speeds.get(speed), theirs.speeds.get(speed)
        if one is None or other is None:
            yield _difference(provider, model, SPEED, speed=speed, ours=_is(one), theirs=_is(other))
            continue
        for over in sorted(one.keys() | other.keys()):
            for name, mine, given in zip(
                TOKEN_CLASSES, _at(one, over), _at(other, over), strict=True
            ):
                if mine != given:
                    yield _difference(
                        provider,
                        model,
                        name,
                        speed=speed,
                        over=over,
                        ours=_text(mine),
                        theirs=_text(given),
                    )


def _at(steps: Steps, over: int) -> Rates:
    """What a prompt just larger than `over` pays."""
    fitting = [step for step in steps if step <= over]
    return steps[max(fitting)] if fitting else (None,) * len(TOKEN_CLASSES)


def _text(value: Decimal | None) -> str:
    return "" if value is None else plain(value)


def _multiplier_difference(
    provider: str, model: str, ours: _Sheet, theirs: ListedModel
) -> Iterator[Difference]:
    if ours.batch_multiplier != theirs.batch_multiplier:
        yield _difference(
            provider,
            model,
            BATCH_MULTIPLIER,
            ours=_text(ours.batch_multiplier),
            theirs=_text(theirs.batch_multiplier),
        )


def _changes(
    book: PriceBook,
    listed: Listing,
    provider: str,
    model: str,
    days: Sequence[date],
    *,
    known: Sequence[Difference],
) -> Iterator[Difference]:
    """The days on which the list's price changes: do both sides agree on the day before and on the day?

    What differs today in the same way is said already.
    """
    own = sorted(
        {
            day
            for entry in book.entries
            if (entry.provider, entry.model) == (provider, model)
            for day in (entry.since, entry.until)
            if day
        }
    )
    for day in days:
        for on in (day - _DAY, day):
            ours = _book_sheets(book, provider, on).get(model)
            theirs = _by_book_name(book, listed(on), provider).get(model)
            if ours is None or theirs is None:
                continue
            if set(_rate_differences(provider, model, ours, _sheet(theirs))) - set(known):
                said = ", ".join(map(str, own))
                yield _difference(provider, model, CHANGE, ours=said, theirs=str(day))
                break
