"""Figures: what was measured, beside its limit or yardstick; one table for people, one JSON for programs."""

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

SIGNIFICANT = 3


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `runs`: the single measurements that `value` is the median of.

    `beside` is said in words: the yardstick of the same run, or what the figure is made of.
    """

    part: str
    name: str
    value: float
    unit: str
    runs: tuple[float, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    beside: str = ""

    @property
    def limit(self) -> str:
        if self.at_least is not None:
            return f"≥ {number(self.at_least)}"
        return f"≤ {number(self.at_most)}" if self.at_most is not None else ""

    @property
    def verdict(self) -> str:
        if not self.limit:
            return ""
        low, high = self.at_least, self.at_most
        is_met = (low is None or self.value >= low) and (high is None or self.value <= high)
        return "holds" if is_met else "MISSED"

    @property
    def spread(self) -> str:
        return f"{number(min(self.runs))}–{number(max(self.runs))}" if len(self.runs) > 1 else ""


def median_figure(part: str, name: str, runs: Iterable[float], unit: str, **more) -> Figure:
    values = tuple(runs)
    return Figure(part, name, statistics.median(values), unit, runs=values, **more)


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` per cent of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def number(value: float) -> str:
    """Three significant digits, thousands apart: more would be noise."""
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{float(f'{value:.{SIGNIFICANT}g}'):.15g}"


def table(figures: Sequence[Figure]) -> str:
    """The table in Markdown, so that it can be kept in docs/performance.md as it is printed."""
    rows = [("part", "figure", "value", "spread", "limit", "", "beside it")]
    rows += [
        (
            each.part,
            each.name,
            f"{number(each.value)} {each.unit}",
            each.spread,
            each.limit,
            each.verdict,
            each.beside,
        )
        for each in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "|".join(["", *("-" * (width + 2) for width in widths), ""]))
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (f" {cell:<{width}} " for cell, width in zip(row, widths, strict=True))
    return "|".join(["", *cells, ""])


def write_json(path: Path, figures: Sequence[Figure], *, about: dict[str, str]) -> None:
    rows = [asdict(each) | {"verdict": each.verdict} for each in figures]
    path.write_text(json.dumps({**about, "figures": rows}, indent=1, ensure_ascii=False) + "\n")
