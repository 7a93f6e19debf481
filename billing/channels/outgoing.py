"""Outgoing: one message on its way, opened, and what may become of it."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from billing.channels.message import Message


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`address` is what it is sent to, `secrets` what it is signed with. Neither is ever logged."""

    message: Message
    message_id: UUID
    made_at: datetime
    address: str
    secrets: tuple[str, ...] = ()

    @property
    def mail_id(self) -> str:
        return f"<{self.message_id}@{urlsplit(settings.PUBLIC_URL).hostname}>"

    @property
    def webhook_id(self) -> str:
        return f"msg_{self.message_id.hex}"


class NotSent(Exception):
    """It was not taken. `is_permanent`: another try would end the same, so the channel is switched off.

    `code` is short and for the log of deliveries (`404`, `SMTP 550`); `words` are for people.
    """

    def __init__(self, code: str, words: str, *, is_permanent: bool = False) -> None:
        super().__init__(words)
        self.code = code
        self.words = words
        self.is_permanent = is_permanent
