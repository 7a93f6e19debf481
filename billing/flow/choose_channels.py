"""Choose channels: where a budget's alerts are told besides the owner's mailbox."""

from collections.abc import Iterable

from billing.models import Budget, BudgetChannel, Channel
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


def chosen_channels(budget: Budget) -> list[Channel]:
    chosen = BudgetChannel.objects.filter(budget=budget).values("channel")
    return list(Channel.objects.filter(archived_at=None, pk__in=chosen))
