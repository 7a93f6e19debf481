"""Which module sends which kind of channel."""

from datetime import datetime
from typing import Protocol

from billing.channels import mail, slack, teams, webhook
from billing.channels.outgoing import Outgoing
from billing.models import ChannelKind


class Sender(Protocol):
    def __call__(self, outgoing: Outgoing, *, now: datetime) -> str:
        """Send it and return what the other side said, in a word. NotSent when it was not taken."""


SENDERS: dict[str, Sender] = {
    ChannelKind.EMAIL: mail.send,
    ChannelKind.SLACK: slack.send,
    ChannelKind.TEAMS: teams.send,
    ChannelKind.WEBHOOK: webhook.send,
}


def sender_of(kind: str) -> Sender:
    return SENDERS[kind]
