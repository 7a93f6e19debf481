"""Every code that the product can answer with is explained on the documentation page, and no other."""

import re
from pathlib import Path

from billing.codes import ITEM_CODES, REQUEST_CODES

ROOT = Path(__file__).resolve().parent.parent.parent
SAID = re.compile(
    r"(?:Problem\(\s*\d+,|Rejection\(|ActionError\(|ReportError\(|UsageError\()\s*\"([a-z_]+)\""
)
OF_PAGES = {"above_own_role", "ended", "last_owner", "not_allowed", "other_address"}
"""People are managed on pages; the API has no address that could answer with these."""


def test_every_code_that_is_raised_is_explained():
    raised = {
        code
        for folder in ("billing", "tenants", "costtrack")
        for path in (ROOT / folder).rglob("*.py")
        for code in SAID.findall(path.read_text())
    }

    assert len(raised) > 25
    assert raised - set(ITEM_CODES) - set(REQUEST_CODES) == OF_PAGES


def test_the_page_explains_them(client):
    page = client.get("/api/docs/").content.decode()

    for code in [*ITEM_CODES, *REQUEST_CODES, "us_not_offered", "occurred_at", "stop_reason"]:
        assert f">{code}<" in page or f"events[].{code}" in page, code
