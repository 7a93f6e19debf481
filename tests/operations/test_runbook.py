"""The runbook keeps up with the code: every alarm, log line and command there is, and none that is not."""

import re
from pathlib import Path

from django.core.management import get_commands

from costtrack.condition import VITAL
from costtrack.system import WHAT_TO_DO

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = (ROOT / "docs/runbook.md").read_text()
LOG_LINE = re.compile(r'\b(?:log\.(?:info|warning|error)|report)\(\s*"(\w+)"')


def test_every_part_has_a_chapter_and_its_row():
    chapters = re.findall(r"^### (\w+)$", RUNBOOK, re.M)
    rows = re.findall(r"^\| (\w+) \| [^|]+ \| (yes)? ?\|", RUNBOOK, re.M)

    assert sorted(chapters) == sorted(WHAT_TO_DO)
    assert {name for name, _ in rows} == set(WHAT_TO_DO)
    assert {name for name, is_vital in rows if is_vital} == set(VITAL)


def test_every_line_that_we_log_is_explained():
    sources = [
        path
        for folder in ("costtrack", "tenants", "billing")
        for path in (ROOT / folder).rglob("*.py")
    ]
    logged = {event for path in sources for event in LOG_LINE.findall(path.read_text())}

    assert {"request", "folded", "verified"} <= logged
    assert {event for event in logged if f"`{event}`" not in RUNBOOK} == set()


def test_every_command_it_names_exists():
    named = set(re.findall(r"manage\.py (\w+)", RUNBOOK)) | {
        name for text in WHAT_TO_DO.values() for name in re.findall(r"manage\.py (\w+)", text)
    }

    assert {"verify_spend", "rebuild_spend", "restore_drill"} <= named <= set(get_commands())


def test_every_link_leads_somewhere():
    headings = {
        re.sub(r"[^\w-]", "", each.lower().replace(" ", "-"))
        for each in re.findall(r"^#+ (.+)$", RUNBOOK, re.M)
    }
    for target in re.findall(r"\]\(([^)]+)\)", RUNBOOK):
        file, _, heading = target.partition("#")
        assert not file or (ROOT / "docs" / file).exists() or file == "performance.md", target
        assert not heading or heading in headings, target
