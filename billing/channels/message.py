"""Message: what is told, once, for every kind of channel.

In:   words and figures, ready to be read.   Out: JSON for the Delivery row, and back.
Every form (mail as text and HTML, Slack, Teams, webhook) is made from these fields and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from django.conf import settings

SUBJECT_AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str
    """Absolute: see `absolute`."""


@dataclass(frozen=True, slots=True)
class Message:
    kind: str
    """Such as `budget.threshold` or `channel.failed`; the `type` of a webhook."""
    subject: str
    """One line."""
    headline: str
    """The first sentence, in words, with the figures."""
    facts: tuple[tuple[str, str], ...]
    """Label and value, in order."""
    links: tuple[Link, ...]
    """The first is the main action."""
    data: Mapping[str, object]
    """The `data` of a webhook: JSON, with strings for money and RFC 3339 times."""
    unsubscribe: str = ""
    """Where a POST ends mails of this kind to this person; '' for what cannot be ended."""

    def __post_init__(self) -> None:
        """A name with a line break in it makes no second header of a mail."""
        object.__setattr__(self, "subject", " ".join(self.subject.split())[:SUBJECT_AT_MOST])


def absolute(path: str) -> str:
    """The URL under which people reach this path."""
    return settings.PUBLIC_URL.rstrip("/") + path


def as_json(message: Message) -> dict[str, object]:
    stored: dict[str, object] = msgspec.to_builtins(message)
    return stored


def from_json(stored: Mapping[str, object]) -> Message:
    return msgspec.convert(stored, Message)
