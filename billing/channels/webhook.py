"""Webhook: a message as JSON, signed by Standard Webhooks (https://www.standardwebhooks.com).

While a secret is being changed there is one signature of each, and a receiver takes whichever it knows.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

import msgspec

from billing.channels.message import Message
from billing.channels.outgoing import Outgoing
from billing.channels.post import post

PREFIX = "whsec_"


def send(outgoing: Outgoing, *, now: datetime) -> str:
    body = msgspec.json.encode(payload(outgoing.message, made_at=outgoing.made_at))
    headers = signed(outgoing.webhook_id, body, by=outgoing.secrets, now=now)
    return post(outgoing.address, body=body, headers=headers)


def payload(message: Message, *, made_at: datetime) -> dict[str, object]:
    """`data` is for programs; `message` is the same in words. Every attempt sends the same bytes."""
    return {
        "type": message.kind,
        "timestamp": made_at.isoformat(),
        "data": dict(message.data),
        "message": {
            "subject": message.subject,
            "headline": message.headline,
            "facts": [{"label": label, "value": value} for label, value in message.facts],
            "links": [{"label": link.label, "url": link.url} for link in message.links],
        },
    }


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed(webhook_id: str, body: bytes, *, by: Iterable[str], now: datetime) -> dict[str, str]:
    """The three headers of Standard Webhooks; a receiver refuses what is older than five minutes."""
    timestamp = str(int(now.timestamp()))
    content = f"{webhook_id}.{timestamp}.".encode() + body
    signatures = [f"v1,{_signature(each, content)}" for each in by]
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
