"""Slack: a message as blocks, to an incoming webhook."""

from datetime import datetime

import msgspec

from billing.channels.message import Message
from billing.channels.outgoing import Outgoing
from billing.channels.post import post

TITLE_AT_MOST, TEXT_AT_MOST, FIELD_AT_MOST = 150, 3000, 2000
FIELDS_AT_MOST = 10
"""Of one section: Slack refuses the whole message for one too many."""


def send(outgoing: Outgoing, *, now: datetime) -> str:
    body = msgspec.json.encode(payload(outgoing.message))
    return post(outgoing.address, body=body, headers={})


def payload(message: Message) -> dict[str, object]:
    """`text` is what a notification shows, the blocks are what the channel shows."""
    blocks: list[dict[str, object]] = [
        {"type": "header", "text": _plain(message.subject, TITLE_AT_MOST)},
        {"type": "section", "text": _plain(message.headline, TEXT_AT_MOST)},
    ]
    for first in range(0, len(message.facts), FIELDS_AT_MOST):
        facts = message.facts[first : first + FIELDS_AT_MOST]
        fields = [_plain(f"{label}\n{value}", FIELD_AT_MOST) for label, value in facts]
        blocks.append({"type": "section", "fields": fields})
    if message.links:
        buttons = [
            {"type": "button", "text": _plain(link.label, 75), "url": link.url}
            for link in message.links
        ]
        blocks.append({"type": "actions", "elements": buttons})
    return {"text": _escaped(message.headline), "blocks": blocks}


def _plain(text: str, at_most: int) -> dict[str, object]:
    """Text in which Slack looks for no mark-up: a name cannot mention @channel or hide a link."""
    shown = text if len(text) <= at_most else f"{text[: at_most - 1]}…"
    return {"type": "plain_text", "text": shown, "emoji": False}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
