"""CSV that a spreadsheet shows and never runs: a text that it would take for a formula gets an apostrophe.

In: header and rows.   Out: bytes, UTF-8 with a mark, so that spreadsheets read accents. Numbers stay numbers.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "＝", "＋", "－", "＠")


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue().encode("utf-8-sig")


def _cell(value: object) -> object:
    """Decimals are written out: a spreadsheet need not know exponents."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return safe(value) if isinstance(value, str) else value


def safe(text: str) -> str:
    """Spaces in front do not hide a formula from a spreadsheet, so they do not from us."""
    return f"'{text}" if text.startswith(FORMULA) or text.strip().startswith(FORMULA) else text
