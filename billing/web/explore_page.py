"""What the page of the explorer shows of an answer: its form, its chart, one page of its lines.

In:   a question and what was found.   Out: context of `billing/explore.html`.
Never: more lines than a page of 60 kB holds.
"""

from dataclasses import dataclass, replace

from billing.reports.buckets import TOKEN_CLASS
from billing.reports.components import COMPONENT
from billing.reports.costs import CostReport
from billing.reports.filters import NOT_NAMED, PRICED
from billing.reports.measures import SpendReport
from billing.web.charts import Row as Bar
from billing.web.clients import PROJECTS
from billing.web.explore_rows import Answer, Line, Names, into, leads_to_events, name_of
from billing.web.figures import Figure, spend_figure
from billing.web.question import FILTERS, GROUPS, LABELS, ROWS, TOPS, Question
from billing.web.ranges import Asked
from billing.web.screens import SpendScreen
from tenants.models import Client

PER_PAGE = 25
LISTED = ("client", "project", COMPONENT, TOKEN_CLASS, PRICED)
MOST_CHOICES = 100
"""More clients or projects than this are named by hand, so that the page stays small."""


@dataclass(frozen=True, slots=True)
class Found:
    """A question and all that was found."""

    asked: Asked
    question: Question
    answer: Answer
    names: Names
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class FilterField:
    """`choices` is empty where a value is written by hand."""

    name: str
    label: str
    value: str
    choices: tuple[tuple[str, str], ...]


def booked_names() -> dict[str, dict[str, str]]:
    """Names of clients and projects, of archived ones too, in one query."""
    clients, projects = {}, {}
    for client in Client.objects.annotate(listed=PROJECTS).order_by("name"):
        clients[client.slug] = client.name
        projects.update({each["slug"]: each["name"] for each in client.listed})
    return {"client": clients, "project": projects}


def screen_of(found: Found) -> SpendScreen:
    answer = found.answer
    return SpendScreen(
        found.asked,
        SpendReport([], answer.total, answer.as_of),
        CostReport([], answer.before_total),
        today=answer.today,
    )


def figure(found: Found, *, events: str) -> Figure:
    """The bars, in the colours of the first dimension; each leads into its period. `events`: the page of
    these. Rows of many bars are asked for, so that the page stays small."""
    group_by = found.answer.colours
    if group_by:
        dimension, rows = group_by[0], found.answer.bars
        values = {row.keys[dimension] for row in rows}
        names = {value: name_of(dimension, value, names=found.names) for value in values}
        drawn = spend_figure(rows, key=dimension, names=names, asked=found.asked)
    else:
        rows = [replace(row, keys={"all": "Spend"}) for row in found.answer.bars]
        drawn = spend_figure(rows, key="all", names={}, asked=found.asked)
    if drawn.chart.is_dense:
        rows_of_it = replace(found.question, granularity=found.asked.unit)
        return replace(drawn, table=rows_of_it.query, names_one=bool(group_by))
    bars = tuple(replace(bar, url=_into(bar, found, events=events)) for bar in drawn.chart.rows)
    return replace(drawn, chart=replace(drawn.chart, rows=bars), names_one=bool(group_by))


def _into(bar: Bar, found: Found, *, events: str) -> str:
    """Where a bar leads: only where something was spent."""
    if not bar.total and not bar.at_least:
        return ""
    unit, zone = found.asked.unit, found.asked.picker.zone
    asked = replace(found.question, granularity=unit)
    page = events if leads_to_events(asked) else ""
    return f"{page}?{into(bar.on, {}, asked=asked, zone=zone)}"


def form_context(found: Found) -> dict[str, object]:
    question = found.question
    return {
        "q": question,
        "first_group": question.group_by[0] if question.group_by else "",
        "second_group": question.group_by[1] if len(question.group_by) > 1 else "",
        "groups": GROUPS.items(),
        "row_kinds": ROWS.items(),
        "tops": sorted({*TOPS, question.top}),
        "fields": filter_fields(question, names=found.names),
        "chips": chips(question, names=found.names),
    }


def chips(question: Question, *, names: Names) -> list[tuple[str, str, str]]:
    """The filters that are set: dimension, value, and the question without it."""
    return [
        (
            LABELS[name],
            name_of(name, "" if value == NOT_NAMED else value, names=names),
            question.without(name).query,
        )
        for name, value in question.filters.items()
    ]


def filter_fields(question: Question, *, names: Names) -> list[FilterField]:
    """A list to choose from where the values are few and known."""
    fields = []
    for name in FILTERS:
        known = names.get(name, {}) if name in LISTED else {}
        value = question.filters.get(name, "")
        choices = tuple(known.items()) if 0 < len(known) <= MOST_CHOICES else ()
        if choices and value and value not in known:
            choices = (*choices, (value, value))
        fields.append(FilterField(name, LABELS[name], value, choices))
    return fields


def table_context(found: Found, *, said: str) -> dict[str, object]:
    """One page of the lines, by the number that was `said`; a page that does not exist is the first one."""
    pages = max(1, -(-len(found.lines) // PER_PAGE))
    number = int(said) if said.isascii() and said.isdigit() and 0 < int(said[:6]) <= pages else 1
    question, answer = found.question, found.answer
    total, before = answer.total, answer.before_total
    partial = bool(total.unpriced_events or before.unpriced_events)
    return {
        "columns": [GROUPS[name] for name in question.group_by],
        "lines": found.lines[(number - 1) * PER_PAGE : number * PER_PAGE],
        "line_count": len(found.lines),
        "page": number,
        "pages": pages,
        "total": total,
        "before_total": before.cost,
        "is_partial": partial,
        "total_unpriced": bool(total.unpriced_events and not total.cost),
        "label_columns": max(1, len(question.group_by) + (question.granularity != "total")),
        "into_events": leads_to_events(question),
        "compares": question.granularity == "total",
        "of_calls": TOKEN_CLASS not in question.group_by and TOKEN_CLASS not in question.filters,
    }
