"""What only workers need is not loaded where pages are served (docs/decisions/0010)."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOOK = """
import sys
from costtrack.wsgi import application
from django.urls import get_resolver
def all_of(patterns):
    for each in patterns:
        all_of(getattr(each, "url_patterns", []))
all_of(get_resolver().url_patterns)
print(*sorted({"genai_prices", "pydantic", "billing.tasks", "billing.web.urls"} & set(sys.modules)))
"""


def test_a_web_process_does_not_load_the_other_list_of_prices(db):
    found = subprocess.run(
        [sys.executable, "-c", LOOK],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "costtrack.settings"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert found.stdout.split() == ["billing.web.urls"]
