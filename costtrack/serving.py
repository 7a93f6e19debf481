"""gunicorn's settings: lines in JSON, and a folder in which its workers count together for /metrics.

In:   METRICS_TOKEN; PROMETHEUS_MULTIPROC_DIR for a folder of one's own, whose old counts are dropped.
Out:  PROMETHEUS_MULTIPROC_DIR in the environment of the workers. A worker that ends leaves its counts behind.
Never: an address or a text of a request in a line; an import of the application, which would stay in the
      memory of the process that only watches.
"""

import json
import logging
import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from gunicorn.config import Config
from gunicorn.glogging import Logger

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_made: list[str] = []
ABOUT_REQUESTS = (
    "Invalid request",
    "Error handling",
    "Socket error",
    "HTTP/2",
    "Exception in post_request",
)


class JsonLine(logging.Formatter):
    """What gunicorn says of itself in full; of a request only that something was wrong with it."""

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        about_request = next((each for each in ABOUT_REQUESTS if text.startswith(each)), "")
        line = {
            "event": "gunicorn",
            "text": about_request or text,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        if record.exc_info and record.exc_info[0]:
            kind = record.exc_info[0].__qualname__
            line["exception"] = kind if about_request else self.formatException(record.exc_info)
        return json.dumps(line)


class JsonLines(Logger):  # type: ignore[misc]  # untyped
    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonLine())


logger_class = JsonLines


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
