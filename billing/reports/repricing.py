"""Re-pricing: what a run would change, or has changed, per client and day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from billing.models import RepricedDay, Repricing
from billing.models.repricing import RunState
from billing.money import minus, total
from tenants.models import Client


@dataclass(frozen=True, slots=True)
class Changed:
    """Events whose cost differs, and both costs; an event without a price costs nothing here."""

    events: int
    newly_priced: int
    newly_unpriced: int
    old_cost: Decimal
    new_cost: Decimal

    @property
    def difference(self) -> Decimal:
        return minus(self.new_cost, self.old_cost)


@dataclass(frozen=True, slots=True)
class ChangedRow:
    client: str
    name: str
    day: date
    changed: Changed


@dataclass(frozen=True, slots=True)
class RunReport:
    """`rows` are of what was applied, once there is any, else of what was counted."""

    run: Repricing
    counted: Changed
    applied: Changed
    rows: list[ChangedRow]

    @property
    def percent(self) -> int:
        """How much of the pass under way is done; it says 100 only when it is."""
        if not self.run.is_under_way:
            return 100
        return min(99, 100 * self.run.seen // self.run.expected) if self.run.expected else 0

    @property
    def can_apply(self) -> bool:
        return self.run.state == RunState.READY and self.counted.events > 0

    @property
    def can_cancel(self) -> bool:
        return self.run.is_under_way or self.run.state == RunState.READY

    @property
    def by_client(self) -> list[tuple[str, Changed]]:
        names = sorted({row.name for row in self.rows})
        return [(name, _sum(row for row in self.rows if row.name == name)) for name in names]

    @property
    def by_day(self) -> list[tuple[date, Changed]]:
        return [(day, _sum(rows)) for day, rows in groupby(self.rows, key=lambda row: row.day)]


def runs(*, limit: int = 50) -> list[Repricing]:
    """The newest runs of the active tenant."""
    return list(Repricing.objects.all()[:limit])


def run_report(run_id: int) -> RunReport | None:
    run = Repricing.objects.filter(pk=run_id).first()
    if run is None:
        return None
    clients = {client.pk: client for client in Client.objects.all()}
    rows: dict[bool, list[ChangedRow]] = {False: [], True: []}
    for each in RepricedDay.objects.filter(repricing_id=run_id).order_by("day", "client_id"):
        client = clients[each.client_id]
        changed = Changed(
            events=each.events,
            newly_priced=each.newly_priced,
            newly_unpriced=each.newly_unpriced,
            old_cost=each.old_cost,
            new_cost=each.new_cost,
        )
        rows[each.is_applied].append(ChangedRow(client.slug, client.name, each.day, changed))
    return RunReport(
        run=run,
        counted=_sum(rows[False]),
        applied=_sum(rows[True]),
        rows=rows[True] if run.applied_by else rows[False],
    )


def _sum(rows: Iterable[ChangedRow]) -> Changed:
    parts = [row.changed for row in rows]
    return Changed(
        events=sum(each.events for each in parts),
        newly_priced=sum(each.newly_priced for each in parts),
        newly_unpriced=sum(each.newly_unpriced for each in parts),
        old_cost=total(each.old_cost for each in parts),
        new_cost=total(each.new_cost for each in parts),
    )
