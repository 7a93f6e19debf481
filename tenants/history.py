"""Questions to the audit log: who changed what, from what to what. It is only ever added to.

In:   filters and the id before which to go on.   Out: lines, the newest first, a page at a time.
A line is for people: in words, only what changed, times as the company reads them. The file has all.
"""

import json
import re
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


_ITEM = r"(?:'[^']*'|-?[\d.]+)"
_TUPLE = re.compile(rf"\(({_ITEM}(?:, {_ITEM})*),?\)")
"""How lists were written down until the log took them as they are."""
_YES_OR_NO = {"True": "yes", "False": "no"}
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


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
    """What is not as it was; of something new, what it has."""

    @property
    def is_new(self) -> bool:
        return not any(each.before for each in self.changes)


def lines(
    filters: Filters, *, zone: str, before: int | None = None
) -> tuple[list[Line], int | None]:
    """One page, and the id before which the next begins (None: there is none)."""
    found = _entries(filters, zone=zone)
    if before is not None:
        found = found.filter(pk__lt=before)
    entries = list(found[: PAGE + 1])
    more = entries[PAGE - 1].pk if len(entries) > PAGE else None
    return [_line(each, ZoneInfo(zone)) for each in entries[:PAGE]], more


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


def actions() -> list[tuple[str, str]]:
    """What was done so far, and how people say it."""
    found = AuditEntry.objects.order_by("action").values_list("action", flat=True).distinct()
    return [(each, in_words(each)) for each in found]


def in_words(name: str) -> str:
    """`budget.set` -> `Budget set`, `escalate_after_hours` -> `Escalate after hours`."""
    return name.replace(".", " ").replace("_", " ").capitalize()


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


def _line(entry: AuditEntry, zone: ZoneInfo) -> Line:
    before, after = entry.before or {}, entry.after or {}
    changes = (
        Change(in_words(name), _said(before.get(name), zone), _said(after.get(name), zone))
        for name in dict.fromkeys([*before, *after])
    )
    return Line(
        id=entry.pk,
        at=entry.at,
        actor=entry.actor_label,
        action=in_words(entry.action),
        subject=entry.subject,
        changes=tuple(each for each in changes if each.before != each.after),
    )


def _said(value: Any, zone: ZoneInfo) -> str:
    """A value as people read it; nothing for what is empty."""
    if isinstance(value, str):
        if listed := _TUPLE.fullmatch(value):
            return listed[1].replace("'", "")
        if _FINGERPRINT.fullmatch(value):
            return value[:12]
        if "T" in value and (moment := _moment(value)):
            local = moment.astimezone(zone)
            return f"{local.day} {local:%b %Y}, {local:%H:%M}"
        return _YES_OR_NO.get(value, value)
    return _YES_OR_NO[str(value)] if isinstance(value, bool) else _text(value)


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | bool) else str(value)
