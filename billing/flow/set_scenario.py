"""Set scenario: make one, change it, take it out of use. Each leaves an audit entry; nothing else changes."""

from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction

from billing.flow.scenario import Assumptions, ScenarioError, assumptions_of, data_of
from billing.models import Scenario
from tenants.actions import ActionError
from tenants.audit import Actor, label_of, record

MOST_SCENARIOS: Final = 100
LONGEST_NAME: Final = 120


def set_scenario(name: str, terms: dict[str, Any], *, actor: Actor, now: datetime) -> Scenario:
    """Make a scenario. ActionError: `invalid_field` with its place, `already_exists` for a name in use."""
    assumed = _read(terms)
    if Scenario.objects.filter(archived_at=None).count() >= MOST_SCENARIOS:
        detail = f"At most {MOST_SCENARIOS} scenarios are in use: archive one."
        raise ActionError("invalid_field", detail, field="name")
    label = label_of(actor)
    scenario = Scenario(made_at=now, made_by=label)
    _save(scenario, name, assumed, actor=actor, now=now)
    record("scenario.made", actor=actor, subject=scenario.name, after=scenario.terms)
    return scenario


def change_scenario(
    scenario: Scenario, *, name: str, terms: dict[str, Any], actor: Actor, now: datetime
) -> None:
    """Other assumptions, or another name. What it would have said before is in the audit log."""
    before = {"name": scenario.name, **scenario.terms}
    _save(scenario, name, _read(terms), actor=actor, now=now)
    after = {"name": scenario.name, **scenario.terms}
    if before != after:
        record("scenario.changed", actor=actor, subject=scenario.name, before=before, after=after)


def archive_scenario(scenario: Scenario, *, actor: Actor, now: datetime) -> None:
    """Take it out of use, once; its name is free again."""
    if scenario.archived_at is None:
        scenario.archived_at = now
        scenario.save(update_fields=["archived_at"])
        record("scenario.archived", actor=actor, subject=scenario.name)


def _read(terms: dict[str, Any]) -> Assumptions:
    try:
        return assumptions_of(terms)
    except ScenarioError as error:
        raise ActionError("invalid_field", error.detail, field=error.field) from error


def _save(
    scenario: Scenario, name: str, assumed: Assumptions, *, actor: Actor, now: datetime
) -> None:
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or "\0" in name:
        detail = f"A name has 1 to {LONGEST_NAME} characters."
        raise ActionError("invalid_field", detail, field="name")
    scenario.name, scenario.terms = name, data_of(assumed)
    scenario.changed_at, scenario.changed_by = now, label_of(actor)
    try:
        with transaction.atomic():
            scenario.save()
    except IntegrityError as error:
        raise ActionError(
            "already_exists", "Another scenario has this name.", field="name"
        ) from error
