"""Nesting: which budgets promise more than the budget around them has.

In:   budgets in use.   Out: for a budget of everything or of a client, what the budgets inside it add up to.
Compared are budgets of the same period, basis, model, feature and environment. Of several budgets of one
client or project the largest counts; a client without a budget of its own counts as its projects' together.
"""

from collections.abc import Iterable
from decimal import Decimal

from billing.models import Budget
from billing.money import ZERO, total


def exceeded(budgets: Iterable[Budget]) -> dict[int, Decimal]:
    """What is promised inside each budget that has less; by the id of the budget."""
    families: dict[tuple[object, ...], list[Budget]] = {}
    for each in budgets:
        kind = (each.period, each.starts_on, each.since, each.until, each.basis)
        families.setdefault((*kind, each.model, each.feature, each.environment), []).append(each)
    return {
        parent: promised
        for family in families.values()
        for parent, promised in _in_family(family).items()
    }


def _in_family(family: list[Budget]) -> dict[int, Decimal]:
    of_clients: dict[int, Decimal] = {}
    of_projects: dict[int, dict[int, Decimal]] = {}
    for each in family:
        if each.project_id is not None and each.client_id is not None:
            inside = of_projects.setdefault(each.client_id, {})
            inside[each.project_id] = max(each.amount, inside.get(each.project_id, ZERO))
        elif each.client_id is not None:
            of_clients[each.client_id] = max(each.amount, of_clients.get(each.client_id, ZERO))
    sums = {client: total(inside.values()) for client, inside in of_projects.items()}
    everything = total((sums | of_clients).values())
    promised = {
        each.pk: everything if each.client_id is None else sums.get(each.client_id, ZERO)
        for each in family
        if each.project_id is None
    }
    return {
        each.pk: promised[each.pk] for each in family if promised.get(each.pk, ZERO) > each.amount
    }
