"""Imports point one way: costtrack -> billing -> tenants, and inside billing from doors to nouns."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"


@pytest.mark.smoke
def test_the_import_contracts_hold(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            LINT,
            "--cache-dir",
            str(tmp_path),
            "--config",
            str(ROOT / "pyproject.toml"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert re.search(r"Contracts: [2-9] kept, 0 broken", done.stdout), done.stdout + done.stderr
    assert done.returncode == 0
