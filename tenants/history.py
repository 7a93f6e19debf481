"""Questions to the audit log: who changed what, from what to what. It is only ever added to.

In:   filters and the id before which to go on.   Out: lines, the newest first, a page at a time.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from tenants.models import AuditEntry

PAGE = 50
IN_A_FILE = 20_000
COLUMNS = ("at", "actor", "action", "subject", "before", "after")


@dataclass(frozen=True, slots=True)
class Filters:
    actor: str = ""
    action: str = ""
    subject: str = ""
    since: date | None = None
    until: date | None = None
    """Not included."""


@dataclass(frozen=True, slots=True)
class Change:
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Line:
    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    changes: tuple[Change, ...]


def lines(
    filters: Filters, *, zone: str, before: int | None = None
) -> tuple[list[Line], int | None]:
    """One page, and the id before which the next begins (None: there is none)."""
    found = _entries(filters, zone=zone)
    if before is not None:
        found = found.filter(pk__lt=before)
    entries = list(found[: PAGE + 1])
    more = entries[PAGE - 1].pk if len(entries) > PAGE else None
    return [_line(each) for each in entries[:PAGE]], more


def table(filters: Filters, *, zone: str) -> list[tuple[object, ...]]:
    """Every entry as a row of COLUMNS, the newest first, at most IN_A_FILE; times with their offset."""
    tz = ZoneInfo(zone)
    return [
        (
            each.at.astimezone(tz).isoformat(timespec="seconds"),
            each.actor_label,
            each.action,
            each.subject,
            _text(each.before),
            _text(each.after),
        )
        for each in _entries(filters, zone=zone)[:IN_A_FILE]
    ]


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("action").values_list("action", flat=True).distinct())


def _entries(filters: Filters, *, zone: str) -> QuerySet[AuditEntry]:
    found = AuditEntry.objects.order_by("-id")
    if filters.actor:
        found = found.filter(actor_label__icontains=filters.actor)
    if filters.action:
        found = found.filter(action=filters.action)
    if filters.subject:
        found = found.filter(subject__icontains=filters.subject)
    tz = ZoneInfo(zone)
    if filters.since:
        found = found.filter(at__gte=datetime.combine(filters.since, time.min, tz))
    if filters.until:
        found = found.filter(at__lt=datetime.combine(filters.until, time.min, tz))
    return found


def _line(entry: AuditEntry) -> Line:
    before, after = entry.before or {}, entry.after or {}
    return Line(
        id=entry.pk,
        at=entry.at,
        actor=entry.actor_label,
        action=entry.action,
        subject=entry.subject,
        changes=tuple(
            Change(name=name, before=_text(before.get(name)), after=_text(after.get(name)))
            for name in dict.fromkeys([*before, *after])
        ),
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | bool) else str(value)
