"""Choose channels: where a budget's alerts are told besides the owner's mailbox."""

from collections.abc import Collection, Iterable

from billing.models import Budget, BudgetChannel, Channel
from tenants.actions import ActionError
from tenants.audit import Actor, record


def choose_channels(budget: Budget, channels: Iterable[Channel], *, actor: Actor) -> None:
    """From now on these and no others; the same again changes nothing."""
    before = {each.pk: each for each in chosen_channels(budget)}
    after = {each.pk: each for each in channels}
    if before.keys() == after.keys():
        return
    BudgetChannel.objects.filter(budget=budget).exclude(channel__in=after).delete()
    BudgetChannel.objects.bulk_create(
        BudgetChannel(budget=budget, channel=each)
        for key, each in after.items()
        if key not in before
    )
    record(
        "budget.channels",
        actor=actor,
        subject=budget.name,
        before={"channels": sorted(before)},
        after={"channels": sorted(after)},
    )


def chosen_by_budget(budgets: Iterable[Budget]) -> dict[int, list[int]]:
    """The ids of the channels of each budget, in one query."""
    found: dict[int, list[int]] = {each.pk: [] for each in budgets}
    rows = BudgetChannel.objects.filter(budget__in=found, channel__archived_at=None)
    for budget, channel in rows.order_by("channel").values_list("budget", "channel"):
        found[budget].append(channel)
    return found


def channels_of(ids: Collection[int]) -> list[Channel]:
    """The channels in use with these ids; ActionError when there is one that is not."""
    found = list(Channel.objects.filter(archived_at=None, pk__in=ids))
    if unknown := set(ids) - {each.pk for each in found}:
        detail = f"There is no channel {min(unknown)} in this tenant."
        raise ActionError("unknown_channel", detail, field="channels")
    return found


def chosen_channels(budget: Budget) -> list[Channel]:
    chosen = BudgetChannel.objects.filter(budget=budget).values("channel")
    return list(Channel.objects.filter(archived_at=None, pk__in=chosen))
