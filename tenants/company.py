"""The company itself: its name, and on which day its weeks begin.

In:   what is wanted, who asks.   Out: the company as it is now; an audit entry for what changed.
"""

from django.core.exceptions import ValidationError

from tenants.actions import ActionError
from tenants.audit import Actor, record
from tenants.models import Tenant


def change_company(*, actor: Actor, name: str, week_starts_on: int) -> Tenant:
    """Name and first day of the week (1 Monday to 7 Sunday); the same again changes nothing.

    The day is where new weekly budgets and ranges begin; budgets that exist keep theirs.
    ActionError `invalid_field` for a name or a day that is none.
    """
    tenant = Tenant.objects.select_for_update(no_key=True).get()
    before = {"name": tenant.name, "week_starts_on": tenant.week_starts_on}
    tenant.name, tenant.week_starts_on = name.strip(), week_starts_on
    after = {"name": tenant.name, "week_starts_on": week_starts_on}
    if after == before:
        return tenant
    try:
        tenant.clean_fields(exclude={"timezone", "slug"})
        tenant.validate_constraints()
    except ValidationError as error:
        field, (message, *_) = next(iter(error.message_dict.items()))
        raise ActionError("invalid_field", message, field=field) from error
    tenant.save(update_fields=["name", "week_starts_on"])
    record("tenant.changed", actor=actor, subject=tenant.slug, before=before, after=after)
    return tenant
