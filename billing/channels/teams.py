"""Microsoft Teams: a message as an adaptive card, to the webhook of a workflow."""

import re
from datetime import datetime

import msgspec

from billing.channels.message import Message
from billing.channels.outgoing import Outgoing
from billing.channels.post import post

MARKS = re.compile(r"([\\`*_\[\]()#+!<>~|-])")


def send(outgoing: Outgoing, *, now: datetime) -> str:
    body = msgspec.json.encode(payload(outgoing.message))
    return post(outgoing.address, body=body, headers={})


def payload(message: Message) -> dict[str, object]:
    """The card that the workflow "Post to a channel when a webhook request is received" expects."""
    facts = [{"title": _escaped(label), "value": _escaped(value)} for label, value in message.facts]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            _text(message.subject, weight="Bolder", size="Medium"),
            _text(message.headline),
            *([{"type": "FactSet", "facts": facts}] if facts else []),
        ],
        "actions": [
            {"type": "Action.OpenUrl", "title": link.label, "url": link.url}
            for link in message.links
        ],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}


def _text(text: str, **style: str) -> dict[str, object]:
    return {"type": "TextBlock", "text": _escaped(text), "wrap": True, **style}


def _escaped(text: str) -> str:
    """Teams reads Markdown everywhere: a name must not become a link."""
    return MARKS.sub(r"\\\1", text)
