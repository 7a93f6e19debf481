"""Retention: let the ledger's old months go, and keep what they add up to.

In:   for how many whole months a tenant keeps events; nothing is set: for ever.
Out:  the horizon, before which the ledger is no longer whole; fewer ledger rows.
Promises: rollups, identities and journal stay, so no total changes and a replay is still a duplicate. A month
      goes only when its journal is folded and the nightly proof has found nothing wrong in it since it last
      changed: what is wrong can be mended from the ledger alone. First the horizon moves, then rows go.
Never: a DELETE of its own; functions of migration 0014 delete what the tenant's setting lets go, and no more.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connection

from billing.flow.days import WHOLE
from billing.flow.fold import fold
from billing.models import Horizon, Retention, ZoneChange
from tenants.scoping import active_scope, dispatch_scope

UNFOLDED = """SELECT EXISTS (SELECT FROM billing_spendentry
    WHERE tenant_id = %(tenant)s AND day <= %(until)s)"""
# With room for a mark whose transaction was still open when the day was proved (flow/proof.py).
UNPROVED = f"""SELECT min(day) FROM billing_spendday
    WHERE tenant_id = %(tenant)s AND {WHOLE} AND day <= %(until)s
    AND (differences > 0 OR verified_at IS NULL OR changed_at > verified_at - interval '15 minutes')"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class LetGo:
    """`since` is the horizon now, None where nothing was ever let go; `wanted` what the setting allows.

    `waits_for` is the first day that is not proved, or None.
    """

    since: date | None
    wanted: date | None
    waits_for: date | None = None


def kept_months() -> int | None:
    """For how many whole months before the present one the active tenant keeps events; None: for ever."""
    found = Retention.objects.first()
    return found.months if found else None


def kept_since(months: int, *, now: datetime) -> date:
    """The first day (UTC) that is kept. Months are those of the ledger's partitions."""
    this = now.astimezone(UTC)
    count = this.year * 12 + this.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


def kept_until(occurred_at: datetime, *, months: int) -> date:
    """The day (UTC) from which an event of that instant may be let go."""
    return kept_since(-months - 1, now=occurred_at)


def move_horizon(*, now: datetime) -> LetGo:
    """Let the active tenant's oldest months go as far as its setting allows and its books are proved."""
    months, horizon = kept_months(), Horizon.objects.first()
    since = horizon.since if horizon else None
    if months is None:
        return LetGo(since, None)
    wanted = kept_since(months, now=now)
    if since is not None and since >= wanted:
        return LetGo(since, wanted)
    if ZoneChange.objects.filter(finished_at=None).exists():
        return LetGo(since, wanted)
    _fold(until=wanted)
    unproved = _unproved(until=wanted)
    until = wanted if unproved is None else (unproved - timedelta(days=1)).replace(day=1)
    if since is None or until > since:
        with connection.cursor() as cursor:
            cursor.execute("SELECT let_go_of_events(%s, %s)", [active_scope().tenant_id, until])
        since = until
    return LetGo(since, wanted, waits_for=unproved)


def forget(*, limit: int) -> int:
    """Delete at most so many rows that the active tenant has let go; how many, 0 when none is left.

    Give each call a transaction of its own.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT forget_events(%s, %s)", [active_scope().tenant_id, limit])
        return int(cursor.fetchone()[0])


def empty_a_month() -> str:
    """Empty the partition of one month that every tenant with rows in it has let go; its name, or ''.

    Nobody reads or writes that month meanwhile, so it is a transaction of its own, outside any tenant.
    """
    with dispatch_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT empty_a_month()")
        return cursor.fetchone()[0] or ""


def _fold(*, until: date) -> None:
    """Nothing of the days that go is left in the journal, unless another worker has it in hand."""
    while _is_unfolded(until=until) and fold().entries:
        pass


def _unproved(*, until: date) -> date | None:
    with connection.cursor() as cursor:
        cursor.execute(UNPROVED, {"tenant": active_scope().tenant_id, "until": until})
        found: date | None = cursor.fetchone()[0]
    return found


def _is_unfolded(*, until: date) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(UNFOLDED, {"tenant": active_scope().tenant_id, "until": until})
        return bool(cursor.fetchone()[0])
