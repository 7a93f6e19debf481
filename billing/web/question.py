"""Question: what the explorer is asked, read from an address and written back into links.

In:   a query string in the words of GET /api/v1/spend.   Out: Question; query strings of its neighbours.
Promises: page, file and API are asked the same by the same string; what makes no sense is said in words, and
the rest of the question is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from urllib.parse import urlencode

from django.http import HttpRequest

from billing.periods import DayRange
from billing.reports.buckets import TOKEN_CLASS
from billing.reports.components import COMPONENT
from billing.reports.filters import PRICED
from billing.reports.ranking import top_of
from billing.reports.spend import GRANULARITIES, ReportError

GROUPS: Mapping[str, str] = {
    "client": "Client",
    "project": "Project",
    "model": "Model",
    "provider": "Provider",
    "api_key": "Key",
    "variant": "Variant",
    "feature": "Feature",
    "environment": "Environment",
    COMPONENT: "Component",
    TOKEN_CLASS: "Token class",
}
"""The dimensions in the words of a page, from the agency down to the single call."""
ROWS: Mapping[str, str] = {
    "total": "whole range",
    "month": "a month",
    "day": "a day",
    "hour": "an hour",
}
TOPS = (5, 10, 20, 50, 100)
USUAL_TOP = 10
MOST_HOURLY_DAYS = 31
FILTERS = (*GROUPS, PRICED)
LABELS: Mapping[str, str] = {**GROUPS, PRICED: "Price"}
IS_PRICED: Mapping[str, str] = {"yes": "known", "no": "none yet"}


@dataclass(frozen=True, slots=True)
class Question:
    """`filters` holds those that are set. `error`: what could not be understood, and was left out."""

    days: DayRange
    granularity: str = "total"
    group_by: tuple[str, ...] = ("client",)
    filters: Mapping[str, str] = field(default_factory=dict)
    top: int = USUAL_TOP
    error: str = ""

    def only(self, narrow: Mapping[str, str]) -> "Question":
        """Narrowed to values; what is told apart by one of these dimensions is told apart by the next one."""
        filters = {**self.filters, **narrow}
        left = tuple(name for name in self.group_by if name not in narrow)
        free = (name for name in GROUPS if name not in {*filters, COMPONENT})
        return replace(self, filters=filters, group_by=left or (next(free, TOKEN_CLASS),))

    @property
    def is_of_days(self) -> bool:
        """Components are kept by day."""
        return COMPONENT in (*self.group_by, *self.filters)

    def of(self, since: date, until: date, *, granularity: str) -> "Question":
        """The same of other days, row by row of another length."""
        return replace(self, days=DayRange(since, until), granularity=granularity)

    def without(self, name: str) -> "Question":
        return replace(self, filters={k: v for k, v in self.filters.items() if k != name})

    @property
    def kept(self) -> tuple[tuple[str, str], ...]:
        """Every setting but the range, in a stable order; what is usual is not said."""
        said = [("group_by", ",".join(self.group_by))] if self.group_by != ("client",) else []
        if self.granularity != "total":
            said.append(("granularity", self.granularity))
        if self.top != USUAL_TOP:
            said.append(("top", str(self.top)))
        return (*said, *sorted(self.filters.items()))

    @property
    def span(self) -> tuple[tuple[str, str], ...]:
        if self.days.preset:
            return (("range", self.days.preset),)
        days = self.days
        return (("since", days.since.isoformat()), ("until", days.until.isoformat()))

    @property
    def query(self) -> str:
        return urlencode((*self.span, *self.kept))

    @property
    def api_query(self) -> str:
        """The same question to GET /api/v1/spend: everything said, and days instead of a preset."""
        days = self.days
        return urlencode(
            {
                "since": days.since.isoformat(),
                "until": days.until.isoformat(),
                "granularity": self.granularity,
                "group_by": ",".join(self.group_by),
                "top": self.top,
                "unpriced": "apart",
                **dict(sorted(self.filters.items())),
            },
            safe=",",
        )


def asked_question(request: HttpRequest, *, days: DayRange) -> Question:
    """Read the settings beside the range; one that makes no sense is left out and said."""
    query, errors = request.GET, []
    granularity = query.get("granularity") or "total"
    if granularity not in GRANULARITIES:
        errors.append(f"A row is one of {', '.join(ROWS.values())}.")
        granularity = "total"
    if granularity == "hour" and len(days.days) > MOST_HOURLY_DAYS:
        errors.append(f"Hours are shown for {MOST_HOURLY_DAYS} days at most; these are days.")
        granularity = "day"
    groups = tuple(dict.fromkeys(_groups(request)))
    filters = {name: query[name] for name in FILTERS if query.get(name)}
    if granularity == "hour" and COMPONENT in (*groups, *filters):
        errors.append("Components are kept by day; these are days.")
        granularity = "day"
    if unknown := [name for name in groups if name not in GROUPS]:
        errors.append(f"There is no dimension {unknown[0][:40]!r}.")
    if len(groups) > 2:
        errors.append("Two dimensions at most.")
    try:
        top = top_of(query.get("top", "")) or USUAL_TOP
    except ReportError as error:
        errors.append(error.detail)
        top = USUAL_TOP
    return Question(
        days=days,
        granularity=granularity,
        group_by=tuple(name for name in groups if name in GROUPS)[:2],
        filters=filters,
        top=top,
        error=" ".join(errors),
    )


def _groups(request: HttpRequest) -> list[str]:
    """`group_by=client,model`, or the two choices of the form, which have one name each time."""
    if "group_by" not in request.GET:
        return ["client"]
    return [name for said in request.GET.getlist("group_by") for name in said.split(",") if name]
