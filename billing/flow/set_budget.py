"""Set budgets: make one, change its terms, take it out of use; who may answer for one.

In:   a scope, terms, an actor.   Out: the budget.   Errors: ActionError with a stable code.
Promises: there is no budget without an owner who is a member and may see its scope; each change of terms is a
version that stays, each other change an entry of the audit log; what a budget counts never changes.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from billing.cycles import PERIODS
from billing.models import Budget, BudgetVersion
from billing.models.budgets import (
    ESCALATE_AFTER,
    HIGHEST_THRESHOLD,
    MOST_THRESHOLDS,
    THRESHOLDS,
    Basis,
)
from billing.money import is_storable, plain
from tenants.actions import ActionError
from tenants.audit import Actor, label_of, record
from tenants.models import Client, Membership, Project, Role, User

LAST_START = {"week": 7, "month": 31}
LONGEST_NAME = 120
LONGEST_VALUE = 200
LONGEST_WAIT = 24 * 31


@dataclass(frozen=True, slots=True)
class Counts:
    """What a budget counts: everything, or one client, or one project; of it one model and so on."""

    client: Client | None = None
    project: Project | None = None
    model: str = ""
    feature: str = ""
    environment: str = ""


@dataclass(frozen=True, slots=True)
class NewTerms:
    """The terms of billing/models/budgets.py, not yet checked."""

    amount: Decimal
    period: str
    owner: User
    deputy: User | None = None
    starts_on: int = 1
    since: date | None = None
    until: date | None = None
    basis: str = Basis.COST
    thresholds: tuple[int, ...] = tuple(THRESHOLDS)
    forecast_thresholds: tuple[int, ...] = ()
    escalate_after_hours: int | None = ESCALATE_AFTER
    hard: bool = False


def terms_of(budget: Budget) -> NewTerms:
    """The terms in force, to change some of them."""
    found = {field.name: getattr(budget, field.name) for field in fields(NewTerms)}
    found |= {name: tuple(found[name]) for name in ("thresholds", "forecast_thresholds")}
    return NewTerms(**found)


def set_budget(
    *,
    actor: Actor,
    name: str,
    counts: Counts,
    terms: NewTerms,
    shared: bool = False,
    now: datetime,
) -> Budget:
    """Make a budget and its first version."""
    client = counts.project.client if counts.project else counts.client
    budget = Budget(
        name=_checked_name(name),
        client=client,
        project=counts.project,
        model=_checked_value("model", counts.model),
        feature=_checked_value("feature", counts.feature),
        environment=_checked_value("environment", counts.environment),
        shared_with=_shared_with(client, shared=shared),
    )
    _apply(budget, terms)
    _save(budget, is_new=True)
    _keep_version(budget, actor=actor, now=now)
    record("budget.set", actor=actor, subject=budget.name, after=_told(budget))
    return budget


def change_budget(
    budget: Budget,
    *,
    actor: Actor,
    name: str,
    terms: NewTerms,
    shared: bool,
    now: datetime,
) -> Budget:
    """Give a budget another name, other terms or another audience; the same again changes nothing."""
    budget = Budget.objects.select_for_update(of=("self",)).get(pk=budget.pk)
    before, was = _told(budget), terms_of(budget)
    budget.name = _checked_name(name)
    budget.shared_with = _shared_with(budget.client, shared=shared)
    _apply(budget, terms)
    after = _told(budget)
    if terms_of(budget) != was:
        budget.version += 1
    elif after == before:
        return budget
    _save(budget, is_new=False)
    if terms_of(budget) != was:
        _keep_version(budget, actor=actor, now=now)
    record("budget.changed", actor=actor, subject=budget.name, before=before, after=after)
    return budget


def archive_budget(budget: Budget, *, actor: Actor, now: datetime) -> None:
    """Take a budget out of use; its versions and alerts stay. Twice changes nothing."""
    if Budget.objects.filter(pk=budget.pk, archived_at=None).update(archived_at=now):
        record("budget.archived", actor=actor, subject=budget.name)


def member_of(address: str, *, field: str) -> User:
    """The member of the active tenant with this e-mail address."""
    found = Membership.objects.select_related("user").filter(user__email=address.strip().lower())
    membership = found.first()
    if membership is None or not membership.user.is_active:
        raise ActionError("unknown_member", f"{address[:100]} is not a member here.", field=field)
    return membership.user


def may_see(user: User, budget: Budget) -> bool:
    """Staff see every budget; a client viewer the own client's, where it is shared."""
    membership = Membership.objects.filter(user=user).first()
    if membership is None or not user.is_active:
        return False
    if membership.role != Role.CLIENT:
        return True
    return budget.shared_with_id == membership.client_id and is_in_view(budget)


