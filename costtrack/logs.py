"""Logs: one JSON line per event on standard error, with ids and never a payload, a key or an address.

In:   what we log (structlog: an event and ids) and what libraries log (text that may hold anything).
Out:  lines with the ids of their context: request, tenant, key and person, or task.
Promise: of a library's record only its logger and its text before values were put in are kept; of an
      exception its types, places and SQLSTATE, since messages hold values (`Key (email)=(…) already exists`).
"""

import logging.config
import traceback
from pathlib import Path
from types import TracebackType

import structlog
from structlog.typing import EventDict, WrappedLogger

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
PROJECT = Path(__file__).resolve().parent.parent
OURS = ("costtrack/", "tenants/", "billing/")
INNERMOST = 4
"""Places of a traceback that are kept whosesoever they are; further out only ours."""
CAUSES = 4


def configure(*, with_messages: bool) -> None:
    """`with_messages` keeps all text: for a developer's own machine (DEBUG)."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "use_get_message": with_messages,
        "pass_foreign_args": True,
        "foreign_pre_chain": [*shared, _named if with_messages else _without_values],
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info
            if with_messages
            else structlog.processors.ExceptionRenderer(_places),
            structlog.processors.JSONRenderer(),
        ],
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": formatter},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": "INFO"},
            "loggers": {
                "django.request": {"level": "ERROR"},
                "django.server": {"level": "WARNING"},
                "celery": {"level": "WARNING"},
                "kombu": {"level": "WARNING"},
            },
        }
    )


def _named(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A library's record: what it says beside the name of its logger."""
    del event["positional_args"]
    event["event"], event["text"] = event["_record"].name, event["event"]
    return event


def _without_values(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """The text before values were put in; text that came without any may have them in it already."""
    has_values = bool(event["positional_args"])
    event = _named(logger, name, event)
    if not has_values:
        del event["text"]
    return event


def _places(exc_info: ExcInfo) -> list[dict[str, object]]:
    """An exception and what caused it, outermost first: types and places, no message."""
    error: BaseException | None = exc_info[1]
    chain: list[dict[str, object]] = []
    while error is not None and len(chain) < CAUSES:
        kind = type(error)
        frames = [_place(each) for each in traceback.extract_tb(error.__traceback__)]
        ours = [each for each in frames[:-INNERMOST] if each.startswith(OURS)]
        found: dict[str, object] = {
            "type": f"{kind.__module__}.{kind.__qualname__}",
            "at": ours + frames[-INNERMOST:],
        }
        if sqlstate := getattr(error, "sqlstate", None):
            found["sqlstate"] = sqlstate
        chain.append(found)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return chain


def _place(frame: traceback.FrameSummary) -> str:
    filename = frame.filename.rpartition("site-packages/")[2].removeprefix(f"{PROJECT}/")
    return f"{filename}:{frame.lineno} {frame.name}"
