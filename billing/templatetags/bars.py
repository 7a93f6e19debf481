"""Bars: the parts of a chart of which there is one per bar, as HTML at once.

In:   a chart.   Out: SVG and table rows for `parts/bars.html`, where the rest of the chart is.
Never: anybody's text. What is put in here are figures and dates; names of series stay in the template, which
      escapes them and takes longer over 90 bars (docs/performance.md).
"""

from collections.abc import Iterable

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString

from billing.templatetags.figures import NONE, shown
from billing.web.charts import Chart, Row

register = template.Library()


@register.filter
def hit_areas(chart: Chart) -> SafeString:
    """What says a bar's figure where the pointer is."""
    size = f'width="{chart.slot}" height="{chart.height}"'
    return _ours(
        f'<rect class="hit" x="{row.x}" {size}><title>{row.label} · {_sum(row, chart)}</title></rect>'
        for row in chart.rows
    )


@register.filter
def bar_rows(chart: Chart) -> SafeString:
    """The same bars as rows of a table."""
    return _ours(
        f'<tr><th scope="row">{_label(row)}</th>{_cells(row, chart)}'
        f'<td class="n strong">{_sum(row, chart)}</td></tr>'
        for row in chart.rows
    )


def _label(row: Row) -> str:
    return f'<a href="{escape(row.url)}">{row.label}</a>' if row.url else row.label


def _cells(row: Row, chart: Chart) -> str:
    amounts = (shown(amount, chart.what) if amount else NONE for amount in row.amounts)
    return "".join(f'<td class="n">{amount}</td>' for amount in amounts)


def _sum(row: Row, chart: Chart) -> str:
    amount = shown(row.total, chart.what)
    return f"≥ {amount}" if row.at_least else amount


def _ours(parts: Iterable[str]) -> SafeString:
    return SafeString("".join(parts))
