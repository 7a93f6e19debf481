"""Claude Code transcripts -> usage events, each API message once.

In:   a folder (or file) of `*.jsonl` transcripts.   Out: events as the HTTP contract has them.
Promises: a message is known by (message.id, requestId) and counted once, however often a session, a resumed
      session, a side chain or a progress line repeats it; of its copies the one with the most tokens counts,
      since output grows while a response streams. `<synthetic>` messages are no API calls.
Never: a word of a conversation: only ids, times, model and usage are read.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

SOURCE = "claude-code"

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Message:
    """One copy of an API message."""

    key: tuple[str, str]
    occurred_at: str
    session: str
    model: str
    stop_reason: str
    usage: Json

    @property
    def tokens(self) -> int:
        names = (
            "input_tokens",
            "cache_creation_input_tokens",
            "cache_read_input_tokens",
            "output_tokens",
        )
        counts = (self.usage.get(name) for name in names)
        return sum(count for count in counts if isinstance(count, int))


def transcripts(path: Path) -> list[Path]:
    """The transcript files below a path, in a stable order."""
    return [path] if path.is_file() else sorted(path.rglob("*.jsonl"))


def read_messages(path: Path) -> Iterator[Message]:
    """Every copy of every API message in one transcript; a line that is cut off is passed over."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(entry, dict):
                message = _message(entry)
                if message:
                    yield message


def merge(messages: dict[tuple[str, str], Message], copies: Iterator[Message]) -> None:
    """Keep, of all copies of a message, the one with the most tokens, at the earliest time of any."""
    for copy in copies:
        known = messages.get(copy.key, copy)
        fuller = copy if copy.tokens > known.tokens else known
        times = [each for each in (copy.occurred_at, known.occurred_at) if each]
        messages[copy.key] = replace(fuller, occurred_at=min(times, default=""))


def event(message: Message, *, project: str) -> dict[str, object]:
    message_id, request_id = message.key
    return {
        "id": f"{message_id}:{request_id}" if request_id else message_id,
        "source": SOURCE,
        "project": project,
        "occurred_at": message.occurred_at,
        "model": message.model,
        "usage": message.usage,
        "stop_reason": message.stop_reason or None,
        "session": message.session or None,
        "feature": SOURCE,
    }


def _message(entry: Json) -> Message | None:
    """The API message of an assistant line, or of the progress line of a sub-agent."""
    body, carrier = entry.get("message"), entry
    if entry.get("type") == "progress":
        data = entry.get("data")
        inner = data.get("message") if isinstance(data, dict) else None
        body = inner.get("message") if isinstance(inner, dict) else None
        carrier = inner if isinstance(inner, dict) else entry
    if not isinstance(body, dict):
        return None
    usage, model = body.get("usage"), body.get("model")
    if not isinstance(usage, dict) or not isinstance(model, str) or model == "<synthetic>":
        return None
    return Message(
        key=(_text(body, "id"), _text(carrier, "requestId") or _text(entry, "requestId")),
        occurred_at=_text(carrier, "timestamp") or _text(entry, "timestamp"),
        session=_text(entry, "sessionId"),
        model=model,
        stop_reason=_text(body, "stop_reason"),
        usage=usage,
    )


def _text(entry: Json, name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""
