"""gunicorn's hooks: where metrics are wanted, its workers count into one folder, so that each can tell for all.

In:   METRICS_TOKEN; PROMETHEUS_MULTIPROC_DIR for a folder of one's own, whose old counts are dropped.
Out:  PROMETHEUS_MULTIPROC_DIR in the environment of the workers. A worker that ends leaves its counts behind.
Never: imports the application, which would stay in the memory of the process that only watches.
"""

import os
import shutil
import tempfile
from pathlib import Path

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_made: list[str] = []


def on_starting(server: object) -> None:
    if not os.environ.get("METRICS_TOKEN"):
        os.environ.pop(FOLDER, None)
    elif given := os.environ.get(FOLDER):
        Path(given).mkdir(parents=True, exist_ok=True)
        for left_over in Path(given).glob("*.db"):
            left_over.unlink()
    else:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="costtrack-metrics-")
        _made.append(os.environ[FOLDER])


def on_exit(server: object) -> None:
    for folder in _made:
        shutil.rmtree(folder, ignore_errors=True)
