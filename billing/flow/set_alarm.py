"""Set alarms: which of them a company wants, and from how many dollars on."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from billing.models import Alarm
from billing.models.alerts import AlertKind
from billing.money import is_storable, plain
from tenants.actions import ActionError
from tenants.audit import Actor, record


@dataclass(frozen=True, slots=True)
class Setting:
    is_on: bool
    floor: Decimal


DEFAULTS: Mapping[AlertKind, Setting] = {
    AlertKind.SPIKE: Setting(True, Decimal(10)),
    AlertKind.SILENCE: Setting(True, Decimal(10)),
    AlertKind.UNPRICED: Setting(True, Decimal(0)),
    AlertKind.NEW_MODEL: Setting(True, Decimal(1)),
}


def settings_of_alarms() -> dict[AlertKind, Setting]:
    """What the active tenant has chosen, and the defaults for the rest."""
    chosen = {AlertKind(each.kind): Setting(each.is_on, each.floor) for each in Alarm.objects.all()}
    return {**DEFAULTS, **chosen}


def set_alarm(kind: AlertKind, *, is_on: bool, floor: Decimal, actor: Actor) -> None:
    """Switch an alarm on or off; the same again changes nothing."""
    if kind not in DEFAULTS or not is_storable(floor) or floor < 0:
        raise ActionError("invalid_field", "A floor is dollars, not negative.", field=kind.value)
    if settings_of_alarms()[kind] == Setting(is_on, floor):
        return
    Alarm.objects.update_or_create(kind=kind.value, defaults={"is_on": is_on, "floor": floor})
    after = {"is_on": is_on, "floor": plain(floor)}
    record("alarm.set", actor=actor, subject=kind.value, after=after)