def is_in_view(budget: Budget) -> bool:
    """Whether a shared budget counts in the figures that its client is shown: cost, or what is billed."""
    client = budget.shared_with
    return client is not None and budget.basis == client.price_view


def _apply(budget: Budget, terms: NewTerms) -> None:
    _check(terms)
    for each in fields(NewTerms):
        value = getattr(terms, each.name)
        if isinstance(value, tuple):
            value = sorted(set(value))
        setattr(budget, each.name, value)
    if budget.shared_with is not None and not is_in_view(budget):
        view = budget.shared_with.price_view
        detail = (
            f"The client's price view is {view!r}: a shared budget counts what the client sees."
        )
        raise ActionError("invalid_field", detail, field="basis")
    for field, person in (("owner", terms.owner), ("deputy", terms.deputy)):
        if person and not may_see(person, budget):
            detail = f"{person.email} may not see what this budget counts."
            raise ActionError("unknown_member", detail, field=field)


def _check(terms: NewTerms) -> None:
    _require(is_storable(terms.amount) and terms.amount > 0, "amount", "is more than nothing")
    _require(terms.period in PERIODS, "period", f"is one of {', '.join(PERIODS)}")
    fixed = terms.period == "fixed"
    _require(fixed == (terms.since is not None), "since", "is for a fixed period, and needed there")
    _require(fixed == (terms.until is not None), "until", "is for a fixed period, and needed there")
    if terms.since and terms.until:
        _require(terms.since < terms.until, "until", "is after since; it is exclusive")
    last = LAST_START.get(terms.period, 1)
    _require(1 <= terms.starts_on <= last, "starts_on", f"is from 1 to {last} for this period")
    _require(terms.basis in Basis.values, "basis", f"is one of {', '.join(Basis.values)}")
    least = {"thresholds": 1, "forecast_thresholds": 0}
    for field, few in least.items():
        given = set(getattr(terms, field))
        _require(few <= len(given) <= MOST_THRESHOLDS, field, f"are {few} to {MOST_THRESHOLDS}")
        fits = all(0 < each <= HIGHEST_THRESHOLD for each in given)
        _require(fits, field, f"are whole per cent from 1 to {HIGHEST_THRESHOLD}")
    hours = terms.escalate_after_hours
    _require(
        hours is None or 0 < hours <= LONGEST_WAIT,
        "escalate_after_hours",
        f"is from 1 to {LONGEST_WAIT}",
    )
    _require(terms.owner != terms.deputy, "deputy", "is somebody else than the owner")


def _require(holds: bool, field: str, rule: str) -> None:
    if not holds:
        raise ActionError("invalid_field", f"{field} {rule}.", field=field)


def _checked_name(name: str) -> str:
    _require(0 < len(name.strip()) <= LONGEST_NAME, "name", f"has 1 to {LONGEST_NAME} characters")
    return name.strip()


def _checked_value(field: str, value: str) -> str:
    _require(len(value) <= LONGEST_VALUE, field, f"has at most {LONGEST_VALUE} characters")
    return value


def _shared_with(client: Client | None, *, shared: bool) -> Client | None:
    if shared and client is None:
        detail = "Only a budget of a client or of its project can be shared with the client."
        raise ActionError("invalid_field", detail, field="shared_with_client")
    return client if shared else None


def _save(budget: Budget, *, is_new: bool) -> None:
    try:
        with transaction.atomic():
            budget.save(force_insert=is_new, force_update=not is_new)
    except IntegrityError as error:
        if "budget_name_once" not in str(error):
            raise
        detail = f"There is a budget {budget.name!r} already."
        raise ActionError("already_exists", detail, field="name") from error


def _keep_version(budget: Budget, *, actor: Actor, now: datetime) -> None:
    BudgetVersion.objects.create(
        budget=budget,
        number=budget.version,
        made_at=now,
        made_by=actor if isinstance(actor, User) else None,
        made_label=label_of(actor),
        **values_of(terms_of(budget)),
    )


def values_of(terms: NewTerms) -> dict[str, object]:
    """Field by field: `dataclasses.asdict` would copy the people."""
    return {field.name: getattr(terms, field.name) for field in fields(terms)}


def _told(budget: Budget) -> dict[str, object]:
    """What the audit log keeps: plain values."""
    terms = values_of(terms_of(budget))
    told = {
        name: list(value) if isinstance(value, tuple) else value and str(value)
        for name, value in terms.items()
    }
    return told | {
        "name": budget.name,
        "amount": plain(budget.amount),
        "shared": budget.shared_with_id is not None,
    }
